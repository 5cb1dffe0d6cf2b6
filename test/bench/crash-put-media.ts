/**
 * The long crash run of PutMedia: `node test/bench/crash-put-media.ts [rounds=100] [producers=10]`. Kills the server with SIGKILL
 * while producers send; prints how many fragments were called PERSISTED, and how many of them were missing, double or unreadable.
 */
import { putMediaCrashRounds } from '../e2e/support/put-media-crash-rounds.ts';

const rounds = Number(process.argv[2] ?? 100);
const producers = Number(process.argv[3] ?? 10);
const { persisted, missing, twice, unreadable } = await putMediaCrashRounds({
  rounds,
  producers,
  onRound: (round, count) => console.log(`round ${round}: ${count} fragments persisted before the kill`),
});
console.log(
  `| ${rounds} kills | ${producers} producers | ${persisted} persisted | ${missing.length} missing | ` +
    `${twice.length} twice | ${unreadable.length} unreadable |`,
);
for (const name of [...missing, ...twice, ...unreadable]) console.log(`bad: ${name}`);
process.exit(missing.length + twice.length + unreadable.length === 0 ? 0 : 1);
