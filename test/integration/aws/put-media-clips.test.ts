import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { clipPath, decodedVideoMd5, probePackets } from '../../e2e/support/media.ts';
import { startAwsServer } from './support/aws-server.ts';
import { type PutMediaAck, putMedia } from './support/put-media-client.ts';

/** Real encoders' media through PutMedia, looked at with ffprobe and ffmpeg on the log file and on the HLS URL. */

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'framelog-put-clips-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** One cluster a GOP, as KVS producers have it: ffmpeg's own limits would end clusters anywhere. */
const CLUSTER_PER_GOP = ['-cluster_size_limit', '50M', '-cluster_time_limit', '60000'];

/** The clip as ffmpeg writes it to a pipe, and what the server said while it came. */
async function put(server: Parameters<typeof putMedia>[0], file: string): Promise<readonly PutMediaAck[]> {
  const ffmpeg = spawn(
    'ffmpeg',
    [
      '-nostdin',
      '-v',
      'error',
      '-i',
      file,
      '-c',
      'copy',
      ...CLUSTER_PER_GOP,
      '-f',
      'matroska',
      '-live',
      '1',
      '-',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const call = putMedia(server);
  try {
    for await (const piece of ffmpeg.stdout) await call.write(piece as Buffer);
    call.end();
    return await call.over;
  } finally {
    // it has ended by itself, unless the server has hung up
    ffmpeg.kill('SIGKILL');
  }
}

/** What ffmpeg makes of the clip in a Matroska file: the producer's own times, in ms. */
async function asMatroska(file: string, name: string): Promise<string> {
  const path = join(folder, `${name}.mkv`);
  await run('ffmpeg', ['-nostdin', '-v', 'error', '-y', '-i', file, '-c', 'copy', ...CLUSTER_PER_GOP, path]);
  return path;
}

/**
 * Track, presentation time and size of all packets, times from the track's first packet on: ffmpeg shifts Opus by its delay in
 * Matroska, and not in MP4. Decode times are ours.
 */
async function facts(input: string): Promise<string[]> {
  const packets = await probePackets(input);
  const firstMs = new Map<string, number>();
  for (const { type, ptsMs } of packets) firstMs.set(type, Math.min(ptsMs, firstMs.get(type) ?? Infinity));
  return packets
    .map(
      ({ type, ptsMs, sizeBytes }) => `${type} ${Math.round(ptsMs - (firstMs.get(type) ?? 0))} ${sizeBytes}`,
    )
    .toSorted();
}

async function checkClip(t: Parameters<typeof startAwsServer>[0], clip: string, file: string): Promise<void> {
  const server = await startAwsServer(t, { access: { open: true } });
  const stream = clip.replace(/\..*$/, '');
  const startMs = 1_700_000_000_000;
  const headers = { 'x-amzn-producer-start-timestamp': `${startMs / 1000}.0` };
  const acks = await put({ ...server, stream, timecodeType: 'RELATIVE', headers }, file);
  const ofType = (type: string) =>
    acks.filter(({ EventType }) => EventType === type).map((ack) => ack.FragmentNumber);
  assert.deepEqual(ofType('ERROR'), []);
  assert.ok(ofType('PERSISTED').length > 1);
  assert.deepEqual(ofType('PERSISTED'), ofType('BUFFERING'));

  const directory = join(server.dataDir, 'streams', stream);
  const logs = readdirSync(directory).filter((name) => name.endsWith('.mp4'));
  assert.equal(logs.length, 1);
  const log = join(directory, logs[0] ?? '');
  const sent = await asMatroska(file, stream);
  assert.deepEqual(await facts(log), await facts(sent));
  assert.equal(await decodedVideoMd5(log), await decodedVideoMd5(sent));
  const url = `${server.endpoint}/play/${stream}/archive.m3u8?start=${startMs}&end=${startMs + 60_000}`;
  assert.deepEqual(await decodedVideoMd5(url), await decodedVideoMd5(sent));
  assert.deepEqual(server.errorLines(), []);
}

for (const clip of [
  'parking-360p-h264.mp4',
  'parking-360p-h265.mp4',
  'parking-360p-av1.mp4',
  'parking-360p-vp9.webm',
]) {
  test(`${clip} comes through PutMedia sample by sample`, (t) => checkClip(t, clip, clipPath(clip)));
}
