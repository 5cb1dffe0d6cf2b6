import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '../../../fragments/media/track.ts';
import type { OfferedSample } from '../../../ml/supervisor/supervisor.ts';
import { watchSettingsSchema } from '../../../ml/watch/watch-settings.ts';
import { frameAt, ptsOf } from '../../../server/playback/images/frame-at.ts';
import { picturesOf } from '../../../server/playback/images/frame-source.ts';
import { StreamError } from '../../../server/streams/stream-service.ts';
import { ManualClock, settle } from '../../unit/fragments/log/support/manual-clock.ts';
import { camera, NOW_MS, sampleAt, VIDEO } from '../../unit/fragments/stream/media.ts';
import { MODEL } from '../../unit/server/detection/support/scripted-supervisor.ts';
import { eventAt, SOMEBODY, startRig, tempFolder } from './support/detection-rig.ts';

test('what is published is watched, each picture under the name by which its image is found', async (t) => {
  const { publish, supervisor, streams } = startRig(t);
  const cam = await publish('cam');
  // An open group of pictures: I2 B0 B1 P5 B3 B4, where the first one shown comes second.
  const gop = (startMs: number): Sample[] =>
    [2, 0, 1, 5, 3, 4].map((shown, i) =>
      sampleAt(VIDEO, startMs + i * 40, { isSync: i === 0, offsetMs: (shown - i) * 40 + 80 }),
    );
  await cam.send([0, 1000, 2000].flatMap(gop));
  await cam.end();
  const [watch] = supervisor.watches;
  const { log, window } = await streams.open('cam');
  const seen: string[] = [];
  for (const info of await log.list(0, 10)) {
    const pictures = await picturesOf({ log, window }, info);
    assert.ok(pictures !== undefined);
    for (const times of pictures.times) {
      const offered = watch?.offered.filter(({ frame }) => frame.fragmentNumber === info.number) ?? [];
      const found: OfferedSample[] = offered.filter(
        ({ frame }) => frameAt(pictures, frame.offsetMs).ptsTicks === ptsOf(times),
      );
      assert.equal(found.length, 1, 'each picture is named once, and its name leads to it');
      const { frame, isSync } = found[0] as OfferedSample;
      assert.equal(frame.offsetMs, frameAt(pictures, frame.offsetMs).offsetMs);
      assert.equal(frame.producerMs, info.producerMs + frame.offsetMs);
      assert.equal(frame.serverMs, info.serverMs + frame.offsetMs);
      assert.equal(isSync, times.isSync);
      seen.push(`${info.ordinal}+${frame.offsetMs}`);
    }
  }
  assert.equal(seen.length, 18);
  assert.equal(watch?.offered.length, 18);
});

test('events are stored before anybody is told, and lead to the picture', async (t) => {
  const { publish, detection, supervisor } = startRig(t, { script: SOMEBODY });
  const told: number[] = [];
  const stop = detection.service.onResult('cam', ({ events }) => {
    told.push(events.length);
    for (const { id } of events) assert.ok(detection.events.event(id) !== undefined, 'stored before');
  });
  const cam = await publish('cam');
  await cam.send(camera(0, 2000));
  const [first] = detection.events.after(0, 10);
  assert.deepEqual(told, [1, 1]);
  assert.equal(
    first?.event.thumbnail,
    `/play/cam/image.jpg?fragment=${first?.event.fragmentNumber}&offset=0&width=320`,
  );
  assert.equal(detection.service.statusOf('cam')?.state, 'watching');
  assert.deepEqual(detection.service.levels(), { watching: 1, degraded: 0, quarantined: 0, failed: 0 });
  stop();
  await cam.send(camera(2000, 3000));
  assert.equal(told.length, 2);
  assert.equal(supervisor.watches.length, 1);
});

test('a camera that comes back soon goes on; one that stays away has left, and begins anew', async (t) => {
  const { publish, said, supervisor, clock, detection } = startRig(t, { script: SOMEBODY });
  const first = await publish('cam');
  await first.send(camera(0, 1500));
  await first.end();
  await clock.advance(4900);
  const second = await publish('cam');
  await second.send(camera(0, 1500));
  assert.deepEqual(said('cam'), ['object/enter', 'object/update', 'object/update', 'object/update']);
  const anew = supervisor.watches[0]?.offered.filter(({ isDiscontinuous }) => isDiscontinuous);
  assert.equal(anew?.length, 1);
  const times = supervisor.watches[0]?.offered.map(({ ptsUs }) => ptsUs) ?? [];
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  await second.end();
  await clock.advance(5100);
  assert.equal(said('cam').at(-1), 'object/leave');
  assert.equal(detection.service.statusOf('cam'), undefined);
  assert.equal(detection.events.watchState('cam', 'live'), undefined);
  const third = await publish('cam');
  await third.send(camera(0, 500));
  assert.equal(said('cam').at(-1), 'object/enter');
  assert.deepEqual(
    supervisor.watches.map(({ options }) => options.state),
    [undefined, undefined],
  );
});

for (const how of ['close', 'kill'] as const) {
  test(`after a restart (${how}) in the middle of a track neither is a phase lost nor another made up`, async (t) => {
    const [folder, clock] = [tempFolder(t), new ManualClock(NOW_MS)];
    const before = startRig(t, { script: SOMEBODY, folder, clock });
    const cam = await before.publish('cam');
    await cam.send(camera(0, 2500));
    await before.stop(how);

    const after = startRig(t, { script: SOMEBODY, folder, clock });
    await clock.advance(3000);
    const again = await after.publish('cam');
    await again.send(camera(0, 1500));
    await again.end();
    await clock.advance(10_000);
    const phases = after.said('cam').filter((phase) => phase !== 'object/update');
    assert.deepEqual(phases, ['object/enter', 'object/leave']);
    assert.equal(after.supervisor.watches[0]?.state?.tracker, 'empty');
  });
}

test('who was seen last before a restart leaves when the camera does not come back', async (t) => {
  const [folder, clock] = [tempFolder(t), new ManualClock(NOW_MS)];
  const before = startRig(t, { script: SOMEBODY, folder, clock });
  const cam = await before.publish('cam');
  await cam.send(camera(0, 1500));
  await before.stop();
  const lastMs = before.supervisor.watches[0]?.offered.at(-1)?.frame.serverMs;

  const after = startRig(t, { script: SOMEBODY, folder, clock });
  await clock.advance(4000);
  assert.deepEqual(after.said('cam'), ['object/enter', 'object/update']);
  await clock.advance(2000);
  assert.deepEqual(after.said('cam'), ['object/enter', 'object/update', 'object/leave']);
  assert.equal(after.detection.events.after(2, 1)[0]?.event.serverMs, lastMs);
  assert.equal(
    after.supervisor.watches.every(({ isClosed }) => isClosed),
    true,
  );
});

test('settings are for each stream, kept, and in force at once', async (t) => {
  const [folder, clock] = [tempFolder(t), new ManualClock(NOW_MS)];
  const rig = startRig(t, { script: SOMEBODY, folder, clock, defaultTier: 'off' });
  const { detection, publish, supervisor, said } = rig;
  const { service } = detection;
  const cam = await publish('cam');
  await cam.send(camera(0, 1500));
  assert.equal(supervisor.watches.length, 0, 'off is off');
  assert.equal(service.settingsOf('cam').tier, 'off');
  assert.throws(
    () => service.configure('nobody', service.settingsOf('cam')),
    (error: unknown) => {
      return error instanceof StreamError && error.code === 'not-found';
    },
  );

  const settings = watchSettingsSchema.parse({ tier: 'fps:2', timeoutSeconds: 3 });
  service.configure('cam', settings, 'doors');
  await cam.send(camera(1500, 2500));
  assert.equal(supervisor.watches[0]?.options.settings.tier, 'fps:2');
  assert.deepEqual(said('cam'), ['object/enter', 'object/update'], 'it begins at the newest key frame');
  service.configure('cam', { ...settings, tier: 'fps:5' });
  assert.equal(supervisor.watches[0]?.settings.tier, 'fps:5');
  assert.equal(service.dataStreamOf('cam'), 'doors');
  assert.deepEqual([service.isConfigured('cam'), service.isConfigured('door')], [true, false]);

  service.configure('cam', { ...settings, tier: 'off' });
  await settle();
  await clock.advance(10);
  assert.equal(said('cam').at(-1), 'object/leave');
  assert.equal(service.statusOf('cam'), undefined);
  await cam.send(camera(2500, 3500));
  assert.equal(supervisor.watches.length, 1);
  await rig.stop();

  const { detection: again } = startRig(t, { folder, clock, defaultTier: 'off' });
  assert.deepEqual(again.service.settingsOf('cam'), { ...settings, tier: 'off' });
  assert.equal(again.service.dataStreamOf('cam'), 'doors');
  again.service.configure('cam', undefined);
  assert.equal(again.service.dataStreamOf('cam'), 'framelog-events');
  assert.equal(again.service.isConfigured('cam'), false);
});

test('that detection goes worse, or goes again, is an event', async (t) => {
  const { publish, supervisor, detection, clock, said } = startRig(t);
  const cam = await publish('cam');
  await cam.send(camera(0, 1000));
  const [watch] = supervisor.watches;
  watch?.turn('watching');
  watch?.turn('quarantined', 'its media ended 3 workers');
  watch?.turn('quarantined', 'still');
  watch?.turn('watching');
  watch?.turn('failed', 'no model');
  await clock.advance(100);
  const events = detection.events.after(0, 10).map(({ event }) => event);
  assert.deepEqual(said('cam'), ['camera', 'camera', 'camera']);
  assert.deepEqual(
    events.map(({ camera: news }) => news?.state),
    ['quarantined', 'watching', 'stopped'],
  );
  assert.equal(new Set(events.map(({ id }) => id)).size, 3);
  assert.equal(events[0]?.fragmentNumber, watch?.offered.at(-1)?.frame.fragmentNumber);
});

test('another watch may be attached, also before there is a stream; it goes its own way', async (t) => {
  const { publish, supervisor, detection, said, clock } = startRig(t, {
    defaultTier: 'off',
    script: SOMEBODY,
  });
  const results: string[] = [];
  const attached = detection.service.attach({
    stream: 'cam',
    watch: 'processor:p',
    settings: watchSettingsSchema.parse({}),
    storesEvents: false,
    onResult: ({ events }) => {
      results.push(...events.map(({ phase, watch }) => `${watch} ${phase}`));
    },
  });
  const stateNow = () => attached.status?.state;
  assert.equal(stateNow(), undefined);
  const cam = await publish('cam');
  await cam.send(camera(0, 1500));
  assert.equal(stateNow(), 'watching');
  attached.configure(watchSettingsSchema.parse({ tier: 'fps:1' }));
  assert.equal(supervisor.watches[0]?.settings.tier, 'fps:1');
  await Promise.all([attached.stop(), clock.advance(100)]);
  await cam.send(camera(1500, 2500));
  assert.deepEqual(results, ['processor:p enter', 'processor:p update', 'processor:p leave']);
  assert.deepEqual(said('cam'), []);
  assert.equal(detection.service.statusOf('cam'), undefined);
  assert.equal(detection.events.watchState('cam', 'processor:p'), undefined);
});

test('with its stream all that was seen of it goes, and nothing of it comes back', async (t) => {
  const { publish, streams, said, detection, clock } = startRig(t, { script: SOMEBODY });
  const cam = await publish('cam');
  await cam.send(camera(0, 1500));
  assert.equal(said('cam').length, 2);
  const deleted = streams.delete('cam');
  await clock.advance(100);
  await deleted;
  await clock.advance(10_000);
  assert.deepEqual(said('cam'), []);
  assert.deepEqual(detection.events.streams(), []);
  const again = await publish('cam');
  await again.send(camera(0, 500));
  assert.deepEqual(said('cam'), ['object/enter']);
});

test('a disk that takes no events holds up no video: what comes goes on being offered and recorded', async (t) => {
  const { publish, streams, supervisor, detection, clock } = startRig(t, { script: SOMEBODY });
  const commitAll = t.mock.method(detection.events, 'commitAll', () => {
    throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
  });
  const cam = await publish('cam');
  await cam.send(camera(0, 4000));
  // Of the newest one the writer does not know yet how long it lasts.
  assert.equal(supervisor.watches[0]?.offered.length, 99);
  assert.equal(detection.isHealthy, false);
  commitAll.mock.restore();
  await cam.send(camera(4000, 5000));
  await clock.advance(30_000);
  assert.equal(detection.isHealthy, true);
  const phases = detection.events.after(0, 100).map(({ event }) => event.phase);
  assert.deepEqual(phases, ['enter', 'update', 'update', 'update', 'update']);
  await cam.end();
  assert.equal((await (await streams.open('cam')).log.list(0, 10)).length, 5);
});

test('a store that cannot be read holds up no camera', async (t) => {
  const { publish, streams, detection, lines } = startRig(t, { script: SOMEBODY });
  t.mock.method(detection.events, 'watchState', () => {
    throw Object.assign(new Error('database disk image is malformed'), { errcode: 11 });
  });
  const cam = await publish('cam');
  await cam.send(camera(0, 1500));
  await cam.end();
  assert.equal((await (await streams.open('cam')).log.list(0, 10)).length, 2);
  assert.deepEqual(lines, ['detection failed']);
});

test('events are on their data stream in order, keyed by their camera', async (t) => {
  const { publish, records, clock } = startRig(t, {
    script: {
      onSample: ({ frame, isSync }, { options: { stream } }) =>
        isSync ? { model: MODEL, events: [eventAt(stream, frame)] } : undefined,
    },
  });
  for (const name of ['a', 'b']) await (await publish(name)).send(camera(0, 1500));
  await clock.advance(1000);
  const [shard] = records.stream('framelog-events')?.shards ?? [];
  assert.ok(shard !== undefined);
  const start = await records.position('framelog-events', shard.id, { type: 'TRIM_HORIZON' }, clock.nowMs());
  const { records: found } = await records.read(
    'framelog-events',
    start,
    { maxRecords: 10, maxBytes: 1 << 20 },
    clock.nowMs(),
  );
  assert.deepEqual(
    found.map(({ partitionKey }) => partitionKey),
    ['a', 'a', 'b', 'b'],
  );
  assert.equal(JSON.parse(Buffer.from(found[0]?.data ?? []).toString()).stream, 'a');
});
