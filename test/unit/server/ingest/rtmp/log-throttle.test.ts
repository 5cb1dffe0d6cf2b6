import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogThrottle } from '../../../../../server/ingest/rtmp/log-throttle.ts';

test('one line a minute, and how many were left out', () => {
  const throttle = new LogThrottle();
  assert.equal(throttle.pass('a', 0), 0);
  assert.equal(throttle.pass('a', 1), undefined);
  assert.equal(throttle.pass('b', 1), 0);
  assert.equal(throttle.pass('a', 59_999), undefined);
  assert.equal(throttle.pass('a', 60_000), 2);
  assert.equal(throttle.pass('a', 60_001), undefined);
  assert.equal(throttle.pass('a', 10), 1, 'a clock set back silences nobody');
});

test('its memory is bounded', () => {
  const throttle = new LogThrottle();
  for (let i = 0; i < 5000; i++) throttle.pass(`peer ${i}`, 0);
  assert.equal(throttle.pass('peer 4999', 1), undefined);
  assert.equal(throttle.pass('peer 0', 1), 0);
});
