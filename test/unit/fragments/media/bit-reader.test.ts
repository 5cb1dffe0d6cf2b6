import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BitReader } from '../../../../fragments/media/bit-reader.ts';
import { BitWriter } from '../../../../fragments/media/bit-writer.ts';
import { bytes, codecError } from './codec-fixtures.ts';

test('what is written in fields of any width is read back', () => {
  const field = fc
    .integer({ min: 0, max: 32 })
    .chain((count) =>
      fc.record({ count: fc.constant(count), value: fc.integer({ min: 0, max: 2 ** count - 1 }) }),
    );
  fc.assert(
    fc.property(fc.array(field, { maxLength: 40 }), (fields) => {
      const writer = new BitWriter();
      for (const { count, value } of fields) writer.bits(count, value);
      const reader = new BitReader(writer.finish());
      for (const { count, value } of fields) assert.equal(reader.bits(count), value);
      assert.ok(reader.bitsLeft < 8);
    }),
  );
});

test('Exp-Golomb codes of the standard (H.264 table 9-2)', () => {
  const reader = new BitReader(bytes('a6 42 98 e2 04 8a'));
  assert.deepEqual(
    Array.from({ length: 9 }, () => reader.ue()),
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  );
  const signed = new BitReader(bytes('a6 42 98 e2 04 8a'));
  assert.deepEqual(
    Array.from({ length: 9 }, () => signed.se()),
    [0, 1, -1, 2, -2, 3, -3, 4, -4],
  );
});

test('the longest Exp-Golomb code is read, a longer one refused', () => {
  assert.equal(new BitReader(bytes('00 00 00 01 ff ff ff ff')).ue(), 2 ** 32 - 2);
  assert.throws(() => new BitReader(bytes('00 00 00 00 ff ff ff ff ff')).ue(), codecError('invalid'));
  assert.throws(() => new BitReader(bytes('28')).ueAtMost(3, 'x'), codecError('invalid'));
});

test('every read past the end is a typed error', () => {
  const reader = (): BitReader => new BitReader(bytes('00 ff'));
  assert.throws(() => reader().bits(17), codecError('truncated'));
  assert.throws(() => reader().skip(17), codecError('truncated'));
  assert.throws(() => reader().bytes(3), codecError('truncated'));
  assert.throws(() => new BitReader(bytes('00')).ue(), codecError('truncated'));
  assert.throws(() => new BitReader(bytes('')).flag(), codecError('truncated'));
});

test('whole bytes are views and need a byte boundary', () => {
  const data = bytes('01 02 03');
  const reader = new BitReader(data);
  reader.skip(8);
  assert.equal(reader.bytes(2).buffer, data.buffer);
  const inside = new BitReader(data);
  inside.skip(3);
  assert.throws(() => inside.bytes(1), codecError('invalid'));
});
