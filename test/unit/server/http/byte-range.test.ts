import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseByteRange, sliceBuffers } from '../../../../server/http/byte-range.ts';

test('reads first-last, open and suffix ranges', () => {
  assert.deepEqual(parseByteRange('bytes=0-0', 10), { startBytes: 0, endBytes: 1 });
  assert.deepEqual(parseByteRange('bytes=3-5', 10), { startBytes: 3, endBytes: 6 });
  assert.deepEqual(parseByteRange('bytes=3-', 10), { startBytes: 3, endBytes: 10 });
  assert.deepEqual(parseByteRange('bytes=3-99', 10), { startBytes: 3, endBytes: 10 });
  assert.deepEqual(parseByteRange('bytes=-4', 10), { startBytes: 6, endBytes: 10 });
  assert.deepEqual(parseByteRange('bytes=-40', 10), { startBytes: 0, endBytes: 10 });
});

test('a range behind the end is unsatisfiable', () => {
  assert.equal(parseByteRange('bytes=10-', 10), 'unsatisfiable');
  assert.equal(parseByteRange('bytes=10-12', 10), 'unsatisfiable');
  assert.equal(parseByteRange('bytes=-0', 10), 'unsatisfiable');
  assert.equal(parseByteRange('bytes=0-', 0), 'unsatisfiable');
});

test('what is not one range of bytes is ignored', () => {
  for (const header of [
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=5-3',
    'bytes=0-1,4-5',
    'items=0-1',
    'bytes=x-1',
  ]) {
    assert.equal(parseByteRange(header, 10), undefined, header);
  }
});

test('slices of any list of buffers are the bytes of the range', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 }),
      fc.nat(200),
      fc.nat(200),
      (buffers, a, b) => {
        const whole = Buffer.concat(buffers);
        const startBytes = Math.min(a, b, whole.length);
        const endBytes = Math.min(Math.max(a, b), whole.length);
        const slices = sliceBuffers(buffers, { startBytes, endBytes });
        assert.deepEqual(Buffer.concat(slices), whole.subarray(startBytes, endBytes));
      },
    ),
  );
});
