import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeFragmentBox,
  encodeFragmentBox,
  type FragmentBox,
  FragmentBoxError,
  fragmentBoxBytes,
} from '../../../../fragments/stream/fragment-box.ts';
import { FragmentIndex } from '../../../../fragments/stream/fragment-index.ts';
import { formatFragmentNumber } from '../../../../fragments/stream/fragment-number.ts';
import { initSegmentOf } from '../../../../fragments/stream/init-id.ts';

const uint32 = fc.nat(0xffff_ffff);
const boxes: fc.Arbitrary<FragmentBox> = fc
  .record(
    {
      sequence: fc.maxSafeNat(),
      serverMs: fc.maxSafeNat(),
      random28: fc.nat(0xfff_ffff),
      fragment: fc.record(
        {
          ordinal: fc.maxSafeNat(),
          run: uint32,
          startsRun: fc.boolean(),
          gapBefore: fc.boolean(),
          independent: fc.boolean(),
          producerMs: fc.double({ noNaN: true, noDefaultInfinity: true }),
          initId: fc.stringMatching(/^[0-9a-f]{16}$/),
          timescale: fc.integer({ min: 1, max: 0xffff_ffff }),
          startTicks: fc.maxSafeInteger(),
          durationTicks: fc.maxSafeNat(),
          sizeBytes: fc.maxSafeNat(),
        },
        { noNullPrototype: true },
      ),
      chunkIndex: fc.nat(0xffff),
      isLast: fc.boolean(),
      chunkDurationTicks: fc.maxSafeNat(),
      tags: fc.array(
        fc.record(
          { name: fc.string({ unit: 'grapheme' }), value: fc.string({ unit: 'grapheme' }) },
          { noNullPrototype: true },
        ),
        { maxLength: 10 },
      ),
      chunkBytes: fc.maxSafeNat(),
      chunkCrc: uint32,
    },
    { noNullPrototype: true },
  )
  .map(({ sequence, serverMs, random28, fragment, ...box }) => ({
    ...box,
    fragment: { ...fragment, serverMs, number: formatFragmentNumber({ sequence, serverMs, random28 }) },
  }));

test('reads back as it was written, whatever stands behind it', () => {
  fc.assert(
    fc.property(boxes, fc.uint8Array({ maxLength: 50 }), (box, behind) => {
      const bytes = encodeFragmentBox(box);
      assert.equal(bytes.length, fragmentBoxBytes(box.tags));
      assert.equal(bytes.readUInt32BE(0), bytes.length);
      assert.deepEqual(decodeFragmentBox(Buffer.concat([bytes, behind])), box);
    }),
    { numRuns: 500 },
  );
});

test('any bytes are a typed error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.throws(() => decodeFragmentBox(bytes), FragmentBoxError);
    }),
  );
});

test('values that it cannot hold are refused', () => {
  const [good] = fc.sample(boxes, { numRuns: 1, seed: 7 });
  assert.ok(good);
  const bad: Partial<FragmentBox>[] = [
    { chunkIndex: 70_000 },
    { chunkBytes: -1 },
    { chunkDurationTicks: 0.5 },
    { fragment: { ...good.fragment, startTicks: 0.5 } },
    { fragment: { ...good.fragment, producerMs: Number.NaN } },
    { fragment: { ...good.fragment, run: 2 ** 32 } },
    { fragment: { ...good.fragment, initId: 'short' } },
    { tags: [{ name: 'n', value: 'v'.repeat(65_536) }] },
  ];
  for (const change of bad) assert.throws(() => encodeFragmentBox({ ...good, ...change }), FragmentBoxError);
});

test('an index reads back as it was written, and not at all when it is cut or a bit is wrong', () => {
  fc.assert(
    fc.property(fc.array(boxes, { minLength: 1, maxLength: 20 }), fc.nat(), (made, at) => {
      const index = new FragmentIndex(500, '0123456789abcdef');
      const stored = made.map(({ fragment }, row) => ({
        info: { ...fragment, ordinal: row * 3, initId: '0123456789abcdef', sizeBytes: 1000 + row },
        offsetBytes: 500 + row * 2000,
        boxBytes: 130,
        chunks: 1 + row,
      }));
      for (const fragment of stored) index.add(fragment);
      const parsed = FragmentIndex.parse(Buffer.from(index.bytes));
      assert.ok(parsed);
      assert.deepEqual(
        stored.map((_, row) => parsed.storedAt(row)),
        stored,
      );
      assert.equal(parsed.headBytes, 500);
      const cut = index.bytes.subarray(0, at % index.bytes.length);
      if (cut.length % 88 !== 0 || cut.length < 176) assert.equal(FragmentIndex.parse(cut), undefined);
      const broken = Buffer.from(index.bytes);
      broken[at % broken.length] = (broken[at % broken.length] ?? 0) ^ 4;
      assert.equal(FragmentIndex.parse(broken), undefined);
    }),
  );
});

test('equal init segments have the same id, others another', () => {
  const [one, same, other] = ['a', 'a', 'b'].map((text) => initSegmentOf(Buffer.from(text)));
  assert.match(one?.id ?? '', /^[0-9a-f]{16}$/);
  assert.equal(one?.id, same?.id);
  assert.notEqual(one?.id, other?.id);
});
