import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KplRecordError, looksAggregated, openAggregated } from '../../../consumer/kpl-record.ts';
import { aggregate, bytesField, framed, numberField } from './support/aggregate.ts';

const records = fc.array(
  fc.record(
    {
      partitionKey: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
      explicitHashKey: fc.bigInt(0n, 2n ** 128n - 1n).map(String),
      data: fc.uint8Array({ maxLength: 300 }),
    },
    { requiredKeys: ['partitionKey', 'data'] },
  ),
);

test('what was aggregated comes out again, in order, with its keys', () => {
  fc.assert(
    fc.property(records, fc.array(fc.string()), (put, tags) => {
      const data = aggregate(put, tags);
      assert.ok(looksAggregated(data));
      assert.deepEqual(
        openAggregated(data).map((record) => ({ ...record, data: Buffer.from(record.data) })),
        put.map((record) => ({
          partitionKey: record.partitionKey,
          explicitHashKey: record.explicitHashKey,
          data: Buffer.from(record.data),
        })),
      );
    }),
    { numRuns: 200 },
  );
});

test('the bytes are those of the published format', () => {
  // One key "pk" and one record with the data "hi", written out by hand.
  const message = Buffer.from('0a02706b' + '1a06' + '0800' + '1a026869', 'hex');
  assert.deepEqual(openAggregated(framed(message)), [
    { partitionKey: 'pk', explicitHashKey: undefined, data: Buffer.from('hi') },
  ]);
});

test('fields that are not known are passed over, in any order', () => {
  const record = bytesField(
    3,
    Buffer.concat([bytesField(3, Buffer.from('x')), numberField(9, 7), numberField(1, 0)]),
  );
  const fixed = Buffer.from([0x49, 1, 2, 3, 4, 5, 6, 7, 8, 0x4d, 1, 2, 3, 4]);
  const message = Buffer.concat([record, fixed, bytesField(1, Buffer.from('key')), numberField(1, 5)]);
  assert.equal(openAggregated(framed(message))[0]?.partitionKey, 'key');
});

test('everything else is refused with a typed error', () => {
  const good = aggregate([{ partitionKey: 'k', data: Buffer.from('x') }]);
  const bent = Buffer.from(good);
  bent[8] = (bent[8] ?? 0) ^ 1;
  const bad: readonly [string, Uint8Array, KplRecordError['code']][] = [
    ['no magic', Buffer.from('{"json": true, "long": "enough"}'), 'malformed'],
    ['a bent byte', bent, 'bad-checksum'],
    ['cut', good.subarray(0, good.length - 1), 'bad-checksum'],
    ['a key that is not there', framed(bytesField(3, Buffer.concat([numberField(1, 3)]))), 'malformed'],
    [
      'no data',
      framed(Buffer.concat([bytesField(1, Buffer.from('k')), bytesField(3, numberField(1, 0))])),
      'malformed',
    ],
    ['text that is none', framed(bytesField(1, Uint8Array.from([0xff]))), 'malformed'],
    ['a group', framed(Uint8Array.from([0x0b])), 'malformed'],
    ['the field 0', framed(Uint8Array.from([0x00, 0x00])), 'malformed'],
    ['an endless number', framed(new Uint8Array(20).fill(0xff)), 'malformed'],
    ['a number above 2^53', framed(Uint8Array.from([0x08, ...Array(9).fill(0xff), 0x01])), 'malformed'],
    ['a field longer than the rest', framed(Uint8Array.from([0x0a, 0x7f, 0x01])), 'malformed'],
  ];
  for (const [what, data, code] of bad) {
    assert.throws(
      () => openAggregated(data),
      (error) => error instanceof KplRecordError && error.code === code,
      what,
    );
  }
  assert.equal(looksAggregated(Uint8Array.from([0xf3, 0x89, 0x9a, 0xc2])), false);
});
