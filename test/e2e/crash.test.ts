import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashRounds } from './support/crash-rounds.ts';

test('kill -9 of the server under load loses no persisted fragment (short form of test/bench/crash-server.ts)', async () => {
  const report = await crashRounds({ rounds: 4, publishers: 10, verifyEvery: 2 });
  assert.ok(report.persisted >= 40, `only ${report.persisted} fragments were at stake`);
  assert.deepEqual(report.missing, []);
});
