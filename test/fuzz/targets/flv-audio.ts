import { readAudioTag } from '../../../server/ingest/rtmp/flv-audio.ts';
import { createRtmpCounters } from '../../../server/ingest/rtmp/rtmp-counters.ts';
import { RtmpError } from '../../../server/ingest/rtmp/rtmp-error.ts';
import { SampleMaker } from '../../../server/ingest/rtmp/sample-maker.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const NOWHERE = { setTracks: () => undefined, write: () => undefined, fail: () => undefined };
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const cc = (text: string) => Buffer.from(text).toString('hex');

/** Audio tags, read, and made into samples: in a tag, the sample maker lets nothing out. */
export const target: FuzzTarget = {
  name: 'flv-audio',
  seeds: () => [
    hex('af 00 1210'),
    hex('af 01 21100450'),
    hex('2f fffb9064'),
    hex('72 d5d5d5d5'),
    hex(`90 ${cc('Opus')} 4f7075734865616401020038bb800000000000`),
    hex(`90 ${cc('fLaC')} 664c614380000022 10001000 00000e 0010c4 0ac442f0 00000000 ${'00'.repeat(16)}`),
    hex(`91 ${cc('ac-3')} 0b77a0c0084043e106`),
    hex(`97 02 000003 01 ${cc('mp4a')} 2110`),
    hex(`95 21 ${cc('Opus')} 00 000001 f8 ${cc('mp4a')} 01 000001 21`),
  ],
  run(input) {
    const payload = Buffer.from(input);
    const maker = new SampleMaker(NOWHERE, createRtmpCounters());
    maker.audio(payload, 0, 0);
    maker.end(0);
    readAudioTag(payload);
  },
  isTyped: (error) => error instanceof RtmpError,
};
