import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackendError } from '../../../../ml/backend/backend-error.ts';
import type { Detection } from '../../../../ml/detect/detection.ts';
import type { DetectOptions } from '../../../../ml/detect/detector.ts';
import { I420Picture } from '../../../../ml/picture/i420-picture.ts';
import { WatchError } from '../../../../ml/supervisor/supervisor.ts';
import type { ObservedFace } from '../../../../ml/watch/observed.ts';
import { type WatchSettings, watchSettingsSchema } from '../../../../ml/watch/watch-settings.ts';
import type { WatchState } from '../../../../ml/watch/watch-state.ts';
import { FrameLooker } from '../../../../ml/worker/frame-looker.ts';
import type { OpenModel } from '../../../../ml/worker/model-source.ts';
import { frameAt } from '../../../support/frames.ts';

const PERSON: Detection = { label: 'person', score: 0.9, box: [0.4, 0.3, 0.1, 0.5] };
const FACE: ObservedFace = {
  box: [0.42, 0.32, 0.05, 0.08],
  score: 0.9,
  landmarks: [],
  trackId: undefined,
  embedding: undefined,
};

/** A grey picture, with something bright in it. */
function picture(brightAt?: number, [width, height] = [320, 180]): I420Picture {
  const bytes = new Uint8Array((width * height * 3) / 2).fill(128);
  bytes.fill(100, 0, width * height);
  if (brightAt !== undefined) {
    for (let row = 40; row < 120; row++) bytes.fill(220, row * width + brightAt, row * width + brightAt + 60);
  }
  return I420Picture.packed(bytes, width, height);
}

interface RigOptions {
  readonly settings?: Partial<WatchSettings>;
  readonly state?: WatchState | undefined;
  readonly detect?: (options: DetectOptions) => Promise<Detection[]>;
}

function rigOf({ settings = {}, state, detect = async () => [PERSON] }: RigOptions = {}) {
  const asked: DetectOptions[] = [];
  const aspects: number[] = [];
  let faceLooks = 0;
  const model: OpenModel = {
    identity: { name: 'scripted', sha256: 'a'.repeat(64) },
    minScore: 0.5,
    groups: {},
    detector: async (aspect) => {
      aspects.push(aspect);
      return {
        model: { name: 'scripted', sha256: 'a'.repeat(64) },
        labels: ['person'],
        input: { width: 320, height: 192 },
        detect: (_picture, options) => {
          asked.push(options);
          return detect(options);
        },
        dispose: () => {},
      };
    },
  };
  const opening = {
    name: 'live',
    stream: 'cam',
    settings: { ...watchSettingsSchema.parse({ tier: 'fps:5' }), ...settings },
    state,
  };
  const find = async () => {
    faceLooks += 1;
    return [FACE];
  };
  const looker = new FrameLooker(opening, { model, faces: { find } });
  const look = (ms: number, shown = picture()) => looker.look(shown, frameAt(ms), ms);
  return { looker, look, asked, aspects, faceLooks: () => faceLooks };
}

test('what is found is followed, and enters when it is believed; weaker finds are asked for too', async () => {
  const { look, asked } = rigOf({ settings: { motionGate: false } });
  assert.deepEqual((await look(0)).events, []);
  const second = await look(200);
  assert.deepEqual(
    second.events.map(({ type, phase, label }) => [type, phase, label]),
    [['object', 'enter', 'person']],
  );
  assert.deepEqual(second.picture, { width: 320, height: 180 });
  assert.equal(second.model.name, 'scripted');
  assert.ok(asked.every(({ minScore }) => minScore < 0.5 && minScore > 0.1));
});

test('where nothing moves nothing is looked at, but for a heartbeat; what is followed stays', async () => {
  const { look, asked } = rigOf();
  for (const ms of [0, 200, 400]) await look(ms);
  const looks = asked.length;
  const held = await look(600);
  assert.equal(held.skipped, 'no-motion');
  assert.equal(asked.length, looks);
  assert.deepEqual(
    held.objects.map(({ label, isConfirmed }) => [label, isConfirmed]),
    [['person', true]],
  );
  assert.equal((await look(6000)).skipped, undefined);
  const moved = await look(6200, picture(100));
  assert.equal(moved.skipped, undefined);
});

test('a state goes on where another one was, with the same tracks', async () => {
  const first = rigOf({ settings: { motionGate: false } });
  await first.look(0);
  const before = await first.look(200);
  const state = JSON.parse(JSON.stringify(before.state));
  const second = rigOf({ settings: { motionGate: false }, state });
  const after = await second.look(400);
  assert.deepEqual(
    after.objects.map(({ trackId }) => trackId),
    before.objects.map(({ trackId }) => trackId),
  );
  assert.deepEqual(after.events, [], 'it does not enter twice');
  const end = second.looker.end(frameAt(600));
  assert.deepEqual(
    end.events.map(({ phase, reason }) => [phase, reason]),
    [['leave', 'ended']],
  );
});

test('pictures of another shape: another detector, the same objects', async () => {
  const { look, aspects } = rigOf({ settings: { motionGate: false } });
  await look(0);
  const before = await look(200);
  const after = await look(400, picture(undefined, [240, 180]));
  assert.deepEqual(aspects, [16 / 9, 16 / 9, 4 / 3]);
  assert.equal(after.objects[0]?.trackId, before.objects[0]?.trackId);
});

test('a frame that could not be decoded says so, and lets nobody leave', async () => {
  const { look, looker } = rigOf({ settings: { motionGate: false } });
  await look(0);
  await look(200);
  for (let ms = 400; ms < 20_000; ms += 200) {
    const missed = looker.miss(frameAt(ms));
    assert.deepEqual([missed.skipped, missed.picture, missed.events], ['not-decoded', undefined, []]);
  }
  assert.deepEqual(
    (await look(20_000)).events.filter(({ phase }) => phase !== 'update'),
    [],
  );
});

test('faces are looked for with consent only', async () => {
  const without = rigOf({ settings: { motionGate: false } });
  const { faces } = watchSettingsSchema.parse({ faces: { consent: true } });
  const withConsent = rigOf({ settings: { motionGate: false, faces } });
  for (const ms of [0, 200, 400]) {
    assert.deepEqual((await without.look(ms)).faces, []);
    await withConsent.look(ms);
  }
  assert.equal(without.faceLooks(), 0);
  assert.ok(withConsent.faceLooks() > 0);
});

test('a model that cannot be run is an error of the watch', async () => {
  const { look } = rigOf({
    detect: () => Promise.reject(new BackendError('failed', 'as the test wants it')),
  });
  await assert.rejects(look(0), (error) => error instanceof WatchError && error.code === 'no-model');
});
