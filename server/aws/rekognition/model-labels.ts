import { ModelError } from '../../../ml/models/model-error.ts';
import type { ModelRegistry } from '../../../ml/models/model-registry.ts';

/** Tells the labels that a registered model knows; `undefined` for one that is not there, or cannot be read. */
export function modelLabels(
  registry: Pick<ModelRegistry, 'find'>,
): (model: string) => Promise<readonly string[] | undefined> {
  return async (model) => {
    try {
      return (await registry.find(model)).manifest.labels;
    } catch (error) {
      if (error instanceof ModelError) return undefined;
      throw error;
    }
  };
}
