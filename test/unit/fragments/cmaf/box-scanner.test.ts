import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BoxScanner, type ScannedBox } from '../../../../fragments/cmaf/box-scanner.ts';
import { box } from '../../../../fragments/cmaf/box-writer.ts';
import { Mp4Error } from '../../../../fragments/cmaf/mp4-error.ts';

/** A box with a 64-bit size. */
function largeBox(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(1);
  head.write(type, 4, 'latin1');
  head.writeBigUInt64BE(BigInt(16 + body.length), 8);
  return Buffer.concat([head, body]);
}

const anyBox = fc.record({
  type: fc.constantFrom('uuid', 'prft', 'moof', 'mdat', '\0\xff\x80\x01'),
  body: fc.uint8Array({ maxLength: 300 }),
  isLarge: fc.boolean(),
});

test('boxes are the same however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(anyBox, { maxLength: 12 }),
      fc.infiniteStream(fc.nat(90)),
      fc.nat(40),
      (boxes, cuts, tail) => {
        const expected: ScannedBox[] = [];
        const pieces: Uint8Array[] = [];
        let offset = 0;
        for (const { type, body, isLarge } of boxes) {
          const bytes = isLarge ? largeBox(type, body) : box(type, body);
          expected.push({ type, offset, size: bytes.length, headerSize: isLarge ? 16 : 8 });
          pieces.push(bytes);
          offset += bytes.length;
        }
        const torn = largeBox('mdat', new Uint8Array(30)).subarray(0, tail);
        const stream = Buffer.concat([...pieces, torn]);

        const scanner = new BoxScanner();
        const found: ScannedBox[] = [];
        for (let at = 0; at < stream.length; ) {
          const length = cuts.next().value;
          found.push(...scanner.push(stream.subarray(at, at + length)));
          at += length;
        }
        assert.deepEqual(found, expected);
        assert.equal(scanner.endOfBoxes, offset);
        assert.equal(scanner.tornBox?.presentBytes ?? 0, torn.length);
        if (torn.length > 0) assert.equal(scanner.tornBox?.offset, offset);
        const header = torn.length < 16 ? undefined : { type: 'mdat', headerBytes: 16, sizeBytes: 46 };
        assert.deepEqual(scanner.tornBox?.header, header);
      },
    ),
    { numRuns: 500 },
  );
});

test('offsets count from where the scan started', () => {
  const scanner = new BoxScanner({ startOffset: 5_000_000_000 });
  assert.deepEqual(scanner.push(box('free')), [
    { type: 'free', offset: 5_000_000_000, size: 8, headerSize: 8 },
  ]);
  assert.equal(scanner.endOfBoxes, 5_000_000_008);
});

test('impossible and oversized boxes are refused with a code, after the boxes before them', () => {
  const huge = Buffer.from(largeBox('mdat', new Uint8Array(0)));
  huge.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 8);
  const refusals: [string, Uint8Array][] = [
    ['box-size-zero', Buffer.from('00000000 6d646174 00'.replaceAll(' ', ''), 'hex')],
    ['box-too-small', Buffer.from('00000007 6d646174'.replaceAll(' ', ''), 'hex')],
    ['box-too-small', Buffer.from('00000001 6d646174 0000000000000008'.replaceAll(' ', ''), 'hex')],
    ['box-too-large', Buffer.from('00000401 6d646174'.replaceAll(' ', ''), 'hex')],
    ['box-too-large', huge],
  ];
  for (const [code, bytes] of refusals) {
    const scanner = new BoxScanner({ maxBoxBytes: 1024 });
    const stream = Buffer.concat([box('free', new Uint8Array(1016)), bytes]);
    assert.throws(
      () => scanner.push(stream),
      (error) => error instanceof Mp4Error && error.code === code,
    );
    assert.equal(scanner.endOfBoxes, 1024);
  }
});
