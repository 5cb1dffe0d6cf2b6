import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  av1CFromKeyFrame,
  av1CodecString,
  buildAv1C,
  isAv1Sync,
  parseAv1C,
  parseAv1SequenceHeader,
} from '../../../../fragments/media/av1.ts';
import {
  findSequenceHeader,
  ObuCursor,
  sequenceHeaderObu,
  withoutTemporalDelimiters,
} from '../../../../fragments/media/av1-obu.ts';
import { bytes, caseOf, casesOf, codecError, hex, valueOrCode } from './codec-fixtures.ts';

describe('sequence header and av1C', () => {
  for (const one of casesOf('av1')) {
    test(one.name, () => {
      const av1C = parseAv1C(one.config);
      assert.ok(av1C.sequenceHeader);
      const header = parseAv1SequenceHeader(av1C.sequenceHeader);
      assert.deepEqual([header.width, header.height], [one.width, one.height]);
      assert.equal(header.level, one.level);
      assert.equal(av1CodecString(header), one.codecString.split('.').slice(0, 4).join('.'));
      assert.equal(av1CodecString(av1C), av1CodecString(header));
      const pixels = one.pixels ?? '';
      assert.equal(header.bitDepth, Number(pixels.match(/(\d+)le/)?.[1] ?? 8));
      assert.equal(header.isMonochrome, pixels.startsWith('gray'));
      assert.equal(header.subsamplingX, !/444|gbrp/.test(pixels));
      assert.equal(header.subsamplingY, /420|gray/.test(pixels));
      // ffmpeg's muxer and ours write the same record.
      assert.equal(hex(buildAv1C(av1C.sequenceHeader)), hex(one.config));
      const found = findSequenceHeader(one.frame.subarray(0, sequenceEnd(one.frame)));
      // SVT-AV1 1.4 announces other coding tools in its global header than in the stream.
      if (!one.name.includes('svt')) assert.equal(hex(found ?? bytes('')), hex(av1C.sequenceHeader));
      assert.equal(isAv1Sync(one.frame), false, 'the fixture cuts the frame: its size runs past the end');
    });
  }
});

function sequenceEnd(unit: Uint8Array): number {
  const cursor = new ObuCursor(unit);
  let end = 0;
  while (cursor.next()) end = cursor.end;
  return end;
}

test('the record of a key frame, and none without a sequence header', () => {
  const { config } = caseOf('av1 svt');
  const obu = config.subarray(4);
  const unit = Buffer.concat([bytes('1200'), obu, bytes('3202 1000')]);
  assert.equal(hex(av1CFromKeyFrame(unit) ?? bytes('')), hex(config));
  assert.equal(av1CFromKeyFrame(bytes('3202 1000')), undefined);
  assert.throws(() => av1CFromKeyFrame(bytes('0a7f 00')), codecError('truncated'));
});

test('key frames: first frame, key, shown', () => {
  const obu = caseOf('av1 svt').config.subarray(4);
  const unit = (frame: string): Uint8Array => Buffer.concat([bytes('1200'), obu, bytes(frame)]);
  assert.equal(isAv1Sync(unit('3202 1000')), true);
  assert.equal(isAv1Sync(unit('1a02 1000')), true, 'a frame header OBU of its own');
  assert.equal(isAv1Sync(unit('3202 0000')), false, 'not shown');
  assert.equal(isAv1Sync(unit('3202 3000')), false, 'an inter frame');
  assert.equal(isAv1Sync(unit('3202 9000')), false, 'an existing frame shown');
  assert.equal(isAv1Sync(unit('3200')), false, 'empty');
  assert.equal(isAv1Sync(unit('30 1000')), true, 'the last OBU needs no size');
  assert.equal(isAv1Sync(unit('3601 02 10')), false);
  assert.equal(isAv1Sync(unit('3608 02 10')), false, 'torn');
  assert.equal(isAv1Sync(unit('360002 10')), false);
  assert.equal(isAv1Sync(bytes('')), false);
});

test('a reduced still picture header makes every frame a key frame', () => {
  // profile 0, still_picture, reduced; level 0; 16 x 16; tools off; 8 bit 4:2:0
  const still = sequenceHeaderObu(bytes('18 06 6f fc 00 08'));
  assert.equal(isAv1Sync(Buffer.concat([still, bytes('3202 0000')])), true);
});

test('temporal delimiters are dropped without copying', () => {
  const unit = bytes('1200 3202 1000');
  const stored = withoutTemporalDelimiters(unit);
  assert.equal(hex(stored), '32021000');
  assert.equal(stored.buffer, unit.buffer);
  const plain = bytes('3202 1000');
  assert.equal(hex(withoutTemporalDelimiters(plain)), hex(plain));
  assert.equal(hex(withoutTemporalDelimiters(bytes('3202 1000 1200 3202 2000 1200'))), '3202100032022000');
  assert.equal(hex(withoutTemporalDelimiters(bytes('1200 327f 10'))), '327f10', 'a torn rest stays');
});

test('OBUs of any size are walked', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (payloads) => {
      const unit = Buffer.concat(payloads.map(sequenceHeaderObu));
      const cursor = new ObuCursor(unit);
      const found: string[] = [];
      while (cursor.next()) found.push(hex(unit.subarray(cursor.payloadStart, cursor.end)));
      assert.deepEqual(found, payloads.map(hex));
      assert.equal(cursor.isTorn, false);
    }),
  );
});

test('a size of more than eight bytes, or past the end, tears the unit', () => {
  for (const torn of ['0a 80 80 80 80 80 80 80 80 01 00', '0a', '0a 80', '0a 05 00', '0e 05']) {
    const cursor = new ObuCursor(bytes(torn));
    assert.equal(cursor.next(), false, torn);
    assert.equal(cursor.isTorn, true, torn);
    assert.equal(cursor.next(), false, torn);
  }
});

test('a record cut at any byte is read or refused, never worse', () => {
  for (const one of casesOf('av1')) {
    for (let length = 0; length < one.config.length; length++) {
      const code = valueOrCode(
        () => parseAv1C(one.config.subarray(0, length)).sequenceHeader?.length ?? 'none',
      );
      assert.ok(code === 'truncated' || (code === 'none' && length === 4), `${length}: ${code}`);
    }
    const header = parseAv1C(one.config).sequenceHeader ?? bytes('');
    for (let length = 0; length < header.length - 1; length++) {
      assert.equal(
        valueOrCode(() => parseAv1SequenceHeader(header.subarray(0, length)).width),
        'truncated',
      );
    }
  }
  assert.throws(() => parseAv1C(bytes('80000000')), codecError('invalid'));
  assert.throws(() => parseAv1SequenceHeader(bytes('e0')), codecError('unsupported'));
});
