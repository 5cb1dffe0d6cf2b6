import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  clipPath,
  decodedVideoMd5,
  finished,
  type ProbedPacket,
  probePackets,
  pushWithFfmpeg,
} from './support/media.ts';
import { type ServerProcess, spawnFramelog, startServerProcess } from './support/server.ts';
import { until } from './support/until.ts';

/** RTMP carries milliseconds: a timestamp may be off by the rounding of two of them. */
const ROUNDING_MS = 1.5;
/** The shortest files there are, so that a push spans several. */
const FILE_MAX_SECONDS = 10;

let server: ServerProcess;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'framelog-clips-'));
  server = await startServerProcess({ env: { FRAMELOG_LOG_FILE_MAX_SECONDS: `${FILE_MAX_SECONDS}` } });
});
after(async () => {
  assert.equal(await server.stop(), 0, server.stderr());
  rmSync(folder, { recursive: true, force: true });
});

interface PushedClip {
  readonly file: string;
  /** The installed ffmpeg sends only what legacy FLV knows; the rest goes by our own publisher (enhanced RTMP). */
  readonly by: 'ffmpeg' | 'framelog push';
}

const CLIPS: readonly PushedClip[] = [
  { file: 'parking-360p-h264.mp4', by: 'ffmpeg' },
  { file: 'cars-360p-h264.mp4', by: 'ffmpeg' },
  { file: 'person-360p-h264.mp4', by: 'ffmpeg' },
  { file: 'faces-360p-h264.mp4', by: 'ffmpeg' },
  { file: 'parking-720p-h264.mp4', by: 'framelog push' },
  { file: 'parking-360p-h265.mp4', by: 'framelog push' },
  { file: 'parking-360p-av1.mp4', by: 'framelog push' },
  { file: 'parking-360p-vp9.webm', by: 'framelog push' },
];

async function push(clip: PushedClip, source: string, stream: string): Promise<void> {
  const url = `${server.rtmpUrl}/live/${stream}`;
  if (clip.by === 'ffmpeg') return finished(pushWithFfmpeg(source, url));
  return finished(spawnFramelog(['push', source, url]));
}

/** `framelog push` reads MP4: a WebM clip is put into one, its packets unchanged. */
async function asMp4(file: string): Promise<string> {
  const source = clipPath(file);
  if (!file.endsWith('.webm')) return source;
  const target = join(folder, `${file}.mp4`);
  await finished(
    spawn('ffmpeg', ['-v', 'error', '-i', source, '-c', 'copy', target], {
      stdio: ['ignore', 'ignore', 'pipe'],
    }),
  );
  return target;
}

/** Same packets in the same order, at the same times counted from the first video packet. */
function assertSamePackets(
  actual: readonly ProbedPacket[],
  source: readonly ProbedPacket[],
  what: string,
): void {
  const originOf = (packets: readonly ProbedPacket[]) =>
    packets.find((packet) => packet.type === 'video')?.dtsMs ?? 0;
  const [actualOrigin, sourceOrigin] = [originOf(actual), originOf(source)];
  for (const type of ['video', 'audio'] as const) {
    const got = actual.filter((packet) => packet.type === type);
    const wanted = source.filter((packet) => packet.type === type);
    assert.equal(got.length, wanted.length, `${what}: number of ${type} packets`);
    for (const [index, packet] of wanted.entries()) {
      const other = got[index];
      assert.ok(other);
      assert.equal(other.sizeBytes, packet.sizeBytes, `${what}: size of ${type} packet ${index}`);
      const dtsError = other.dtsMs - actualOrigin - (packet.dtsMs - sourceOrigin);
      const ptsError = other.ptsMs - actualOrigin - (packet.ptsMs - sourceOrigin);
      assert.ok(
        Math.abs(dtsError) <= ROUNDING_MS,
        `${what}: dts of ${type} packet ${index} is off by ${dtsError} ms`,
      );
      assert.ok(
        Math.abs(ptsError) <= ROUNDING_MS,
        `${what}: pts of ${type} packet ${index} is off by ${ptsError} ms`,
      );
    }
  }
}

const CONCAT = ['-f', 'concat', '-safe', '0'];

/** Writes the list by which ffmpeg reads several files as one. */
function concatList(name: string, files: readonly string[]): string {
  const path = join(folder, `${name}.ffconcat`);
  writeFileSync(path, files.map((file) => `file '${file}'\n`).join(''));
  return path;
}

/** ffprobe follows a live playlist from its oldest segment until it has not changed for a few reloads. */
const FOLLOW_LIVE = ['-live_start_index', '0', '-m3u8_hold_counters', '3'];

test('what is pushed is what is stored and played', { concurrency: 8 }, async (suite) => {
  for (const clip of CLIPS) {
    suite.test(`${clip.file} by ${clip.by}`, async () => {
      const stream = clip.file.replaceAll('.', '-');
      const source = await asMp4(clip.file);
      await push(clip, source, stream);
      const [sourcePackets, sourceMd5] = await Promise.all([probePackets(source), decodedVideoMd5(source)]);

      const archive = `${server.httpUrl}/play/${stream}/archive.m3u8?start=0&end=${Date.now()}`;
      assertSamePackets(await probePackets(archive), sourcePackets, 'archive playlist');
      assert.equal(await decodedVideoMd5(archive), sourceMd5, 'decoded archive playlist');

      const logFolder = join(server.dataDir, 'streams', stream);
      const files = readdirSync(logFolder)
        .filter((name) => name.endsWith('.mp4'))
        .sort()
        .map((name) => join(logFolder, name));
      // A file ends before the first key frame past its time; the clips have one every 2 seconds.
      const lastKeyFrameSeconds = Math.max(...sourcePackets.map((packet) => packet.dtsMs)) / 1000 - 2.5;
      assert.ok(
        files.length >= Math.ceil(lastKeyFrameSeconds / FILE_MAX_SECONDS),
        `${files.length} log files`,
      );
      const filePackets = await Promise.all(files.map((file) => probePackets(file)));
      assertSamePackets(filePackets.flat(), sourcePackets, 'log files');
      assert.equal(await decodedVideoMd5(concatList(stream, files), CONCAT), sourceMd5, 'decoded log files');
    });
  }
});

test('ffprobe on the live playlist sees every packet of the source', async () => {
  const source = clipPath('parking-360p-h264.mp4');
  const pusher = pushWithFfmpeg(source, `${server.rtmpUrl}/live/live-probe`);
  const pushed = finished(pusher);
  const url = `${server.httpUrl}/play/live-probe/live.m3u8`;
  await until('a playable live playlist', async () => {
    const answer = await fetch(url);
    const text = await answer.text();
    return answer.ok && text.includes('#EXTINF');
  });
  const livePackets = await probePackets(url, FOLLOW_LIVE);
  await pushed;
  assertSamePackets(livePackets, await probePackets(source), 'live playlist');
});
