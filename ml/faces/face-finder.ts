import type { Box } from '../geometry/box.ts';
import type { Picture } from '../picture/picture.ts';
import type { ObservedFace } from '../watch/observed.ts';
import { sampleAligned } from './aligned-crop.ts';
import { decodeFaces, INPUT_PIXELS, LANDMARK_TYPES, OUTPUT_NAMES } from './blazeface.ts';
import { cropOf, type PixelFace, poseOf, toPicture } from './face-geometry.ts';
import { type FaceGraphs, loadFaceGraphs } from './face-graphs.ts';
import { looksOfPicture, looksOfRegions, onlyOnce } from './face-looks.ts';
import { qualityOf } from './face-quality.ts';
import { type PictureSquare, sampleSquare } from './picture-square.ts';

export interface FindFacesOptions {
  /** Faces smaller than this tell nobody apart, and get no embedding: width of the box in pixels of the picture. */
  readonly minPixels: number;
  /** Where to look, as fractions of the picture (headRegion in face-looks.ts); everywhere when absent. */
  readonly regions?: readonly Box[];
  /** Says of each face, the largest first, whose it is and whether its embedding is worth its time (0.1 to 0.2 s); all are when absent. */
  readonly judge?: (faces: readonly ObservedFace[]) => readonly FaceJudgement[];
}

export interface FaceJudgement {
  readonly trackId: string | undefined;
  readonly isWanted: boolean;
}

/** Below, it is as often a sleeve as a face. */
const MIN_SCORE = 0.5;
const CROP_PIXELS = 224;
/** Embeddings of one picture; the largest faces come first. */
const MAX_EMBEDDINGS = 20;
const EMBEDDING = ['global_pooling/Mean'];
/** What the weights of FaceRes were trained with: blue, green, red, less the means of ImageNet. Halves the errors, see the decision. */
const MEANS = { red: 123.68, green: 116.779, blue: 103.939 };

/** Finds faces in pictures and describes them by unit vectors. Loads its models with the first picture. Used by one caller at a time. */
export class FaceFinder {
  readonly #load: () => Promise<FaceGraphs>;
  #graphs: Promise<FaceGraphs> | undefined;
  readonly #square = new Float32Array(INPUT_PIXELS * INPUT_PIXELS * 3);
  readonly #crop = new Float32Array(CROP_PIXELS * CROP_PIXELS * 3);

  constructor(load: () => Promise<FaceGraphs> = loadFaceGraphs) {
    this.#load = load;
  }

  /** The largest first. Throws what loading throws (loadFaceGraphs), and BackendError `failed`. */
  async find(picture: Picture, { minPixels, regions, judge }: FindFacesOptions): Promise<ObservedFace[]> {
    const graphs = await this.#loaded();
    const looks =
      regions === undefined ? looksOfPicture(picture, minPixels) : looksOfRegions(regions, picture);
    const found: FoundFace[] = [];
    for (const look of looks) {
      for (const face of await this.#detect(graphs, picture, look)) found.push(foundFace(face, picture));
    }
    const faces = onlyOnce(found).sort((a, b) => b.box[2] - a.box[2]);
    const seen = faces.map((face) => observedFace(picture, face));
    const judgements = judge?.(seen);
    const answer: ObservedFace[] = [];
    let embeddings = 0;
    for (const [i, face] of faces.entries()) {
      const { trackId, isWanted } = judgements?.[i] ?? { trackId: undefined, isWanted: true };
      const isDescribed = isWanted && embeddings < MAX_EMBEDDINGS && face.box[2] * picture.width >= minPixels;
      if (isDescribed) embeddings++;
      const embedding = isDescribed ? await this.#describe(graphs, picture, face.pixels) : undefined;
      answer.push({ ...(seen[i] ?? observedFace(picture, face)), trackId, embedding });
    }
    return answer;
  }

  /** Gives the memory of the models back; they are loaded again when they are needed. */
  async dispose(): Promise<void> {
    const graphs = this.#graphs;
    this.#graphs = undefined;
    if (graphs === undefined) return;
    const { detector, describer } = await graphs;
    detector.dispose();
    describer.dispose();
  }

  #loaded(): Promise<FaceGraphs> {
    this.#graphs ??= this.#load().catch((error: unknown) => {
      this.#graphs = undefined;
      throw error;
    });
    return this.#graphs;
  }

  async #detect({ detector }: FaceGraphs, picture: Picture, look: PictureSquare): Promise<PixelFace[]> {
    const input = this.#square;
    sampleSquare(picture, look, input, INPUT_PIXELS);
    for (let i = 0; i < input.length; i++) input[i] = (input[i] as number) / 127.5 - 1;
    const shape = [1, INPUT_PIXELS, INPUT_PIXELS, 3];
    const outputs = await detector.run({ data: input, shape }, OUTPUT_NAMES);
    const faces = decodeFaces(
      outputs.map(({ data }) => data),
      MIN_SCORE,
    );
    return faces.map((face) => toPicture(face, look, INPUT_PIXELS));
  }

  async #describe({ describer }: FaceGraphs, picture: Picture, face: PixelFace): Promise<Float32Array> {
    const input = this.#crop;
    sampleAligned(picture, cropOf(face), input, CROP_PIXELS);
    for (let i = 0; i < input.length; i += 3) {
      const red = input[i] as number;
      input[i] = (input[i + 2] as number) - MEANS.blue;
      input[i + 1] = (input[i + 1] as number) - MEANS.green;
      input[i + 2] = red - MEANS.red;
    }
    const shape = [1, CROP_PIXELS, CROP_PIXELS, 3];
    const [output] = await describer.run({ data: input, shape }, EMBEDDING);
    return unit(Float32Array.from(output?.data ?? []));
  }
}

interface FoundFace {
  readonly pixels: PixelFace;
  readonly box: Box;
  readonly score: number;
}

function foundFace(pixels: PixelFace, { width, height }: Picture): FoundFace {
  const left = Math.max(0, pixels.left / width);
  const top = Math.max(0, pixels.top / height);
  const right = Math.min(1, (pixels.left + pixels.width) / width);
  const bottom = Math.min(1, (pixels.top + pixels.height) / height);
  return {
    pixels,
    box: [left, top, Math.max(0, right - left), Math.max(0, bottom - top)],
    score: pixels.score,
  };
}

function observedFace(picture: Picture, { pixels, box, score }: FoundFace): ObservedFace {
  const quality = qualityOf(picture, pixels);
  return {
    box,
    score,
    landmarks: LANDMARK_TYPES.map((type, i) => {
      const [x, y] = pixels.points[i] ?? [0, 0];
      return { type, at: [x / picture.width, y / picture.height] };
    }),
    pose: poseOf(pixels),
    ...(quality === undefined ? {} : { quality }),
    trackId: undefined,
    embedding: undefined,
  };
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
