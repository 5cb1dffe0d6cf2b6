/**
 * Identities over time: our tracker beside plain IoU, on made-up sequences and on what the default model finds in real clips
 * (test/fixtures/tracking). Prints the table of docs/benchmarks.md.
 *
 *   node test/bench/tracking.ts [seeds]
 */
import { RATES, type Row, sumOver, tableOf } from '../support/mot/compare.ts';

const seeds = Number(process.argv[2] ?? 20);
const rows = tableOf(seeds);

function print(title: string, isWanted: (row: Row) => boolean): void {
  const cells = RATES.map((rate) => {
    const { ours, plain } = sumOver(rows, (row) => isWanted(row) && row.framesPerSecond === rate);
    return [
      `| ${title} | ${rate} | ${ours.objects}`,
      `${ours.switches} / ${plain.switches}`,
      `${ours.transfers} / ${plain.transfers}`,
      `${ours.fragmentations} / ${plain.fragmentations}`,
      `${ours.misses} / ${plain.misses} |`,
    ].join(' | ');
  });
  console.log(cells.join('\n'));
}

console.log('| sequence | fps | objects | switches | transfers | fragmentations | misses |');
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const name of new Set(rows.map((row) => row.name))) print(name, (row) => row.name === name);
print('all made up', (row) => !row.isReal);
print('all real', (row) => row.isReal);
