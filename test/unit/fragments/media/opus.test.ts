import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  buildDOps,
  buildOpusHead,
  dOpsFromOpusHead,
  opusHeadFromDOps,
  opusPacketSamples,
  parseDOps,
  parseOpusHead,
} from '../../../../fragments/media/opus.ts';
import { bytes, caseOf, casesOf, codecError, hex, opusHeadOf } from './codec-fixtures.ts';

describe('OpusHead of an Ogg file and dOps of an MP4', () => {
  for (const one of casesOf('opus')) {
    test(one.name, () => {
      const head = opusHeadOf(one.name);
      const config = parseDOps(one.config);
      assert.deepEqual({ ...parseOpusHead(head) }, { ...config });
      assert.equal(config.channels, one.channels);
      assert.equal(hex(dOpsFromOpusHead(head)), hex(one.config));
      assert.equal(hex(opusHeadFromDOps(one.config)), hex(head));
      assert.equal(opusPacketSamples(one.frame), 960);
    });
  }
});

test('both forms through a round trip', () => {
  const config = fc.integer({ min: 1, max: 255 }).chain((channels) =>
    fc.record({
      channels: fc.constant(channels),
      preSkip: fc.nat(0xffff),
      inputSampleRateHz: fc.nat(0xffff_ffff),
      outputGain: fc.integer({ min: -32768, max: 32767 }),
      mappingFamily: fc.integer({ min: 1, max: 255 }),
      mapping: fc.uint8Array({ minLength: 2 + channels, maxLength: 2 + channels }),
    }),
  );
  fc.assert(
    fc.property(config, (fields) => {
      for (const parsed of [parseDOps(buildDOps(fields)), parseOpusHead(buildOpusHead(fields))]) {
        assert.deepEqual(
          { ...parsed, mapping: hex(parsed.mapping) },
          { ...fields, mapping: hex(fields.mapping) },
        );
      }
    }),
  );
});

test('packet durations of RFC 6716 table 2', () => {
  const samples = (toc: number, ...more: number[]): number => opusPacketSamples(Uint8Array.of(toc, ...more));
  const one = Array.from({ length: 32 }, (_, config) => samples(config << 3));
  const silk = [480, 960, 1920, 2880];
  assert.deepEqual(one, [
    ...[...silk, ...silk, ...silk],
    ...[480, 960, 480, 960],
    ...Array.from({ length: 4 }, () => [120, 240, 480, 960]).flat(),
  ]);
  assert.equal(samples((31 << 3) | 1), 1920);
  assert.equal(samples((31 << 3) | 2), 1920);
  assert.equal(samples((31 << 3) | 3, 0x80 | 6), 5760);
  assert.throws(() => samples((31 << 3) | 3, 7), codecError('invalid')); // 140 ms
  assert.throws(() => samples((31 << 3) | 3, 0), codecError('invalid'));
  assert.throws(() => samples(3), codecError('truncated'));
  assert.throws(() => opusPacketSamples(bytes('')), codecError('truncated'));
});

test('broken configs are typed errors', () => {
  const { config } = caseOf('opus 5.1');
  const head = opusHeadOf('opus 5.1');
  for (let length = 0; length < config.length; length++) {
    assert.throws(() => parseDOps(config.subarray(0, length)), codecError('truncated'));
  }
  for (let length = 8; length < head.length; length++) {
    assert.throws(() => parseOpusHead(head.subarray(0, length)), codecError('truncated'));
  }
  assert.throws(() => parseOpusHead(bytes('4f707573')), codecError('invalid'));
  assert.throws(() => parseDOps(bytes('01 02 0138 0000bb80 0000 00')), codecError('unsupported'));
  assert.throws(() => parseDOps(bytes('00 00 0138 0000bb80 0000 00')), codecError('invalid'));
  assert.throws(() => parseDOps(bytes('00 03 0138 0000bb80 0000 00')), codecError('invalid'));
  assert.throws(
    () => parseOpusHead(Buffer.concat([Buffer.from('OpusHead'), bytes('10 02')])),
    codecError('unsupported'),
  );
});
