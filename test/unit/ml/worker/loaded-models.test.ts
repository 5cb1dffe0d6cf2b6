import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelRegistry } from '../../../../ml/models/model-registry.ts';
import { WatchError } from '../../../../ml/supervisor/supervisor.ts';
import { LoadedModels } from '../../../../ml/worker/loaded-models.ts';
import type { ModelOptions } from '../../../../ml/worker/model-source.ts';

const USUAL: ModelOptions = { profile: 'fast', labels: ['person'] };

test('watches that look alike share what is loaded; the one that was not used for longest is given up', async () => {
  const models = new LoadedModels(new ModelRegistry(undefined));
  const a = await models.open('centernet', USUAL);
  const b = await models.open('centernet', USUAL);
  assert.ok(a.minScore > 0 && a.identity.sha256 === b.identity.sha256);
  const wide = await a.detector(16 / 9);
  assert.equal(await b.detector(1.78), wide);
  // Four more shapes than there is room for.
  const shapes = [4 / 3, 1, 9 / 16, 2.4];
  for (const aspect of shapes) assert.notEqual(await a.detector(aspect), wide);
  assert.notEqual(await a.detector(16 / 9), wide, 'it was given up, and loaded again');
});

test('a model that is not there', async () => {
  const models = new LoadedModels(new ModelRegistry(undefined));
  await assert.rejects(
    models.open('nothing', USUAL),
    (error) => error instanceof WatchError && error.code === 'no-model',
  );
});
