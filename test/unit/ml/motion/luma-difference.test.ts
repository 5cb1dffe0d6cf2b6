import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareLuma } from '../../../../ml/motion/luma-difference.ts';

test('a lighter picture is a shift and no change', () => {
  const before = Uint8Array.from({ length: 500 }, (_, i) => i % 200);
  const after = before.map((value) => value + 30);
  assert.deepEqual(compareLuma(after, before), { shift: 30, spread: 0, threshold: 14 });
  assert.deepEqual(compareLuma(before, Float32Array.from(after)), {
    shift: -30,
    spread: 0,
    threshold: 14,
  });
});

test('noise raises the threshold above itself', () => {
  const before = new Uint8Array(1000).fill(100);
  const noisy = before.map((value, i) => value + ((i * 8) % 21) - 10);
  assert.deepEqual(compareLuma(noisy, before), { shift: 0, spread: 5, threshold: 25 });
});

test('shift and spread are medians, whatever the grids', () => {
  const grids = fc
    .integer({ min: 1, max: 60 })
    .chain((length) =>
      fc.tuple(
        fc.uint8Array({ minLength: length, maxLength: length }),
        fc.uint8Array({ minLength: length, maxLength: length }),
      ),
    );
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.ceil(values.length / 2) - 1];
  fc.assert(
    fc.property(grids, ([luma, reference]) => {
      const { shift, spread } = compareLuma(luma, reference);
      const differences = Array.from(luma, (value, i) => value - (reference[i] ?? 0));
      assert.equal(shift, median([...differences]));
      assert.equal(spread, median(differences.map((value) => Math.abs(value - shift))));
    }),
  );
});
