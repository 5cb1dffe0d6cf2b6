import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  annexBToLengthPrefixed,
  joinAnnexB,
  joinLengthPrefixed,
  lengthPrefixedToAnnexB,
  NalCursor,
  splitAnnexB,
  splitLengthPrefixed,
  withoutEmulationPrevention,
} from '../../../../fragments/media/nal-units.ts';
import { bytes, codecError, hex } from './codec-fixtures.ts';

/** Adds emulation prevention (H.264 §7.4.1) the plain way, and ends in a byte that is not 0, as NAL units do. */
function nalOf(payload: Uint8Array): Uint8Array {
  const out: number[] = [0x65];
  for (const byte of payload) {
    if (byte <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
    out.push(byte);
  }
  return Uint8Array.from(out.at(-1) === 0 ? [...out, 0x80] : out);
}

/** Many zeros and small values, so that start codes and emulation prevention happen. */
const payload = fc
  .uint8Array({ maxLength: 60 })
  .chain((noise) =>
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 2, 3, 255), { maxLength: 60 })
      .map((small) => Uint8Array.from([...small, ...noise])),
  );
const nals = fc.array(payload.map(nalOf), { maxLength: 6 });

test('length-prefixed and Annex B forms turn into each other', () => {
  fc.assert(
    fc.property(nals, fc.constantFrom(2, 3, 4), (units, lengthSize) => {
      const sample = joinLengthPrefixed(units, lengthSize);
      assert.deepEqual(splitLengthPrefixed(sample, lengthSize).map(hex), units.map(hex));
      const stream = lengthPrefixedToAnnexB(sample, lengthSize);
      assert.deepEqual(splitAnnexB(stream).map(hex), units.map(hex));
      assert.equal(hex(annexBToLengthPrefixed(stream)), hex(joinLengthPrefixed(units)));
    }),
  );
});

test('emulation prevention bytes are dropped, and only they', () => {
  fc.assert(
    fc.property(payload, (data) => {
      const rbsp = withoutEmulationPrevention(nalOf(data));
      assert.equal(hex(rbsp.subarray(1, 1 + data.length)), hex(data));
    }),
  );
  assert.equal(hex(withoutEmulationPrevention(bytes('00 00 03 00 00 03 01'))), '0000000001');
  assert.equal(hex(withoutEmulationPrevention(bytes('68 00 00 03'))), '680000');
  const plain = bytes('01 02 03');
  assert.equal(withoutEmulationPrevention(plain), plain);
});

test('Annex B with three-byte codes, zero padding, a leading scrap and empty units', () => {
  const stream = bytes('ff 000001 65aa 000000 00000001 41bb 000001 000001 06cc 0000');
  assert.deepEqual(splitAnnexB(stream).map(hex), ['65aa', '41bb', '06cc']);
  assert.deepEqual(splitAnnexB(bytes('65aa')), []);
  assert.equal(hex(joinAnnexB([bytes('65aa')])), '0000000165aa');
});

test('views share the memory of the sample', () => {
  const sample = joinLengthPrefixed([bytes('65aa')]);
  assert.equal(splitLengthPrefixed(sample, 4)[0]?.buffer, sample.buffer);
});

test('torn lengths are typed errors, or end the walk', () => {
  for (const torn of ['00000003 65aa', '000000', '00000001 65 ffffffff 00']) {
    assert.throws(() => splitLengthPrefixed(bytes(torn), 4), codecError('truncated'));
    const cursor = new NalCursor(bytes(torn), 4);
    while (cursor.next()) assert.equal(cursor.end - cursor.start, 1);
    assert.equal(cursor.isTorn, true);
  }
  assert.throws(() => joinLengthPrefixed([new Uint8Array(256)], 1), codecError('unsupported'));
});

test('empty units are stepped over', () => {
  assert.deepEqual(splitLengthPrefixed(bytes('00000000 00000002 65aa 00000000'), 4).map(hex), ['65aa']);
});
