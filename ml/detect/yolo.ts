import type { RawDetection, YoloOutputs } from './model-settings.ts';

/** What a YOLO puts out for one picture: centre, size and class scores of each box, in one of two orders. */
export interface YoloNumbers {
  readonly values: Float32Array;
  readonly boxes: number;
  /** 4 and the classes (`channels-first`), or 5 and the classes (`boxes-first`). */
  readonly channels: number;
}

/** What the numbers of a box are fractions of: 1 and 1, or the pixels of the input. */
export interface YoloScale {
  readonly width: number;
  readonly height: number;
}

/** Reads the best class of each box. */
export function decodeYolo(
  { values, boxes, channels }: YoloNumbers,
  layout: YoloOutputs['layout'],
  scale: YoloScale,
  minScore: number,
): RawDetection[] {
  const found: RawDetection[] = [];
  const threshold = Math.fround(minScore);
  const channelStep = layout === 'channels-first' ? boxes : 1;
  const boxStep = layout === 'channels-first' ? 1 : channels;
  const firstClass = layout === 'channels-first' ? 4 : 5;
  for (let index = 0; index < boxes; index++) {
    const at = index * boxStep;
    const objectness = firstClass === 5 ? (values[at + 4 * channelStep] as number) : 1;
    if (!(objectness >= threshold)) continue;
    let classIndex = 0;
    let best = Number.NEGATIVE_INFINITY;
    for (let channel = firstClass; channel < channels; channel++) {
      const score = values[at + channel * channelStep] as number;
      if (score <= best) continue;
      best = score;
      classIndex = channel - firstClass;
    }
    const score = best * objectness;
    if (!(score >= threshold)) continue;
    const width = (values[at + 2 * channelStep] as number) / scale.width;
    const height = (values[at + 3 * channelStep] as number) / scale.height;
    const left = (values[at] as number) / scale.width - width / 2;
    const top = (values[at + channelStep] as number) / scale.height - height / 2;
    found.push({ classIndex, score, left, top, width, height });
  }
  return found;
}
