import { readVideoTag } from '../../../server/ingest/rtmp/flv-video.ts';
import { createRtmpCounters } from '../../../server/ingest/rtmp/rtmp-counters.ts';
import { RtmpError } from '../../../server/ingest/rtmp/rtmp-error.ts';
import { SampleMaker } from '../../../server/ingest/rtmp/sample-maker.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const NOWHERE = { setTracks: () => undefined, write: () => undefined, fail: () => undefined };
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const cc = (text: string) => Buffer.from(text).toString('hex');
const AVCC = '014d401effe1001c674d401ed900a02ff966a0c0c0c80000030008000003019078b1724001000568ebc3cb20';

/** Video tags, read, and made into samples: in a tag, the sample maker lets nothing out. */
export const target: FuzzTarget = {
  name: 'flv-video',
  seeds: () => [
    hex(`17 00 000000 ${AVCC}`),
    hex('27 01 ffffd8 000000052a01020304'),
    hex(`90 ${cc('avc1')} ${AVCC}`),
    hex(`90 ${cc('av01')} 81010d000a0e0000000cc4ff6700be0418181890`),
    hex(`91 ${cc('vp08')} 1000009d012a4001c800`),
    hex(`91 ${cc('vp09')} 82498342000027f01670`),
    hex(`97 02 0f423f 01 ${cc('hvc1')} 000028 0000000426010203`),
    hex(`96 21 ${cc('av01')} 00 000002 1200 ${cc('vp09')} 01 000001 ef`),
  ],
  run(input) {
    const payload = Buffer.from(input);
    const maker = new SampleMaker(NOWHERE, createRtmpCounters());
    maker.video(payload, 0, 0);
    maker.end(0);
    readVideoTag(payload);
  },
  isTyped: (error) => error instanceof RtmpError,
};
