import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObservedFace, TrackedObject } from '../../../ml/watch/observed.ts';
import { watchSettingsSchema } from '../../../ml/watch/watch-settings.ts';
import type { OpenFurtherEvents } from '../../../server/detection/further-events.ts';
import { FaceWatch, newFaceWatchCounters } from '../../../server/faces/face-watch.ts';
import { ManualClock } from '../../unit/fragments/log/support/manual-clock.ts';
import { camera, NOW_MS } from '../../unit/fragments/stream/media.ts';
import type { Script } from '../../unit/server/detection/support/scripted-supervisor.ts';
import { eventAt, startRig, tempFolder } from '../detection/support/detection-rig.ts';

const SETTINGS = watchSettingsSchema.parse({ tier: 'keyframes', faces: { consent: true, gallery: 'staff' } });

/** Whom the gallery knows: nobody that is shown. */
const eventsOf: OpenFurtherEvents = (watch, state) => {
  const galleries = {
    gallery: () => ({ name: 'staff', createdMs: 0, faces: 0, retentionDays: null, tags: {} }),
    match: () => [],
  };
  const logger = { warn: assert.fail, error: assert.fail };
  return new FaceWatch({ galleries, counters: newFaceWatchCounters(), logger }, watch, state);
};

const person: TrackedObject = {
  trackId: 'stranger',
  label: 'person',
  group: 'person',
  score: 0.7,
  topScore: 0.7,
  box: [0.4, 0.2, 0.2, 0.8],
  isConfirmed: true,
  trackConfidence: 1,
  enteredMs: NOW_MS,
};

const face: ObservedFace = {
  box: [0.45, 0.25, 0.1, 0.2],
  score: 0.9,
  landmarks: [],
  trackId: 'stranger',
  embedding: Float32Array.of(1),
};

/** A stranger looks into the camera at each key frame, and leaves with the end. */
const STRANGER: Script = {
  onSample: ({ isSync }) => {
    if (!isSync) return undefined;
    return {
      objects: [person],
      faces: [face],
      state: { tracker: 1, rules: null, events: null, faces: null },
    };
  },
  onEnd: (frame, { options: { stream } }) => ({
    events: [eventAt(stream, frame, { phase: 'leave', reason: 'ended', trackId: 'stranger' })],
  }),
};

for (const how of ['close', 'kill'] as const) {
  test(`a stranger is told of once, whenever the server ends (${how})`, async (t) => {
    const [folder, clock] = [tempFolder(t), new ManualClock(NOW_MS)];
    const start = () => startRig(t, { script: STRANGER, folder, clock, eventsOf, defaultTier: 'off' });
    let rig = start();
    for (const [round, wanted] of [[], [], ['face'], ['face'], ['face']].entries()) {
      const cam = await rig.publish('cam');
      if (round === 0) rig.detection.service.configure('cam', SETTINGS);
      await cam.send(camera(0, 900));
      assert.deepEqual(rig.said('cam'), wanted, `look ${round + 1}`);
      await rig.stop(how);
      rig = start();
    }
    const cam = await rig.publish('cam');
    await cam.send(camera(0, 900));
    await cam.end();
    await clock.advance(10_000);
    assert.deepEqual(rig.said('cam'), ['face', 'object/leave']);
  });
}

test('a stranger who is gone after one look, with a restart between, is told of when he has left', async (t) => {
  const [folder, clock] = [tempFolder(t), new ManualClock(NOW_MS)];
  const before = startRig(t, { script: STRANGER, folder, clock, eventsOf, defaultTier: 'off' });
  const cam = await before.publish('cam');
  before.detection.service.configure('cam', SETTINGS);
  await cam.send(camera(0, 900));
  await before.stop();
  const after = startRig(t, { script: STRANGER, folder, clock, eventsOf, defaultTier: 'off' });
  assert.deepEqual(after.said('cam'), []);
  await clock.advance(10_000);
  assert.deepEqual(after.said('cam'), ['object/leave', 'face']);
});
