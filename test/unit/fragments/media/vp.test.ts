import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isVp8Sync, parseVp8KeyFrame, vpcCFromVp8KeyFrame } from '../../../../fragments/media/vp8.ts';
import { isVp9Sync, parseVp9KeyFrame, vpcCFromVp9KeyFrame } from '../../../../fragments/media/vp9.ts';
import {
  buildVpcC,
  parseVpcC,
  vpChromaFormat,
  vpCodecString,
  vpcCFromRecord,
  vpLevelOf,
} from '../../../../fragments/media/vpcc.ts';
import { bytes, caseOf, casesOf, codecError, hex, valueOrCode } from './codec-fixtures.ts';

describe('VP9 key frames of libvpx', () => {
  for (const one of casesOf('vp9')) {
    test(one.name, () => {
      const key = parseVp9KeyFrame(one.frame);
      assert.ok(key);
      assert.deepEqual([key.width, key.height], [one.width, one.height]);
      assert.equal(key.profile, Number(one.profile?.match(/\d/)?.[0]));
      assert.equal(isVp9Sync(one.frame), true);
      // ffmpeg guesses the level from size and rate too, here 10 frames a second.
      const guessed = parseVpcC(vpcCFromVp9KeyFrame(one.frame, 10));
      const written = parseVpcC(one.config);
      const { profile, level, bitDepth, isFullRange } = guessed;
      assert.deepEqual(
        { profile, level, bitDepth, isFullRange, chroma: vpChromaFormat(guessed) },
        {
          profile: written.profile,
          level: written.level,
          bitDepth: written.bitDepth,
          isFullRange: written.isFullRange,
          chroma: vpChromaFormat(written),
        },
      );
      assert.equal(vpCodecString('vp09', guessed), one.codecString.split('.').slice(0, 4).join('.'));
      assert.equal(hex(buildVpcC(written)), hex(one.config));
    });
  }
});

test('VP9 frames that are not key frames', () => {
  // profile 0: marker 10, profile 00, show_existing 0, frame_type 1; then show_existing 1; then profile 3 the same
  for (const frame of ['86 00', '88', 'b2 00', 'b4']) {
    assert.equal(isVp9Sync(bytes(frame)), false, frame);
    assert.equal(parseVp9KeyFrame(bytes(frame)), undefined, frame);
  }
  assert.equal(isVp9Sync(bytes('')), false);
  assert.throws(() => vpcCFromVp9KeyFrame(bytes('86 00')), codecError('invalid'));
});

test('VP9 headers that lie', () => {
  const { frame } = caseOf('vp9 profile 0');
  assert.throws(
    () => parseVp9KeyFrame(Buffer.concat([bytes('02'), frame.subarray(1)])),
    codecError('invalid'),
  );
  assert.throws(
    () => parseVp9KeyFrame(Buffer.concat([frame.subarray(0, 1), bytes('000000 0000')])),
    codecError('invalid'),
  );
  // color_space 7 (RGB) in profile 0
  assert.throws(() => parseVp9KeyFrame(bytes('82 498342 e0 0000 0000 00')), codecError('invalid'));
  for (let length = 0; length < 9; length++) {
    assert.equal(
      valueOrCode(() => parseVp9KeyFrame(frame.subarray(0, length))),
      'truncated',
    );
  }
});

test('VP8 key frames', () => {
  const { frame, width, height } = caseOf('vp8 any');
  assert.deepEqual(parseVp8KeyFrame(frame), { width, height });
  assert.equal(isVp8Sync(frame), true);
  assert.equal(vpCodecString('vp08', parseVpcC(vpcCFromVp8KeyFrame(frame))), 'vp08.00.11.08');
  assert.equal(isVp8Sync(bytes('31 00 00')), false);
  assert.equal(isVp8Sync(bytes('')), false);
  assert.equal(parseVp8KeyFrame(bytes('31 00 00')), undefined);
  assert.throws(() => vpcCFromVp8KeyFrame(bytes('31 00 00')), codecError('invalid'));
  // The two bits of upscaling are not size.
  assert.deepEqual(parseVp8KeyFrame(bytes('100000 9d012a 4081 f0c0')), { width: 320, height: 240 });
  assert.throws(() => parseVp8KeyFrame(bytes('100000 9d012b 4001 f000')), codecError('invalid'));
  assert.throws(() => parseVp8KeyFrame(bytes('100000 9d012a 0000 f000')), codecError('unsupported'));
  for (let length = 0; length < 10; length++) {
    assert.throws(() => parseVp8KeyFrame(frame.subarray(0, length)), codecError('truncated'));
  }
});

test('vpcC through a round trip', () => {
  const byte = fc.nat(255);
  const config = fc.record({
    profile: fc.nat(3),
    level: byte,
    bitDepth: fc.constantFrom(8, 10, 12),
    chromaSubsampling: fc.nat(3),
    isFullRange: fc.boolean(),
    colourPrimaries: byte,
    transferCharacteristics: byte,
    matrixCoefficients: byte,
  });
  fc.assert(
    fc.property(config, (fields) => {
      const box = buildVpcC(fields);
      assert.deepEqual(parseVpcC(box), { ...fields });
      assert.equal(hex(vpcCFromRecord(box.subarray(4))), hex(box));
      assert.equal(vpcCFromRecord(box), box);
    }),
  );
});

test('broken vpcC is a typed error', () => {
  const { config } = caseOf('vp9 profile 0');
  for (let length = 0; length < config.length; length++) {
    assert.throws(() => parseVpcC(config.subarray(0, length)), codecError('truncated'));
  }
  assert.throws(() => parseVpcC(bytes('00000000 00 0a 82 02 02 02 0000')), codecError('unsupported'));
  assert.throws(() => parseVpcC(bytes('01000000 04 0a 82 02 02 02 0000')), codecError('invalid'));
  assert.throws(() => parseVpcC(bytes('01000000 00 0a 92 02 02 02 0000')), codecError('invalid'));
  assert.throws(() => parseVpcC(bytes('01000000 00 0a 82 02 02 02 0001')), codecError('truncated'));
});

test('levels grow with size and rate', () => {
  const level = (width: number, height: number, fps: number): number => vpLevelOf({ width, height }, fps);
  assert.deepEqual(
    [level(256, 144, 15), level(640, 360, 30), level(1280, 720, 30), level(1920, 1080, 30)],
    [10, 21, 31, 40],
  );
  assert.deepEqual([level(1920, 1080, 60), level(3840, 2160, 60), level(16384, 8640, 120)], [41, 51, 62]);
  assert.equal(level(800, 16, 1), 20, 'the longest side counts');
});
