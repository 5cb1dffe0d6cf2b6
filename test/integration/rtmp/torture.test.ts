import assert from 'node:assert/strict';
import { test } from 'node:test';
import { torture } from '../../bench/rtmp-torture.ts';
import { startHarness, until } from './harness.ts';

test('200 connections that are silent, trickle, send garbage or vanish: the camera beside them loses no frame', async (t) => {
  const harness = await startHarness(t, { settings: { maxConnectionsPerAddress: 100 } });
  const report = await torture(`${harness.url}/live/camera`, 200, 50);
  await harness.streams.until(() => harness.streams.last('camera')?.isEnded === true);
  assert.equal(harness.streams.last('camera')?.samples.length, report.frames);
  assert.deepEqual(harness.streams.last('camera')?.failures, []);
  assert.ok(report.returns > 0);
  assert.ok(harness.server.counters.displacedConnections > 0);
  await until(() => harness.server.counters.connections === 0);
});
