import { describeTrack } from '../../../fragments/media/describe-track.ts';
import { restamp } from '../../../fragments/mpegts/restamp.ts';
import { TsMuxer } from '../../../fragments/mpegts/ts-muxer.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const VIDEO = describeTrack({
  id: 1,
  kind: 'video',
  codec: 'h264',
  timescale: 90_000,
  config: Buffer.from('0142c01effe000', 'hex'),
  width: 640,
  height: 360,
});
const AUDIO = describeTrack({
  id: 2,
  kind: 'audio',
  codec: 'aac',
  timescale: 48_000,
  config: Buffer.from('1190', 'hex'),
});

/** Samples of any bytes, sizes and times make whole transport packets whose counters come round to 0. */
export const target: FuzzTarget = {
  name: 'mpegts',
  seeds: () => [Buffer.alloc(600, 5), Buffer.from('0000000465000102000000020901'.repeat(8), 'hex')],
  run(input) {
    const blocks: Buffer[] = [];
    const muxer = new TsMuxer({ tracks: [VIDEO, AUDIO], emit: (block) => blocks.push(block) });
    let at = 0;
    for (let index = 0; at < input.length; index++) {
      const sizeBytes = input[at] ?? 0;
      const offset = input[at + 1] ?? 0;
      const data = Buffer.from(input.subarray(at + 2, at + 2 + sizeBytes));
      at += 2 + sizeBytes;
      const trackId = 1 + (offset & 1);
      muxer.write([
        {
          trackId,
          dtsTicks: index * 3000,
          compositionOffsetTicks: (offset - 128) * 100,
          durationTicks: 3000,
          isSync: (offset & 2) !== 0,
          data,
        },
      ]);
    }
    muxer.end();
    checkPackets(Buffer.concat(blocks));
    checkPackets(restamp(Buffer.concat(blocks), 12_345, 3));
  },
  isTyped: () => false,
};

function checkPackets(bytes: Buffer): void {
  const payloads = new Map<number, number>();
  for (let at = 0; at < bytes.length; at += 188) {
    if (bytes[at] !== 0x47) throw new Error(`no sync byte at ${at}`);
    const pid = bytes.readUInt16BE(at + 1) & 0x1fff;
    if (((bytes[at + 3] ?? 0) & 0x10) !== 0) payloads.set(pid, (payloads.get(pid) ?? 0) + 1);
  }
  for (const [pid, count] of payloads) {
    if (pid >= 0x100 && pid < 0x1000 && count % 16 !== 0) throw new Error(`${count} packets of ${pid}`);
  }
}
