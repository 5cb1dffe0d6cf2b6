/**
 * The long fuzzing run: `node --expose-gc test/fuzz/run.ts [inputs per target] [target name part]`.
 * Prints a line a target; exits 1 on an untyped error, a slow input or memory that grows.
 */
import { loadTargets, runCampaign } from './campaign.ts';

const inputs = Number(process.argv[2] ?? 1_000_000);
const only = process.argv[3] ?? '';
const MEMORY_LIMIT_BYTES = 64 << 20;
let failed = false;

for (const target of await loadTargets()) {
  if (!target.name.includes(only)) continue;
  const report = runCampaign(target, { inputs, seed: Number(process.env.FUZZ_SEED ?? 1), slowLimitMs: 20 });
  const bad =
    report.untyped.length > 0 || report.slow.length > 0 || report.memoryGrowthBytes > MEMORY_LIMIT_BYTES;
  failed ||= bad;
  console.log(
    `${bad ? 'FAIL' : 'ok  '} ${report.name.padEnd(20)} ${report.inputs} inputs, ${report.accepted} accepted, ` +
      `${report.refused} refused, slowest ${report.slowestMs.toFixed(1)} ms, ` +
      `memory ${(report.memoryGrowthBytes / 1048576).toFixed(1)} MiB`,
  );
  for (const finding of [...report.untyped, ...report.slow]) {
    console.log(`     ${finding.detail}\n     input ${finding.inputHex.slice(0, 4000)}`);
  }
}
process.exit(failed ? 1 : 0);
