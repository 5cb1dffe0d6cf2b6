import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  compareSequenceNumbers,
  END_POSITION,
  formatSequenceNumber,
  parseSequenceNumber,
  SequenceNumbers,
} from '../../../../server/records/sequence-number.ts';

const shard = fc.record({
  shardCreatedS: fc.integer({ min: 1_300_000_000, max: 1_900_000_000 }),
  shardIndex: fc.integer({ min: 0, max: 0xffff_ffff }),
});

test('numbers have 56 digits, begin as those of the service, and read back', () => {
  fc.assert(
    fc.property(
      shard,
      fc.bigInt({ min: 0n, max: END_POSITION }),
      fc.integer({ min: 0, max: 4_000_000_000 }),
      (of, position, arrivalS) => {
        const text = formatSequenceNumber({ ...of, position, arrivalS });
        assert.match(text, /^49[4-9]\d{53}$/);
        assert.deepEqual(parseSequenceNumber(text), { ...of, position, arrivalS });
        assert.equal(new SequenceNumbers(of).at(position, arrivalS * 1000 + 999), text);
      },
    ),
  );
});

test('within a shard they grow with the position, whatever the time', () => {
  fc.assert(
    fc.property(shard, fc.nat(), fc.nat(), fc.nat(), (of, position, oneMs, otherMs) => {
      const numbers = new SequenceNumbers(of);
      const [a, b] = [numbers.at(position, oneMs), numbers.at(position + 1, otherMs)];
      assert.ok(compareSequenceNumbers(a, b) < 0);
      assert.equal(BigInt(a) < BigInt(b), true);
    }),
  );
});

test('a number of the real service reads as what it is', () => {
  // The record of the example event in AWS's guide to Lambda with Kinesis.
  assert.deepEqual(parseSequenceNumber('49590338271490256608559692538361571095921575989136588898'), {
    shardCreatedS: 0x5bf4e5c2,
    shardIndex: 6,
    position: 0x67648a17n,
    arrivalS: 0x5c181eea,
  });
});

test('what is no sequence number of version 2 is not read', () => {
  for (const text of [
    '',
    '0',
    '-1',
    '1e5',
    '49',
    '0x12',
    '4954346307654800757710509270303956035997522851839501268x',
  ]) {
    assert.equal(parseSequenceNumber(text), undefined, text);
  }
});
