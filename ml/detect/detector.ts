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

export interface DetectOptions {
  /** Less is not answered, 0 to 1. */
  readonly minScore: number;
  /** Parts of the picture to look at; the whole picture when absent. What two of them see is answered once. */
  readonly regions?: readonly Box[];
}

/** A loaded model that finds objects in pictures. Used by one caller at a time. */
export interface Detector {
  readonly model: ModelIdentity;
  readonly labels: readonly string[];
  /** Pixels of the model's input. */
  readonly input: { readonly width: number; readonly height: number };
  /** Boxes are fractions of the whole picture, whatever regions were looked at. */
  detect(picture: Picture, options: DetectOptions): Promise<Detection[]>;
  /** Gives its memory back. */
  dispose(): void;
}
