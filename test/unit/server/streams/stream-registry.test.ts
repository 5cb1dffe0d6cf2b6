import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import type { Sample } from '../../../../fragments/media/track.ts';
import { LogReadError } from '../../../../fragments/stream/fragment-log.ts';
import type { OpenLogOptions } from '../../../../fragments/stream/log-options.ts';
import { DEFAULT_STREAM_SETTINGS } from '../../../../fragments/stream/stream-settings.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';
import {
  type StreamLogs,
  StreamRegistry,
  type StreamRegistryOptions,
} from '../../../../server/streams/stream-registry.ts';
import {
  type FragmentEvent,
  type Publication,
  type PublishRequest,
  StreamError,
  type StreamErrorCode,
} from '../../../../server/streams/stream-service.ts';
import { AUDIO, camera, NOW_MS, VIDEO } from '../../fragments/stream/media.ts';
import { MemoryLog } from '../../fragments/stream/memory-log.ts';

const directory = mkdtempSync(join(tmpdir(), 'framelog-registry-'));
const catalog = SqliteCatalog.open(join(directory, 'catalog.db'));
after(() => {
  catalog.close();
  rmSync(directory, { recursive: true });
});

/** Logs in memory that outlive their opening, as files do. */
class MemoryLogs implements StreamLogs {
  readonly logs = new Map<string, MemoryLog>();
  readonly options = new Map<string, OpenLogOptions | undefined>();
  readonly deleted: string[] = [];
  opens = 0;
  isBroken = false;

  async open(stream: string, options?: OpenLogOptions): Promise<MemoryLog> {
    this.opens++;
    if (this.isBroken) throw new LogReadError('io-error', 'as the test wants it');
    const log = this.logs.get(stream) ?? new MemoryLog();
    this.logs.set(stream, log);
    this.options.set(stream, options);
    log.closed = false;
    return log;
  }

  async delete(stream: string): Promise<void> {
    assert.notEqual(this.logs.get(stream)?.closed, false, 'deleted while open');
    this.logs.delete(stream);
    this.deleted.push(stream);
  }
}

let logs = new MemoryLogs();
let nowMs = NOW_MS;
let stream = 'cam';
beforeEach((context) => {
  logs = new MemoryLogs();
  nowMs = NOW_MS;
  stream = `cam-${context.name.replaceAll(/[^a-z]+/g, '-')}`;
});

function registry(options: Partial<StreamRegistryOptions> = {}): StreamRegistry {
  return new StreamRegistry({
    catalog,
    logs,
    settings: DEFAULT_STREAM_SETTINGS,
    owner: 'here',
    leaseTtlMs: 60_000,
    autoCreate: true,
    takeover: false,
    maxStreams: 1000,
    retention: { retentionHours: 24, maxBytes: null },
    now: () => nowMs,
    ...options,
  });
}

function request(onRevoked: PublishRequest['onRevoked'] = () => {}): PublishRequest {
  return { stream, publisher: { protocol: 'rtmp', remoteAddress: '192.0.2.1', sinceMs: nowMs }, onRevoked };
}

function publishCamera(publication: Publication, fromMs = 0, toMs = 2500): void {
  publication.setTracks([VIDEO, AUDIO], nowMs);
  for (const sample of camera(fromMs, toMs)) {
    nowMs = Math.max(nowMs, NOW_MS + sample.dtsTicks / 90);
    publication.write(sample, nowMs);
  }
}

function withCode(code: StreamErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof StreamError && error.code === code;
}

test('a published stream is made, live, and followed to the disk', async () => {
  const all: FragmentEvent[] = [];
  const streams = registry({ onFragment: (event) => all.push(event) });
  const publication = await streams.publish(request(), nowMs);
  const own: FragmentEvent[] = [];
  const unfollow = publication.stream.onFragment((event) => own.push(event));
  publishCamera(publication);

  const live = publication.stream.live(nowMs);
  assert.equal(live.publisher?.remoteAddress, '192.0.2.1');
  assert.deepEqual(live.tracks, [VIDEO, AUDIO]);
  assert.equal(live.videoFps, 25);
  assert.equal(live.lastFragmentMs, NOW_MS + 1000);
  assert.ok(publication.pendingBytes > 0);

  await publication.end(nowMs);
  unfollow();
  assert.equal(publication.stream.live(nowMs).publisher, undefined);
  assert.deepEqual(
    own.map(({ type, ordinal }) => `${type} ${ordinal}`),
    ['received 0', 'received 1', 'received 2', 'persisted 0', 'persisted 1', 'persisted 2'],
  );
  assert.deepEqual(own, all);
  assert.equal(own[0]?.stream, stream);
  assert.equal(own[0]?.durationMs, 1000);
  assert.equal(streams.record(stream)?.retentionHours, 24);
});

test('without auto-create only known streams are published', async () => {
  const streams = registry({ autoCreate: false });
  await assert.rejects(streams.publish(request(), nowMs), withCode('auto-create-off'));
  streams.create(stream);
  await (await streams.publish(request(), nowMs)).end(nowMs);
});

test('names are checked, taken ones and too many refused', async () => {
  const streams = registry();
  for (const name of ['', '.hidden', 'a/b', 'a b', '../x', 'x'.repeat(257), 'ü']) {
    assert.throws(() => streams.create(name), withCode('invalid-name'));
  }
  streams.create('Front.door_2-x');
  assert.throws(() => streams.create('Front.door_2-x'), withCode('already-exists'));
  const full = registry({ maxStreams: catalog.countStreams() });
  assert.throws(() => full.create('one-more'), withCode('limit-exceeded'));
  await assert.rejects(full.publish(request(), nowMs), withCode('limit-exceeded'));
});

test('a second publisher is refused, and welcome once the first has ended', async () => {
  const streams = registry();
  const first = await streams.publish(request(), nowMs);
  await assert.rejects(streams.publish(request(), nowMs), withCode('busy'));
  await first.end(nowMs);
  await (await streams.publish(request(), nowMs)).end(nowMs);
});

test('a second publisher takes over when the configuration says so', async () => {
  const streams = registry({ takeover: true });
  const reasons: string[] = [];
  const first = await streams.publish(
    request((reason) => reasons.push(reason)),
    nowMs,
  );
  publishCamera(first, 0, 1500);
  const second = await streams.publish(request(), nowMs);
  assert.deepEqual(reasons, ['taken-over']);
  first.write(camera(1500, 1600)[0] as Sample, nowMs);
  publishCamera(second, 0, 500);
  await first.end(nowMs);
  assert.equal(streams.peek(stream)?.live(nowMs).publisher?.protocol, 'rtmp', 'the second goes on');
  await second.end(nowMs);
  const fragments = logs.logs.get(stream)?.fragments ?? [];
  assert.deepEqual(
    fragments.map(({ ordinal, run }) => [ordinal, run]),
    [
      [0, 0],
      [1, 0],
      [2, 1],
    ],
  );
});

test('a stream leased to another server cannot be published here', async () => {
  const here = registry();
  const there = registry({ owner: 'there' });
  const publication = await there.publish(request(), nowMs);
  await assert.rejects(here.publish(request(), nowMs), withCode('busy'));
  await publication.end(nowMs);
  await (await here.publish(request(), nowMs)).end(nowMs);
});

test('a server that lost its lease stops writing and hangs up', async () => {
  const here = registry();
  const reasons: string[] = [];
  const publication = await here.publish(
    request((reason) => reasons.push(reason)),
    nowMs,
  );
  publishCamera(publication, 0, 100);
  assert.equal(logs.options.get(stream)?.mayWrite?.(), true);
  nowMs += 61_000; // suspended
  const elsewhere = await registry({ owner: 'there' }).publish(request(), nowMs);
  publishCamera(publication, 100, 200);
  assert.deepEqual(reasons, ['taken-over']);
  assert.match(here.peek(stream)?.live(nowMs).lastError?.message ?? '', /another server/);
  await elsewhere.end(nowMs);
});

test('a log is opened once for all, and again after an opening that failed', async () => {
  const streams = registry();
  await assert.rejects(streams.open(stream), withCode('not-found'));
  streams.create(stream);
  assert.equal(streams.peek(stream), undefined);
  logs.isBroken = true;
  await assert.rejects(streams.open(stream), withCode('log-failed'));
  logs.isBroken = false;
  const [a, b] = await Promise.all([streams.open(stream), streams.open(stream)]);
  assert.equal(a, b);
  assert.equal(streams.peek(stream), a);
  assert.equal(logs.opens, 2);
  assert.deepEqual([...streams.openStreams()], [a]);
});

test('deleting ends the publisher, deletes files and record, and frees the name', async () => {
  const streams = registry();
  const reasons: string[] = [];
  const publication = await streams.publish(
    request((reason) => reasons.push(reason)),
    nowMs,
  );
  publishCamera(publication);
  const deletion = streams.delete(stream);
  await assert.rejects(streams.publish(request(), nowMs), withCode('not-found'));
  await assert.rejects(streams.delete(stream), withCode('not-found'));
  await deletion;
  assert.deepEqual(reasons, ['deleted']);
  assert.deepEqual(logs.deleted, [stream]);
  assert.equal(streams.record(stream), undefined);
  assert.equal(streams.peek(stream), undefined);
  const again = await streams.publish(request(), nowMs);
  publishCamera(again);
  await again.end(nowMs);
  assert.equal(logs.logs.get(stream)?.fragments[0]?.ordinal, 0);
});

test('a stream whose log cannot be opened can be deleted', async () => {
  const streams = registry();
  streams.create(stream);
  logs.isBroken = true;
  const opening = streams.open(stream);
  await Promise.all([assert.rejects(opening, withCode('log-failed')), streams.delete(stream)]);
  assert.equal(streams.record(stream), undefined);
});

test('retention is stored, seen by the open stream, and told to the log', async () => {
  const streams = registry();
  const { version } = streams.create(stream, { retentionHours: null, maxBytes: 5_000_000 });
  assert.deepEqual(streams.retentionOf(stream), { maxAgeMs: null, maxBytes: 5_000_000 });
  const open = await streams.open(stream);
  streams.update(stream, { retentionHours: 2, maxBytes: null });
  assert.equal(open.record.version, version + 1);
  assert.deepEqual(streams.retentionOf(stream), { maxAgeMs: 7_200_000, maxBytes: null });
  streams.update(stream, { retentionHours: 0, maxBytes: null });
  assert.deepEqual(streams.retentionOf(stream), { maxAgeMs: 300_000, maxBytes: 200_000_000 });
  assert.throws(() => streams.update('nobody', { retentionHours: 1, maxBytes: null }), withCode('not-found'));
});

test('closing finishes fragments, tells publishers, and takes nobody in any more', async () => {
  const streams = registry();
  const reasons: string[] = [];
  const publication = await streams.publish(
    request((reason) => reasons.push(reason)),
    nowMs,
  );
  publishCamera(publication, 0, 1500);
  await streams.close(nowMs);
  assert.deepEqual(reasons, ['closing']);
  assert.equal(logs.logs.get(stream)?.fragments.length, 2);
  assert.equal(logs.logs.get(stream)?.closed, true);
  await assert.rejects(streams.publish(request(), nowMs), withCode('closing'));
  await assert.rejects(streams.open(stream), withCode('closing'));
  assert.throws(() => streams.create('late'), withCode('closing'));
});

test('the next server goes on where the last one ended, and its clock never goes back', async () => {
  const before = registry();
  const first = await before.publish(request(), nowMs);
  publishCamera(first, 0, 1500);
  await before.close(nowMs);
  const log = logs.logs.get(stream);
  assert.ok(log);
  log.end = { nextOrdinal: 2, nextRun: 1, lastSequence: 1002 };

  nowMs = NOW_MS - 30_000;
  const second = await registry().publish(request(), nowMs);
  assert.equal(second.stream.window.nextOrdinal, 2);
  assert.equal(second.stream.live(nowMs).lastFragmentMs, NOW_MS + 1000);
  second.setTracks([VIDEO, AUDIO], nowMs);
  for (const sample of camera(0, 500)) second.write(sample, nowMs);
  await second.end(nowMs);
  const last = log.fragments.at(-1);
  assert.equal(last?.ordinal, 2);
  assert.equal(last?.run, 1);
  assert.equal(last?.serverMs, NOW_MS + 1000);
  assert.ok((log.fragments.at(-2)?.number ?? '') < (last?.number ?? ''));
});

test('a lost fragment is the last error of its stream', async () => {
  const streams = registry();
  const publication = await streams.publish(request(), nowMs);
  const events: FragmentEvent[] = [];
  publication.stream.onFragment((event) => events.push(event));
  const log = logs.logs.get(stream);
  assert.ok(log);
  log.failure = () => 'disk-full';
  publishCamera(publication, 0, 1500);
  await publication.end(nowMs);
  assert.equal(events.find(({ type }) => type === 'lost')?.reason, 'disk-full');
  assert.match(publication.stream.live(nowMs).lastError?.message ?? '', /was lost: disk-full/);
});

test('viewers count by key, for as long as they come', async () => {
  const streams = registry();
  streams.create(stream);
  const open = await streams.open(stream);
  open.countViewer('a', nowMs);
  open.countViewer('b', nowMs + 4000);
  open.countViewer('a', nowMs + 5000);
  assert.equal(open.live(nowMs + 5000).viewers, 2);
  assert.equal(open.live(nowMs + 14_500).viewers, 1);
  assert.equal(open.live(nowMs + 15_000).viewers, 0);
});

test('what sessions did not take as it came is counted over all of them', async () => {
  const ends: string[] = [];
  const streams = registry({
    onSessionEnd: (name, { unknownTrack }) => ends.push(`${name} ${unknownTrack}`),
  });
  const stray = () => ({ ...(camera(0, 20)[0] as Sample), trackId: 9 });
  for (let session = 1; session <= 2; session++) {
    const publication = await streams.publish(request(), nowMs);
    publishCamera(publication, 0, 200);
    publication.write(stray(), nowMs);
    assert.equal(streams.writerCounters().unknownTrack, session);
    await publication.end(nowMs);
    assert.equal(streams.writerCounters().unknownTrack, session);
  }
  assert.deepEqual(ends, [`${stream} 1`, `${stream} 1`]);
});
