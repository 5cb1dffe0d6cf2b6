import type { Box } from '../geometry/box.ts';
import type { Picture } from '../picture/picture.ts';
import type { InputSettings } from './model-settings.ts';

/** Grey of the bars of a letterbox, as models are trained with. */
const BAR = 114;

const RANGES = {
  '0..255': { scale: 1, shift: 0 },
  '0..1': { scale: 1 / 255, shift: 0 },
  '-1..1': { scale: 2 / 255, shift: -1 },
} as const;

/** Makes pictures into the numbers that a model wants. */
export class ModelInput {
  readonly #settings: InputSettings;
  /** Pixels of one picture, where they cannot be written in place. */
  readonly #scratch: Float32Array | undefined;

  constructor(settings: InputSettings) {
    this.#settings = settings;
    const { layout, range, order, resize } = settings;
    const isPlain = layout === 'nhwc' && range === '0..255' && order === 'rgb' && resize === 'stretch';
    this.#scratch = isPlain ? undefined : new Float32Array(this.length);
  }

  get width(): number {
    return this.#settings.width;
  }

  get height(): number {
    return this.#settings.height;
  }

  /** Numbers of one picture. */
  get length(): number {
    return this.#settings.width * this.#settings.height * 3;
  }

  /** Writes a part of a picture at `offset`; answers which part of the input shows it, as fractions. */
  write(picture: Picture, region: Box, target: Float32Array, offset: number): Box {
    const { width, height } = this.#settings;
    if (this.#scratch === undefined) {
      picture.sampleRgb(region, target, width, height, offset);
      return [0, 0, 1, 1];
    }
    const [left, top, across, down] = this.#placeOf(picture, region);
    picture.sampleRgb(region, this.#scratch, across, down);
    this.#place(this.#scratch, { left, top, across, down }, target.subarray(offset, offset + this.length));
    return [left / width, top / height, across / width, down / height];
  }

  /** Pixels of the input that the region takes. */
  #placeOf(picture: Picture, region: Box): [left: number, top: number, across: number, down: number] {
    const { width, height, resize } = this.#settings;
    if (resize === 'stretch') return [0, 0, width, height];
    const regionWidth = region[2] * picture.width;
    const regionHeight = region[3] * picture.height;
    const scale = Math.min(width / regionWidth, height / regionHeight);
    const across = Math.min(width, Math.max(1, Math.round(regionWidth * scale)));
    const down = Math.min(height, Math.max(1, Math.round(regionHeight * scale)));
    return [Math.floor((width - across) / 2), Math.floor((height - down) / 2), across, down];
  }

  #place(
    pixels: Float32Array,
    { left, top, across, down }: { left: number; top: number; across: number; down: number },
    target: Float32Array,
  ): void {
    const { width, height, layout, range, order } = this.#settings;
    const { scale, shift } = RANGES[range];
    const pixelStep = layout === 'nhwc' ? 3 : 1;
    const channelStep = layout === 'nhwc' ? 1 : width * height;
    if (across < width || down < height) target.fill(BAR * scale + shift);
    let from = 0;
    for (let row = 0; row < down; row++) {
      let to = ((top + row) * width + left) * pixelStep;
      for (let column = 0; column < across; column++, to += pixelStep) {
        for (let channel = 0; channel < 3; channel++) {
          const place = order === 'rgb' ? channel : 2 - channel;
          target[to + place * channelStep] = (pixels[from++] as number) * scale + shift;
        }
      }
    }
  }
}
