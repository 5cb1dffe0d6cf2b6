import { BackendError } from '../backend/backend-error.ts';
import type { Detector } from '../detect/detector.ts';
import { inputShape } from '../models/input-shape.ts';
import { loadDetector } from '../models/load-detector.ts';
import { ModelError } from '../models/model-error.ts';
import type { ModelRegistry, RegisteredModel } from '../models/model-registry.ts';
import { groupsOf } from '../models/wanted-labels.ts';
import { warmUp } from '../models/warm-up.ts';
import { WatchError } from '../supervisor/supervisor.ts';
import type { ModelOptions, ModelSource, OpenModel } from './model-source.ts';

/** Detectors that are kept loaded (20 to 50 MB each); the one that was not used for longest goes first. */
const MAX_LOADED = 4;

/** The models of a registry, loaded once for all watches that look alike. */
export class LoadedModels implements ModelSource {
  readonly #registry: Pick<ModelRegistry, 'find'>;
  /** By what makes them differ; the one used last stands last. */
  readonly #loaded = new Map<string, Detector>();

  constructor(registry: Pick<ModelRegistry, 'find'>) {
    this.#registry = registry;
  }

  async open(name: string, options: ModelOptions): Promise<OpenModel> {
    const model = await asWatchError(() => this.#registry.find(name));
    return {
      identity: model.identity,
      minScore: model.manifest.threshold,
      groups: groupsOf(model.manifest),
      detector: (aspect) => this.#detector(model, options, aspect),
    };
  }

  async #detector(
    model: RegisteredModel,
    { profile, labels }: ModelOptions,
    aspect: number,
  ): Promise<Detector> {
    const { width, height } = inputShape(aspect, profile);
    const key = JSON.stringify([model.identity, width, height, labels]);
    const detector = this.#loaded.get(key) ?? (await this.#load(model, { profile, labels }, aspect));
    this.#loaded.delete(key);
    this.#loaded.set(key, detector);
    return detector;
  }

  async #load(model: RegisteredModel, { profile, labels }: ModelOptions, aspect: number): Promise<Detector> {
    for (const [key, oldest] of this.#loaded) {
      if (this.#loaded.size < MAX_LOADED) break;
      this.#loaded.delete(key);
      oldest.dispose();
    }
    return asWatchError(async () => {
      const detector = await loadDetector(model, { aspect, profile, ...(labels === null ? {} : { labels }) });
      await warmUp(detector);
      return detector;
    });
  }
}

/** What is wrong with a model, or with what runs it, in the words of a watch. */
export async function asWatchError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ModelError) throw new WatchError('no-model', error.message, { cause: error });
    if (!(error instanceof BackendError)) throw error;
    const code = error.code === 'unavailable' ? 'unavailable' : 'no-model';
    throw new WatchError(code, error.message, { cause: error });
  }
}
