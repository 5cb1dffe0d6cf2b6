/** How a model wants its picture, and how its numbers are read: the parts of a model's manifest that detectors are made from. */

export interface InputSettings {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Order of the axes: rows of pixels of channels, or planes. */
  readonly layout: 'nhwc' | 'nchw';
  /** What black and white are: `0..255`, `0..1`, `-1..1`. */
  readonly range: '0..255' | '0..1' | '-1..1';
  readonly order: 'rgb' | 'bgr';
  /** `letterbox`: the shape is kept, with grey bars at the sides. */
  readonly resize: 'stretch' | 'letterbox';
}

/** Peaks of heat maps: scores by cell and class after the sigmoid; distances of the sides from a cell's corner, input pixels. */
export interface CenternetOutputs {
  readonly scores: string;
  readonly sizes: string;
}

/** Boxes of top, left, bottom, right as fractions. Without `classes`, `scores` has one for each class. */
export interface SsdOutputs {
  readonly boxes: string;
  readonly scores: string;
  readonly classes?: string;
  readonly count?: string;
}

export interface YoloOutputs {
  readonly detections: string;
  /** `channels-first`: [1, 4+C, N] (v8 and later); `boxes-first`: [1, N, 5+C], with an objectness (v5, v7). */
  readonly layout: 'channels-first' | 'boxes-first';
  /** Of centre and size: pixels of the input, or fractions of it. */
  readonly units: 'pixels' | 'fractions';
}

export interface NmsSettings {
  /** Two boxes of one group that overlap more than this are one object. */
  readonly iou: number;
}

/** A box as a decoder reads it out of a model's numbers; `classIndex` is the model's own number. Fractions of the model's input. */
export interface RawDetection {
  readonly classIndex: number;
  readonly score: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}
