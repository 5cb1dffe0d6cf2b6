/**
 * The long crash run: `node test/bench/crash-server.ts [rounds=200] [publishers=50]`. Kills the whole server with SIGKILL
 * while publishers write; prints how many fragments were reported persisted and how many of them were missing later.
 */
import { crashRounds } from '../e2e/support/crash-rounds.ts';

const rounds = Number(process.argv[2] ?? 200);
const publishers = Number(process.argv[3] ?? 50);
const report = await crashRounds({
  rounds,
  publishers,
  verifyEvery: 25,
  onRound: (round, persisted) =>
    console.log(`round ${round}: ${persisted} fragments persisted before the kill`),
});
console.log(
  `| ${report.rounds} kills | ${publishers} publishers | ${report.persisted} persisted | ${report.missing.length} missing |`,
);
for (const fragment of report.missing) console.log(`missing: ${fragment}`);
process.exit(report.missing.length === 0 ? 0 : 1);
