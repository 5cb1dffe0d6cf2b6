import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pacer } from '../../../../../server/delivery/mqtt/pacer.ts';

test("a second's worth at once, then one after the other", () => {
  const pacer = new Pacer(10);
  const waits = Array.from({ length: 13 }, () => pacer.take(5000));
  assert.deepEqual(waits.slice(0, 10), Array(10).fill(0));
  assert.deepEqual(waits.slice(10), [100, 200, 300]);
  assert.equal(pacer.take(60_000), 0, 'after a rest');
});
