import type { Box } from '../geometry/box.ts';
import type { Picture } from '../picture/picture.ts';
import type { Detection } from './detection.ts';

/** Which model said something, so that results of two can stand side by side and be repeated. */
export interface ModelIdentity {
  /** Name in the registry: `centernet`, or a folder of the operator's. */
  readonly name: string;
  /** Of the model's files (graph, weights, manifest), lower-case hex. */
  readonly sha256: string;
}

/** A part of a picture, and how many pixels of input it is given. */
export interface Look {
  readonly region: Box;
  /** Multiples of the detector's `inputStep`. */
  readonly input: { readonly width: number; readonly height: number };
}

export interface DetectOptions {
  /** Less is not answered, 0 to 1. */
  readonly minScore: number;
  /** Parts of the picture to look at; the whole picture when absent. What two of them see is answered once. */
  readonly regions?: readonly Box[];
  /** Instead of `regions`: parts that are each given their own number of pixels. A model without `inputStep` gives each its own input. */
  readonly looks?: readonly Look[];
}

/** A loaded model that finds objects in pictures. Used by one caller at a time. */
export interface Detector {
  readonly model: ModelIdentity;
  readonly labels: readonly string[];
  /** Pixels of the model's input. */
  readonly input: { readonly width: number; readonly height: number };
  /** A look may have any size that is a multiple of this, each way; absent where the model takes one size only. */
  readonly inputStep?: number;
  /** Boxes are fractions of the whole picture, whatever regions were looked at. */
  detect(picture: Picture, options: DetectOptions): Promise<Detection[]>;
  /** Gives its memory back. */
  dispose(): void;
}
