import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Unwrap32 } from '../../../../fragments/stream/unwrap32.ts';

const DAY_MS = 86_400_000;

function unwrapped(values: readonly number[]): number[] {
  const unwrap = new Unwrap32();
  return values.map((value) => unwrap.next(value));
}

test('takes the first value as it is', () => {
  assert.deepEqual(unwrapped([0]), [0]);
  assert.deepEqual(unwrapped([0xffff_ffff]), [0xffff_ffff]);
  assert.deepEqual(unwrapped([-1]), [0xffff_ffff], 'as a signed field would read');
});

test('24 days: the sign bit means nothing', () => {
  assert.deepEqual(unwrapped([2 ** 31 - 40, 2 ** 31, 2 ** 31 + 40]), [2 ** 31 - 40, 2 ** 31, 2 ** 31 + 40]);
});

test('49 days: goes on over the wrap, again and again', () => {
  const stepMs = 6 * 3_600_000;
  const times = Array.from({ length: 700 }, (_, i) => 1000 + i * stepMs);
  assert.ok((times.at(-1) ?? 0) > 150 * DAY_MS);
  assert.deepEqual(unwrapped(times.map((ms) => ms % 2 ** 32)), times);
});

test('a small step back stays small, also over the wrap', () => {
  assert.deepEqual(unwrapped([100, 80]), [100, 80]);
  assert.deepEqual(unwrapped([2 ** 32 - 10, 10, 2 ** 32 - 5]), [2 ** 32 - 10, 2 ** 32 + 10, 2 ** 32 - 5]);
});

test('a restart from 0 is a large jump, before and after 24 days', () => {
  for (const uptimeMs of [3 * DAY_MS, 30 * DAY_MS]) {
    const [before, after] = unwrapped([uptimeMs, 0]);
    assert.ok(Math.abs((after ?? 0) - (before ?? 0)) > DAY_MS);
  }
});

test('any sequence of steps under 2^31 comes out as it went in', () => {
  const steps = fc.array(fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }), { maxLength: 50 });
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 31 - 1 }), steps, (start, deltas) => {
      let wide = start;
      const expected = [start, ...deltas.map((delta) => (wide += delta))];
      assert.deepEqual(unwrapped(expected.map((value) => ((value % 2 ** 32) + 2 ** 32) % 2 ** 32)), expected);
    }),
  );
});
