import sharp from 'sharp';
import { type Box, WHOLE_PICTURE } from '../geometry/box.ts';
import { boxOverlay, type LabelledBox } from './box-overlay.ts';
import type { Picture } from './picture.ts';
import { cutAtEdges } from './sampling.ts';

export interface JpegOptions {
  /** Both sides: stretched to them; one: the other follows; none: as many pixels as the picture has there. */
  readonly width?: number;
  readonly height?: number;
  /** The part that is shown; all when absent. */
  readonly crop?: Box;
  /** 1 to 100. */
  readonly quality?: number;
  /** Drawn onto it, by their places in the whole picture. */
  readonly boxes?: readonly LabelledBox[];
}

const DEFAULT_QUALITY = 80;
const MAX_SIDE = 8192;

/** A picture, or a part of it, as a JPEG file. */
export async function encodeJpeg(picture: Picture, options: JpegOptions = {}): Promise<Uint8Array> {
  const crop = cutAtEdges(options.crop ?? WHOLE_PICTURE);
  const across = sideOf(crop[2] * picture.width);
  const down = sideOf(crop[3] * picture.height);
  const { width, height } = sizeOf(options, across, down);
  // Bilinear reads four pixels: beyond half the size it would miss some, so the rest of the way is the library's.
  const sampledWidth = Math.max(width, Math.min(across, width * 2));
  const sampledHeight = Math.max(height, Math.min(down, height * 2));
  const samples = new Float32Array(sampledWidth * sampledHeight * 3);
  picture.sampleRgb(crop, samples, sampledWidth, sampledHeight);
  const raw = { width: sampledWidth, height: sampledHeight, channels: 3 } as const;
  const image = sharp(Uint8ClampedArray.from(samples), { raw });
  if (sampledWidth !== width || sampledHeight !== height) image.resize({ width, height, fit: 'fill' });
  if (options.boxes !== undefined && options.boxes.length > 0) {
    image.composite([
      { input: Buffer.from(boxOverlay(options.boxes, width, height, crop)), left: 0, top: 0 },
    ]);
  }
  return image.jpeg({ quality: options.quality ?? DEFAULT_QUALITY }).toBuffer();
}

function sizeOf({ width, height }: JpegOptions, across: number, down: number) {
  if (width !== undefined && height !== undefined) return { width: sideOf(width), height: sideOf(height) };
  if (width !== undefined) return { width: sideOf(width), height: sideOf((down / across) * width) };
  if (height !== undefined) return { width: sideOf((across / down) * height), height: sideOf(height) };
  return { width: across, height: down };
}

function sideOf(pixels: number): number {
  return Math.min(Math.max(Math.round(pixels), 1), MAX_SIDE);
}
