import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { openMp4 } from '../../../fragments/cmaf/mp4-file.ts';
import type { Sample, Track } from '../../../fragments/media/track.ts';
import { fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import { LogStore } from '../../../fragments/stream/log-store.ts';
import { readSamples } from '../../../fragments/stream/stream-reader.ts';
import { DEFAULT_STREAM_SETTINGS } from '../../../fragments/stream/stream-settings.ts';
import { SqliteCatalog } from '../../../server/catalog/sqlite-catalog.ts';
import { StreamRegistry } from '../../../server/streams/stream-registry.ts';
import type { FragmentEvent } from '../../../server/streams/stream-service.ts';

/** Real clips through the whole way of a frame onto a real disk, then looked at with ffprobe and ffmpeg. */

const run = promisify(execFile);
const MEDIA = join(import.meta.dirname, '../../../../shared/media');
const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

const directory = mkdtempSync(join(tmpdir(), 'framelog-clips-'));
const catalog = SqliteCatalog.open(join(directory, 'catalog.db'));
after(() => {
  catalog.close();
  rmSync(directory, { recursive: true });
});

interface Packet {
  readonly codec_type: string;
  readonly pts_time: string;
  readonly dts_time: string;
  readonly size: string;
  readonly flags: string;
}

interface PacketFacts {
  /** In ms from the first video packet on. */
  readonly times: number[];
  readonly facts: string[];
}

/** Packets by track. */
async function packets(path: string): Promise<Record<string, PacketFacts>> {
  const entries = 'packet=codec_type,pts_time,dts_time,size,flags';
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', entries, '-of', 'json', path], {
    maxBuffer: 64 << 20,
  });
  const all = (JSON.parse(stdout) as { packets: Packet[] }).packets;
  const originMs = Number(all.find(({ codec_type }) => codec_type === 'video')?.dts_time) * 1000;
  const byTrack: Record<string, PacketFacts> = {};
  for (const { codec_type, pts_time, dts_time, size, flags } of all) {
    byTrack[codec_type] ??= { times: [], facts: [] };
    byTrack[codec_type].times.push(Number(pts_time) * 1000 - originMs, Number(dts_time) * 1000 - originMs);
    byTrack[codec_type].facts.push(`${size} bytes ${flags[0]}`);
  }
  return byTrack;
}

/** Reading a clip aligns its tracks, which is exact to a tick of each: times may differ by a tenth of a millisecond. */
async function assertSamePackets(path: string, clip: string): Promise<void> {
  const actual = await packets(path);
  const expected = await packets(clip);
  assert.deepEqual(Object.keys(actual).toSorted(), Object.keys(expected).toSorted());
  for (const [track, { times, facts }] of Object.entries(expected)) {
    assert.deepEqual(actual[track]?.facts, facts);
    const off = times.map((ms, i) => Math.abs(ms - (actual[track]?.times[i] ?? Number.NaN)));
    assert.ok(
      off.every((ms) => ms < 0.1),
      `${track}: times are off by ${Math.max(...off)} ms`,
    );
  }
}

async function decodedVideo(path: string): Promise<string> {
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', path, '-map', '0:v', '-f', 'md5', '-']);
  return stdout.trim();
}

async function samplesOfFile(path: string): Promise<{ tracks: readonly Track[]; samples: Sample[] }> {
  const bytes = readFileSync(path);
  const file = await openMp4({
    sizeBytes: bytes.length,
    read: async (offsetBytes, lengthBytes) => bytes.subarray(offsetBytes, offsetBytes + lengthBytes),
  });
  const samples: Sample[] = [];
  for await (const sample of file.samples()) samples.push(sample);
  return { tracks: file.tracks, samples };
}

/** Publishes a clip as if in real time; answers the log file, and what was told of its fragments. */
async function record(stream: string, clip: string): Promise<{ path: string; events: FragmentEvent[] }> {
  const logs = new LogStore({ directory, syncPolicy: 'fragment', fileMaxMs: 3650 * DAY_MS });
  let nowMs = NOW_MS;
  const events: FragmentEvent[] = [];
  const streams = new StreamRegistry({
    catalog,
    logs,
    settings: DEFAULT_STREAM_SETTINGS,
    owner: 'test',
    leaseTtlMs: 60_000,
    autoCreate: true,
    takeover: false,
    maxStreams: 100,
    retention: { retentionHours: null, maxBytes: null },
    now: () => nowMs,
    onFragment: (event) => events.push(event),
  });
  const publisher = { protocol: 'rtmp', remoteAddress: '127.0.0.1', sinceMs: nowMs } as const;
  const publication = await streams.publish({ stream, publisher, onRevoked: () => {} }, nowMs);
  const { tracks, samples } = await samplesOfFile(clip);
  publication.setTracks(tracks, nowMs);
  const timescales = new Map(tracks.map(({ id, timescale }) => [id, timescale]));
  for (const sample of samples) {
    nowMs = NOW_MS + Math.round((sample.dtsTicks * 1000) / (timescales.get(sample.trackId) ?? 1));
    publication.write(sample, nowMs);
  }
  await publication.end(nowMs);

  const read: Sample[] = [];
  const source = publication.stream;
  for await (const batch of readSamples(source, { ordinal: 0, sampleIndex: 0 }, { until: 'edge' })) {
    read.push(...batch.samples);
  }
  assert.equal(read.length, samples.length, 'read back from the log');
  for (const { id } of tracks) {
    const own = (list: readonly Sample[]) =>
      list.filter(({ trackId }) => trackId === id).map(({ data }) => Buffer.from(data).toString('base64'));
    assert.deepEqual(own(read), own(samples));
  }

  const infos = await source.log.list(0, 1000);
  for (const [i, info] of infos.entries()) {
    const next = infos[i + 1];
    if (next !== undefined) assert.equal(info.startTicks + info.durationTicks, next.startTicks);
    assert.ok(fragmentDurationMs(info) <= 20_000);
  }
  await streams.close(nowMs);
  await logs.close();
  const folder = join(directory, 'streams', stream);
  const files = readdirSync(folder).filter((name) => name.endsWith('.mp4'));
  assert.equal(files.length, 1);
  return { path: join(folder, files[0] ?? ''), events };
}

async function assertSameMedia(stream: string, clip: string): Promise<void> {
  const { path, events } = await record(stream, clip);
  await assertSamePackets(path, clip);
  assert.equal(await decodedVideo(path), await decodedVideo(clip));
  const persisted = events.filter(({ type }) => type === 'persisted');
  assert.deepEqual(
    persisted.map(({ ordinal }) => ordinal),
    persisted.map((_, i) => i),
  );
  assert.ok(persisted.length >= 1);
  assert.equal(events.filter(({ type }) => type === 'received').length, persisted.length);
}

for (const clip of [
  'parking-360p-h264.mp4',
  'parking-360p-h265.mp4',
  'parking-360p-av1.mp4',
  'faces-360p-h264.mp4',
]) {
  test(`${clip} comes back from the log as it was`, async () => {
    await assertSameMedia(clip.replace('.mp4', ''), join(MEDIA, clip));
  });
}

test('B-frames, 29.97 fps, GOPs longer than a fragment, and audio that starts late come back as they were', async () => {
  const clip = join(directory, 'b-frames.mp4');
  await run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=192x108:rate=30000/1001:duration=30'],
    ...['-itsoffset', '0.35', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100:duration=29'],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-bf',
      '3',
      '-g',
      '750',
      '-keyint_min',
      '750',
      '-sc_threshold',
      '0',
    ],
    ...['-c:a', 'aac', '-b:a', '48k', clip],
  ]);
  await assertSameMedia('b-frames', clip);
});
