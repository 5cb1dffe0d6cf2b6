import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c, crc32cOf } from '../../../../fragments/log/crc32c.ts';

/** Bit by bit, as the definition says. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test('gives the examples of RFC 3720 B.4', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, at) => at);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(crc32c(ascending), 0x46dd794e);
  assert.equal(crc32c(ascending.toReversed()), 0x113fdb5c);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(0)), 0);
});

test('equals the definition for any bytes, in one piece or in many', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 }), (pieces) => {
      const whole = Buffer.concat(pieces);
      assert.equal(crc32c(whole), slowCrc32c(whole));
      assert.equal(crc32cOf(pieces), slowCrc32c(whole));
    }),
  );
});

test('goes on over the edges of its own memory', () => {
  for (const length of [65_535, 65_536, 65_537, 131_072, 200_003]) {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at++) bytes[at] = (at * 2_654_435_761) >>> 11;
    assert.equal(crc32c(bytes), slowCrc32c(bytes), `${length} bytes`);
  }
});
