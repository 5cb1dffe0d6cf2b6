/**
 * The long form of the log's crash test: `node test/bench/crash-log.ts [rounds=200] [streams=50]`. Kills a writing
 * process that often; ends with an AssertionError when an acknowledged fragment is missing, changed, or an index is wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCrashRounds } from '../integration/log/crash-rounds.ts';

const rounds = Number(process.argv[2] ?? 200);
const streams = Number(process.argv[3] ?? 50);
const directory = mkdtempSync(join(tmpdir(), 'framelog-crash-'));
const startMs = performance.now();
try {
  const report = await runCrashRounds(directory, rounds, streams, (so) => {
    if (so.rounds % 10 === 0) console.log(JSON.stringify(so));
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  console.log(
    `${report.rounds} kills with ${streams} streams in ${seconds} s: ${report.acknowledged} fragments acknowledged, ` +
      `0 missing, ${report.tornTails} torn tails cut, ${report.deletedByRetention} deleted by retention meanwhile`,
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
