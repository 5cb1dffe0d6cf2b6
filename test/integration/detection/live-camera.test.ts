import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { fileSource } from '../../../fragments/cmaf/file-source.ts';
import { openMp4 } from '../../../fragments/cmaf/mp4-file.ts';
import type { Sample, Track } from '../../../fragments/media/track.ts';
import type { DetectionEvent } from '../../../ml/events/detection-event.ts';
import { WorkerSupervisor } from '../../../ml/supervisor/worker-supervisor.ts';
import { watchSettingsSchema } from '../../../ml/watch/watch-settings.ts';
import { until } from '../../e2e/support/until.ts';
import { ManualClock } from '../../unit/fragments/log/support/manual-clock.ts';
import { NOW_MS } from '../../unit/fragments/stream/media.ts';
import { clip } from '../aws/support/rtmp-clip.ts';
import { type Camera, type DetectionRig, startRig, tempFolder } from './support/detection-rig.ts';

/** The pictures of a clip from a second to another, a list for each key frame. */
async function groupsOf(file: string, fromSeconds: number, toSeconds: number) {
  const handle = await open(clip(file));
  try {
    const mp4 = await openMp4(fileSource(handle, (await handle.stat()).size));
    const track = mp4.tracks.find(({ kind }) => kind === 'video') ?? assert.fail();
    const groups: Sample[][] = [];
    for await (const sample of mp4.samples()) {
      const seconds = sample.dtsTicks / track.timescale;
      if (sample.trackId !== track.id || seconds < fromSeconds || seconds >= toSeconds) continue;
      if (sample.isSync) groups.push([]);
      groups.at(-1)?.push({ ...sample, data: Buffer.from(sample.data) });
    }
    return { track, groups };
  } finally {
    await handle.close();
  }
}

/** A server's life with real workers. */
function startLife(t: TestContext, folder: string, clock: ManualClock): DetectionRig {
  const log = {
    info: () => {},
    warn: () => {},
    error: (fields: object) => assert.fail(JSON.stringify(fields)),
  };
  const looking = new WorkerSupervisor({ workers: 1, decoder: 'auto', now: Date.now, log });
  t.after(() => looking.close());
  return startRig(t, { folder, clock, looking, defaultTier: 'off' });
}

/** Sends groups of pictures, each when the key frame of the one before was looked at: none is passed over. */
async function sendAndWait(rig: DetectionRig, camera: Camera, groups: readonly Sample[][]): Promise<void> {
  for (const group of groups) {
    const before = rig.detection.service.counters.results;
    await camera.send(group);
    await until('a key frame to be looked at', async () => {
      await rig.clock.advance(1);
      return rig.detection.service.counters.results > before;
    });
  }
}

function phasesByTrack(events: readonly DetectionEvent[]): Map<string, string> {
  const tracks = Map.groupBy(events, ({ group, trackId = '' }) => `${group} ${trackId}`);
  return new Map(Array.from(tracks, ([track, some]) => [track, some.map(({ phase }) => phase).join(' ')]));
}

test('a real camera is watched live; the server ends while somebody is in the picture, and what enters leaves, once', async (t) => {
  // A person from 8 s on, and a car from 12 s on; nobody at 16 s (detection.md, "Golden expectations").
  const { track, groups } = await groupsOf('parking-360p-h264.mp4', 8, 18);
  const [folder, clock] = [tempFolder(t), new ManualClock(NOW_MS)];
  const settings = watchSettingsSchema.parse({
    tier: 'keyframes',
    motionGate: false,
    minScore: 0.3,
    confirmHits: 1,
    timeoutSeconds: 20,
  });
  const publish = async (rig: DetectionRig, tracks: readonly Track[]) => {
    const camera = await rig.publish('cam', tracks);
    rig.detection.service.configure('cam', settings);
    return camera;
  };

  const before = startLife(t, folder, clock);
  await sendAndWait(before, await publish(before, [track]), groups.slice(0, 2));
  assert.deepEqual([...new Set(before.said('cam'))], ['object/enter', 'object/update']);
  await before.stop();

  const after = startLife(t, folder, clock);
  const camera = await publish(after, [track]);
  await sendAndWait(after, camera, groups.slice(2));
  await camera.end();
  await until('the end of the watch', async () => {
    await clock.advance(1000);
    return after.detection.events.watchedStreams('live').length === 0;
  });
  const events = after.detection.events.after(0, 1000).map(({ event }) => event);
  const phases = [...phasesByTrack(events).values()];
  for (const each of phases) assert.match(each, /^enter( update)* leave$/);
  assert.deepEqual(new Set(events.map(({ group }) => group)), new Set(['person', 'vehicle']));
  // Who was there before the restart is the same afterwards.
  const [first] = events;
  const frames = events
    .filter(({ trackId }) => trackId === first?.trackId)
    .map(({ producerMs }) => producerMs);
  assert.ok(Math.max(...frames) - Math.min(...frames) > 3000, 'followed over the restart');
});
