import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  equalRanges,
  hashKeyOf,
  isIn,
  MAX_HASH_KEY,
  parseHashKey,
} from '../../../../server/records/hash-key.ts';

test('the hash key is the MD5 of the partition key', () => {
  assert.equal(hashKeyOf('a'), 0x0cc175b9c0f1b6a831c399e269772661n);
  assert.equal(hashKeyOf('ü'), BigInt('0xc03410a5204b21cd8229ff754688d743'));
});

test('ranges cover all keys once', () => {
  for (const count of [1, 2, 3, 4, 7, 10, 1000]) {
    const ranges = equalRanges(count);
    assert.equal(ranges[0]?.start, 0n);
    assert.equal(ranges.at(-1)?.end, MAX_HASH_KEY);
    for (const [index, range] of ranges.entries()) {
      assert.ok(range.start <= range.end);
      if (index > 0) assert.equal(range.start, (ranges[index - 1]?.end ?? 0n) + 1n);
    }
  }
  assert.ok(isIn({ start: 5n, end: 6n }, 6n) && !isIn({ start: 5n, end: 6n }, 7n));
});

test('explicit hash keys are decimal and below 2^128', () => {
  assert.equal(parseHashKey('0'), 0n);
  assert.equal(parseHashKey(MAX_HASH_KEY.toString()), MAX_HASH_KEY);
  for (const text of ['', '00', '01', '-1', '1.5', 'a', (MAX_HASH_KEY + 1n).toString(), '9'.repeat(39)]) {
    assert.equal(parseHashKey(text), undefined, text);
  }
});
