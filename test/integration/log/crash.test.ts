import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCrashRounds } from './crash-rounds.ts';
import { makeTemporaryDirectory } from './support.ts';

// The long form, with as many rounds as wanted, is test/bench/crash-log.ts.
test('kill -9 while 20 streams are written: no acknowledged fragment is ever missing', async (context) => {
  const report = await runCrashRounds(makeTemporaryDirectory(context), 10, 20);
  assert.equal(report.rounds, 10);
  assert.ok(report.acknowledged > 1000);
});
