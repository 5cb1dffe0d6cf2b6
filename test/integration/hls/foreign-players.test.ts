import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { openMp4 } from '../../../fragments/cmaf/mp4-file.ts';
import type { Sample, Track } from '../../../fragments/media/track.ts';
import { LogStore } from '../../../fragments/stream/log-store.ts';
import { clipPath, decodedVideoMd5, type ProbedPacket, probePackets } from '../../e2e/support/media.ts';
import { NOW_MS } from '../../unit/fragments/stream/media.ts';
import { startPlayServerOn } from './play-server.ts';

const execFileAsync = promisify(execFile);

for (const clip of ['parking-360p-h264.mp4', 'parking-360p-h265.mp4', 'parking-360p-av1.mp4']) {
  test(`ffmpeg reads the packets and pictures of ${clip} from live, DVR and archive`, async (t) => {
    const { tracks, samples } = await readClip(clip);
    const { rig, base } = await serveFromDisk(t);
    rig.publish(tracks);
    await rig.writeSlowly(samples);
    await rig.end();

    const source = await probePackets(clipPath(clip));
    const archive = `${base}archive.m3u8?start=${NOW_MS}&end=${rig.nowMs}`;
    assertSamePackets(await probePackets(archive), source);
    const md5 = await decodedVideoMd5(clipPath(clip));
    assert.equal(await decodedVideoMd5(archive), md5);

    // These playlists have no end, and ffmpeg's decoders hold back some pictures until there is one.
    const frames = 400;
    const firstMd5 = await firstPicturesMd5(clipPath(clip), frames);
    for (const growing of ['live.m3u8', `dvr.m3u8?start=${NOW_MS}`]) {
      const input = ['-live_start_index', '0'];
      assert.equal(await firstPicturesMd5(`${base}${growing}`, frames, input), firstMd5, growing);
    }
  });
}

test('a range in the middle starts at a key frame and has exactly its packets', async (t) => {
  const { tracks, samples } = await readClip('parking-360p-h264.mp4');
  const { rig, base } = await serveFromDisk(t);
  rig.publish(tracks);
  await rig.writeSlowly(samples);
  await rig.end();
  const packets = await probePackets(`${base}archive.m3u8?start=${NOW_MS + 6500}&end=${NOW_MS + 9500}`);
  // Fragments of two seconds: those from 6 s and 8 s on.
  assert.equal(packets.filter(({ type }) => type === 'video').length, 100);
});

test('a camera that came back is read over the discontinuity', async (t) => {
  const { tracks, samples } = await readClip('parking-360p-h264.mp4');
  const { rig, base } = await serveFromDisk(t);
  for (let session = 0; session < 2; session++) {
    rig.publish(tracks);
    await rig.writeSlowly(samples);
    await rig.end();
    rig.nowMs += 5000;
  }
  const packets = await probePackets(`${base}archive.m3u8?start=${NOW_MS}&end=${rig.nowMs}`);
  assert.equal(packets.filter(({ type }) => type === 'video').length, 1000);
});

async function readClip(name: string): Promise<{ tracks: readonly Track[]; samples: Sample[] }> {
  const file = await open(clipPath(name));
  try {
    const { size } = await file.stat();
    const clip = await openMp4({
      sizeBytes: size,
      read: async (offsetBytes, lengthBytes) => {
        const bytes = Buffer.alloc(lengthBytes);
        await file.read(bytes, 0, lengthBytes, offsetBytes);
        return bytes;
      },
    });
    const samples: Sample[] = [];
    for await (const sample of clip.samples()) samples.push(sample);
    return { tracks: clip.tracks, samples };
  } finally {
    await file.close();
  }
}

/** MD5 over the first decoded pictures. */
async function firstPicturesMd5(
  url: string,
  frames: number,
  options: readonly string[] = [],
): Promise<string> {
  const input = ['-v', 'error', ...options, '-i', url];
  const output = ['-map', '0:v:0', '-fps_mode', 'passthrough', '-frames:v', String(frames), '-f', 'md5', '-'];
  const { stdout, stderr } = await execFileAsync('ffmpeg', [...input, ...output]);
  assert.equal(stderr, '');
  return stdout.trim();
}

/** Playback of a stream whose log is on a real disk; nothing of it stays. */
async function serveFromDisk(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'framelog-hls-'));
  const store = new LogStore({ directory, syncPolicy: 'none', reserveBytes: 0 });
  const server = await startPlayServerOn(t, await store.open('cam'));
  t.after(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  return server;
}

/** The same packets in the same order with the same times, but for where time begins. */
function assertSamePackets(actual: readonly ProbedPacket[], expected: readonly ProbedPacket[]): void {
  for (const type of ['video', 'audio'] as const) {
    const timesOf = (packets: readonly ProbedPacket[]) => {
      const own = packets.filter((packet) => packet.type === type);
      const startMs = own[0]?.dtsMs ?? 0;
      return own.map(({ ptsMs, dtsMs, sizeBytes }) => [
        Math.round(dtsMs - startMs),
        Math.round(ptsMs - startMs),
        sizeBytes,
      ]);
    };
    assert.deepEqual(timesOf(actual), timesOf(expected), type);
  }
}
