import { EcmaArray } from '../../../server/ingest/rtmp/amf-value.ts';
import { decodeAmf0, encodeAmf0 } from '../../../server/ingest/rtmp/amf0.ts';
import { RtmpError } from '../../../server/ingest/rtmp/rtmp-error.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

/** Commands, metadata, and an AMF3 value behind its marker. */
export const target: FuzzTarget = {
  name: 'rtmp-amf0',
  seeds: () => [
    encodeAmf0([
      'connect',
      1,
      { app: 'live', tcUrl: 'rtmp://host/live', capsEx: 14, fourCcList: ['av01', '*'] },
    ]),
    encodeAmf0([
      '@setDataFrame',
      'onMetaData',
      new EcmaArray({ width: 640, stereo: true, when: new Date(0) }),
    ]),
    encodeAmf0([null, undefined, [1, [2, [3, { deep: { deeper: 'x'.repeat(300) } }]]]]),
    Buffer.from(
      '110a0b01036104050362060003630905010305 3ff8000000000000 01 070000'.replaceAll(' ', ''),
      'hex',
    ),
    Buffer.from('1109070161040101 0601 0c0500ff08010000000000000000 05'.replaceAll(' ', ''), 'hex'),
  ],
  run(input) {
    decodeAmf0(Buffer.from(input));
  },
  isTyped: (error) => error instanceof RtmpError,
};
