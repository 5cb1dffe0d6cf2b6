import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipPath, decodedVideoMd5, type ProbedPacket, probePackets } from '../../e2e/support/media.ts';
import { clipOnDisk } from './clip-on-disk.ts';

/** Times of the packets of a kind, from its own first decode time, in whole milliseconds. */
function timesOf(
  packets: readonly ProbedPacket[],
  type: 'video' | 'audio',
): [dtsMs: number, ptsMs: number][] {
  const own = packets.filter((packet) => packet.type === type);
  const startMs = own[0]?.dtsMs ?? 0;
  return own.map(({ dtsMs, ptsMs }) => [Math.round(dtsMs - startMs), Math.round(ptsMs - startMs)]);
}

for (const clip of ['parking-360p-h264.mp4', 'parking-360p-h265.mp4', 'person-360p-h264.mp4']) {
  test(`ffmpeg reads every packet and the pictures of ${clip} from sessions of both containers and DASH`, async (t) => {
    const { open, range } = await clipOnDisk(t, clip);
    const source = await probePackets(clipPath(clip));
    const md5 = await decodedVideoMd5(clipPath(clip));
    for (const url of [
      await open({ ...range, container: 'mp4' }),
      await open({ ...range, container: 'ts' }),
      await open({ ...range, container: 'mp4', clock: 'producer' }),
      await open({ ...range, protocol: 'dash' }),
    ]) {
      const packets = await probePackets(url);
      for (const type of ['video', 'audio'] as const) {
        assert.deepEqual(timesOf(packets, type), timesOf(source, type), `${type} of ${url}`);
      }
      assert.equal(await decodedVideoMd5(url), md5, url);
    }
  });
}
