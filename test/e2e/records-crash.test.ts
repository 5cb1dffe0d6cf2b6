import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordCrashRounds } from './support/record-crash-rounds.ts';

test('kill -9 during puts and splits loses, doubles and reorders nothing (short form of test/bench/crash-records.ts)', async () => {
  const report = await recordCrashRounds({ rounds: 4, writers: 4 });
  assert.ok(report.acknowledged >= 160, `only ${report.acknowledged} records were at stake`);
  assert.deepEqual([report.missing, report.faults], [[], []]);
});
