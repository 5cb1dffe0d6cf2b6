import { startBackend } from '../backend/start-backend.ts';
import type { Detection } from '../detect/detection.ts';
import type { Detector } from '../detect/detector.ts';
import { RgbPicture } from '../picture/rgb-picture.ts';
import type { PixelSize, Profile } from './input-shape.ts';
import { loadDetector } from './load-detector.ts';
import { ModelError, type ModelErrorCode } from './model-error.ts';
import { toModelError } from './model-files.ts';
import { ModelRegistry, readModelFolder } from './model-registry.ts';
import { warmUp } from './warm-up.ts';

/** The inside of a process in which a model is tried (trial-process.ts): what it is asked, what it answers, what it does. */

/** Which model is tried, and how. */
export interface TrialModel {
  readonly name: string;
  /** Of the registry. */
  readonly directory: string | undefined;
  /** The model's own folder, where it is not registered yet. */
  readonly folder?: string;
  readonly profile: Profile;
  /** Width / height of the pictures. */
  readonly aspect: number;
  /** The model's own where absent. */
  readonly labels?: readonly string[];
}

/** R, G, B, row by row. */
export interface RgbBytes extends PixelSize {
  readonly rgb: Uint8Array;
}

export type TrialRequest =
  | { readonly load: TrialModel }
  | { readonly look: RgbBytes; readonly minScore: number };

/** What was seen while the model was loaded and shown a grey picture twice. */
export interface TrialReport {
  readonly backend: string;
  readonly input: PixelSize;
  /** All that it may answer. */
  readonly labels: readonly string[];
  /** From which score on, unless somebody says otherwise. */
  readonly threshold: number;
  readonly loadMs: number;
  /** The first run compiles; the second tells what a frame will take. */
  readonly firstMs: number;
  readonly nextMs: number;
}

export type TrialReply =
  | { readonly loaded: TrialReport }
  | { readonly found: readonly Detection[] }
  | { readonly error: { readonly code: ModelErrorCode; readonly message: string } };

/** Answers requests about one model: it is loaded with the first. */
export class Trial {
  #detector: Detector | undefined;

  async answer(request: TrialRequest): Promise<TrialReply> {
    try {
      return 'load' in request
        ? { loaded: await this.#load(request.load) }
        : { found: await this.#look(request.look, request.minScore) };
    } catch (thrown) {
      const error = toModelError(thrown);
      const code = error instanceof ModelError ? error.code : 'failed';
      return { error: { code, message: error instanceof Error ? error.message : String(error) } };
    }
  }

  async #load({ name, directory, folder, ...options }: TrialModel): Promise<TrialReport> {
    const model =
      folder === undefined
        ? await new ModelRegistry(directory).find(name)
        : await readModelFolder(folder, name);
    const backend = await startBackend();
    const { result: detector, tookMs: loadMs } = await timed(() => loadDetector(model, options));
    const { tookMs: firstMs } = await timed(() => warmUp(detector));
    const heldTensors = backend.tensorCount;
    const { tookMs: nextMs } = await timed(() => warmUp(detector));
    if (backend.tensorCount > heldTensors)
      throw new ModelError('failed', 'the model keeps tensors with every picture');
    this.#detector?.dispose();
    this.#detector = detector;
    const { input, labels } = detector;
    return {
      backend: backend.name,
      input,
      labels,
      threshold: model.manifest.threshold,
      loadMs,
      firstMs,
      nextMs,
    };
  }

  async #look({ rgb, width, height }: RgbBytes, minScore: number): Promise<readonly Detection[]> {
    if (this.#detector === undefined) throw new ModelError('failed', 'no model is loaded');
    return this.#detector.detect(new RgbPicture(rgb, width, height), { minScore });
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly tookMs: number }> {
  const startedMs = performance.now();
  const result = await work();
  return { result, tookMs: performance.now() - startedMs };
}
