import assert from 'node:assert/strict';
import { test } from 'node:test';
import { putMediaCrashRounds } from './support/put-media-crash-rounds.ts';

test('kill -9 during PutMedia loses nothing that was called PERSISTED (short form of test/bench/crash-put-media.ts)', async () => {
  const report = await putMediaCrashRounds({ rounds: 4, producers: 5 });
  assert.ok(report.persisted >= 20, `only ${report.persisted} fragments were at stake`);
  assert.deepEqual([report.missing, report.twice, report.unreadable], [[], [], []]);
});
