import { startBackend } from '../backend/start-backend.ts';
import { FaceFinder } from '../faces/face-finder.ts';
import { ModelRegistry } from '../models/model-registry.ts';
import { watchSettingsSchema } from '../watch/watch-settings.ts';
import { asWatchError, LoadedModels } from './loaded-models.ts';
import { startWorker } from './start-worker.ts';

/** Cameras that say nothing else are looked at with this, and are as wide as this. */
const { model, profile, labels } = watchSettingsSchema.parse({});
const USUAL_ASPECT = 16 / 9;

startWorker((modelDirectory) => {
  const models = new LoadedModels(new ModelRegistry(modelDirectory === '' ? undefined : modelDirectory));
  return {
    models,
    faces: new FaceFinder(),
    prepare: async () => {
      const { name, simd } = await asWatchError(() => startBackend());
      const usual = await models.open(model, { profile, labels });
      await usual.detector(USUAL_ASPECT);
      return { backend: name, simd };
    },
  };
});
