/**
 * The long crash run of the data streams: `node test/bench/crash-records.ts [rounds=200] [writers=4]`. Kills the server with SIGKILL
 * while writers put and shards are split and merged; prints how many records were acknowledged, and how many of them were missing,
 * double or out of order.
 */
import { recordCrashRounds } from '../e2e/support/record-crash-rounds.ts';

const rounds = Number(process.argv[2] ?? 200);
const writers = Number(process.argv[3] ?? 4);
const { acknowledged, reshards, missing, faults } = await recordCrashRounds({
  rounds,
  writers,
  onRound: (round, count) => console.log(`round ${round}: ${count} records acknowledged before the kill`),
});
console.log(
  `| ${rounds} kills | ${writers} writers | ${reshards} splits and merges | ${acknowledged} acknowledged | ${missing.length} missing | ` +
    `${faults.length} double, reordered or seen differently |`,
);
for (const one of [...missing, ...faults].slice(0, 100)) console.log(`bad: ${one}`);
process.exit(missing.length + faults.length === 0 ? 0 : 1);
