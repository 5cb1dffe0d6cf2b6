import assert from 'node:assert/strict';
import { test } from 'node:test';
import { box, fullBox, u32, zeros } from '../../../../fragments/cmaf/box-writer.ts';
import { readInitSegment, writeInitSegment } from '../../../../fragments/cmaf/init-segment.ts';
import { Mp4Error, type Mp4ErrorCode } from '../../../../fragments/cmaf/mp4-error.ts';
import { describeTrack } from '../../../../fragments/media/describe-track.ts';

/** Codecs are written and read in codecs.test.ts; here is what the segment as a whole must refuse and keep. */

const config = new Uint8Array(0);
const data = (id: number) => describeTrack({ id, kind: 'data', codec: 'opaque', timescale: 1000, config });

function refuses(code: Mp4ErrorCode, act: () => unknown): void {
  assert.throws(act, (error) => error instanceof Mp4Error && error.code === code);
}

test('tracks keep ids, order, large timescales and content types', () => {
  const tracks = [
    data(5),
    describeTrack({
      id: 2,
      kind: 'audio',
      codec: 'pcma',
      timescale: 0xffff_ffff,
      config,
      sampleRateHz: 16_000,
      channels: 2,
    }),
    describeTrack({
      id: 9,
      kind: 'data',
      codec: 'opaque',
      timescale: 1,
      config,
      contentType: 'text/plain; ü',
    }),
  ];
  assert.deepEqual(readInitSegment(writeInitSegment(tracks)), tracks);
  assert.deepEqual(
    writeInitSegment(tracks),
    writeInitSegment(structuredClone(tracks)),
    'same tracks, same bytes',
  );
});

test('tracks that cannot be written are refused', () => {
  refuses('invalid', () => writeInitSegment([]));
  refuses('invalid', () => writeInitSegment([data(1), data(1)]));
  refuses('invalid', () => writeInitSegment([data(0)]));
  refuses('unsupported', () => writeInitSegment([data(2 ** 32)]));
  refuses('invalid', () => writeInitSegment([{ ...data(1), contentType: 'a\0b' }]));
  refuses('unsupported', () => writeInitSegment([{ ...data(1), kind: 'video' }]));
  refuses('unsupported', () => writeInitSegment([{ ...data(1), codec: 'h264' }]));
  const wide = { ...data(1), kind: 'video', codec: 'h264', width: 70_000, height: 2 } as const;
  refuses('unsupported', () => writeInitSegment([wide]));
});

test('damaged init segments are refused', () => {
  refuses('missing-box', () => readInitSegment(box('ftyp')));
  refuses('missing-box', () => readInitSegment(box('moov')));
  refuses('truncated', () => readInitSegment(box('moov', fullBox('mvhd', 0, 0))));
  refuses('invalid', () => readInitSegment(box('moov', fullBox('mvhd', 0, 0, u32(0, 0, 0)))));
  const header = fullBox('mvhd', 0, 0, u32(0, 0, 1));
  refuses('limit-exceeded', () =>
    readInitSegment(box('moov', header, ...Array.from({ length: 65 }, () => box('trak')))),
  );
  refuses('truncated', () => readInitSegment(writeInitSegment([data(1)]).subarray(0, -1)));

  const bytes = Buffer.from(writeInitSegment([data(1)]));
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(0, copy.indexOf('tkhd') + 16);
  refuses('invalid', () => readInitSegment(copy));
});

test('an unknown coding is left out, the other tracks stay', () => {
  const bytes = Buffer.from(writeInitSegment([data(1), data(2)]));
  bytes.write('tmcd', bytes.indexOf('mett'), 'latin1');
  assert.deepEqual(readInitSegment(bytes), [data(2)]);
});

test('every cut and every single damaged byte is read or refused with a typed error', () => {
  const bytes = writeInitSegment([
    data(1),
    describeTrack({ id: 2, kind: 'audio', codec: 'pcmu', timescale: 8000, config }),
  ]);
  const attempt = (input: Uint8Array) => {
    try {
      readInitSegment(input);
    } catch (error) {
      assert.ok(error instanceof Error && ['Mp4Error', 'CodecError'].includes(error.name), String(error));
    }
  };
  for (let at = 0; at < bytes.length; at++) {
    attempt(bytes.subarray(0, at));
    for (const value of [0, 1, 0x7f, 0xff]) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = value;
      attempt(damaged);
    }
  }
  attempt(zeros(64));
});
