import type { Graph, InputTensor, OutputTensor } from '../backend/backend.ts';
import { BackendError } from '../backend/backend-error.ts';
import { type Box, WHOLE_PICTURE } from '../geometry/box.ts';
import type { Picture } from '../picture/picture.ts';
import type { Detection } from './detection.ts';
import type { DetectOptions, Detector, Look, ModelIdentity } from './detector.ts';
import { ModelInput } from './model-input.ts';
import type { InputSettings, RawDetection } from './model-settings.ts';
import { type Candidate, suppress } from './suppression.ts';

/** Reads what a graph put out for one picture. */
export interface OutputReader {
  /** Names of the outputs that are wanted. */
  readonly outputs: readonly string[];
  /** The first axis of each tensor, the picture, is gone. Throws BackendError `failed` for numbers that make no sense. */
  read(outputs: readonly OutputTensor[], minScore: number): readonly RawDetection[];
}

export interface GraphDetectorParts {
  readonly model: ModelIdentity;
  readonly graph: Graph;
  readonly input: InputSettings;
  /** The graph takes any multiple of this, each way. */
  readonly inputStep?: number;
  readonly reader: OutputReader;
  /** By the model's class numbers; what has none is not answered. */
  readonly labelOf: (classIndex: number) => string | undefined;
  /** All that may be answered. */
  readonly labels: readonly string[];
  readonly groupOf: (label: string) => string;
  /** Two boxes of one group that overlap more than this are one object. */
  readonly iou: number;
  /** Pictures that the graph takes at once. */
  readonly maxBatch: number;
}

const MAX_DETECTIONS = 200;
/** More boxes than any picture shows are not compared with each other: a model that answers them is out of its mind. */
const MAX_CANDIDATES = 2000;
/** Of a region's side: how near to its border a box counts as cut by it. */
const CUT_MARGIN = 0.012;

/** A detector made of a graph, of how pictures are put into it, and of how its numbers are read. */
export class GraphDetector implements Detector {
  readonly model: ModelIdentity;
  readonly labels: readonly string[];
  readonly input: { readonly width: number; readonly height: number };
  readonly inputStep?: number;
  readonly #parts: GraphDetectorParts;
  readonly #modelInput: ModelInput;
  #pixels: Float32Array;

  constructor(parts: GraphDetectorParts) {
    this.model = parts.model;
    this.labels = parts.labels;
    this.input = { width: parts.input.width, height: parts.input.height };
    if (parts.inputStep !== undefined) this.inputStep = parts.inputStep;
    this.#parts = parts;
    this.#modelInput = new ModelInput(parts.input);
    this.#pixels = new Float32Array(this.#modelInput.length * parts.maxBatch);
  }

  async detect(picture: Picture, { minScore, regions, looks }: DetectOptions): Promise<Detection[]> {
    const candidates: Candidate[] = [];
    let first = 0;
    for (const { input, batch } of this.#batches(looks, regions)) {
      candidates.push(...(await this.#look(picture, input, batch, first, minScore)));
      first += batch.length;
    }
    if (candidates.length > MAX_CANDIDATES) {
      candidates.sort((a, b) => b.score - a.score);
      candidates.length = MAX_CANDIDATES;
    }
    return suppress(candidates, this.#parts.iou, MAX_DETECTIONS);
  }

  dispose(): void {
    this.#parts.graph.dispose();
  }

  /** What is run at once: parts of the picture of one size, as many as the graph takes. */
  #batches(
    looks: readonly Look[] | undefined,
    regions: readonly Box[] = looks?.map(({ region }) => region) ?? [WHOLE_PICTURE],
  ): { readonly input: ModelInput; readonly batch: readonly Box[] }[] {
    if (looks !== undefined && this.inputStep !== undefined) {
      return looks.map(({ region, input }) => ({ input: this.#inputOfSize(input), batch: [region] }));
    }
    const { maxBatch } = this.#parts;
    const count = Math.ceil(regions.length / maxBatch);
    return Array.from({ length: count }, (_, i) => ({
      input: this.#modelInput,
      batch: regions.slice(i * maxBatch, (i + 1) * maxBatch),
    }));
  }

  #inputOfSize({ width, height }: Look['input']): ModelInput {
    const own = this.#parts.input;
    return width === own.width && height === own.height
      ? this.#modelInput
      : new ModelInput({ ...own, width, height });
  }

  async #look(
    picture: Picture,
    input: ModelInput,
    regions: readonly Box[],
    first: number,
    minScore: number,
  ): Promise<Candidate[]> {
    const { graph, reader, labelOf, groupOf } = this.#parts;
    const wanted = input.length * regions.length;
    if (this.#pixels.length < wanted) this.#pixels = new Float32Array(wanted);
    const places = regions.map((region, i) => input.write(picture, region, this.#pixels, i * input.length));
    const outputs = await graph.run(this.#tensorOf(input, regions.length), reader.outputs);
    return regions.flatMap((region, i) => {
      const own = regions.length === 1 ? outputs : outputs.map((output) => partOf(output, i, regions.length));
      const candidates: Candidate[] = [];
      for (const raw of reader.read(own.map(withoutBatch), minScore)) {
        const label = labelOf(raw.classIndex);
        if (label === undefined) continue;
        const { box, isCut } = placeInPicture(raw, places[i] ?? WHOLE_PICTURE, region);
        if (!(box[2] > 0 && box[3] > 0)) continue;
        candidates.push({
          label,
          score: Math.min(raw.score, 1),
          box,
          group: groupOf(label),
          region: first + i,
          isCut,
        });
      }
      return candidates;
    });
  }

  #tensorOf({ width, height, length }: ModelInput, pictures: number): InputTensor {
    const { graph, input } = this.#parts;
    const used = this.#pixels.subarray(0, pictures * length);
    return {
      data: graph.input.type === 'int32' ? Int32Array.from(used, Math.round) : used,
      shape: input.layout === 'nhwc' ? [pictures, height, width, 3] : [pictures, 3, height, width],
    };
  }
}

/** What a graph put out for one picture of several. */
function partOf({ shape, data }: OutputTensor, index: number, pictures: number): OutputTensor {
  if (shape[0] !== pictures) {
    throw new BackendError('failed', `an output of shape [${shape.join(', ')}] for ${pictures} pictures`);
  }
  const length = data.length / pictures;
  return { shape: [1, ...shape.slice(1)], data: data.subarray(index * length, (index + 1) * length) };
}

function withoutBatch({ shape, data }: OutputTensor): OutputTensor {
  return { shape: shape[0] === 1 ? shape.slice(1) : shape, data };
}

/**
 * From fractions of the input to fractions of the picture, cut at the edges of the region. NaN, which a broken model may answer,
 * ends as a box without size.
 */
function placeInPicture(
  raw: RawDetection,
  place: Box,
  region: Box,
): { readonly box: Box; readonly isCut: boolean } {
  const left = (raw.left - place[0]) / place[2];
  const top = (raw.top - place[1]) / place[3];
  const right = left + raw.width / place[2];
  const bottom = top + raw.height / place[3];
  const isCut =
    (left < CUT_MARGIN && region[0] > 0) ||
    (top < CUT_MARGIN && region[1] > 0) ||
    (right > 1 - CUT_MARGIN && region[0] + region[2] < 1) ||
    (bottom > 1 - CUT_MARGIN && region[1] + region[3] < 1);
  const x = Math.max(left, 0);
  const y = Math.max(top, 0);
  return {
    box: [
      region[0] + x * region[2],
      region[1] + y * region[3],
      (Math.min(right, 1) - x) * region[2],
      (Math.min(bottom, 1) - y) * region[3],
    ],
    isCut,
  };
}
