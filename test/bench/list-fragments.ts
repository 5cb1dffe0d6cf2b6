/**
 * ListFragments over a long recording: all pages of a thousand, the first page, and one page at an instant in the middle,
 * by both clocks. Every tenth session of the producer begins with its clock an hour back, so that producer times are not in
 * the order of arrival.
 *
 *   node test/bench/list-fragments.ts [fragments=100000]
 */

import type { ReadSource } from '../../fragments/stream/stream-reader.ts';
import { fragmentsStarting } from '../../server/aws/kinesis-video/list-fragments.ts';
import { ChunkMaker, LogRig } from '../unit/fragments/stream/support/log-rig.ts';

const count = Number(process.argv[2] ?? 100_000);
const SESSION = 500;
const HOUR_MS = 3_600_000;
const PAGE = 1000;

const rig = new LogRig();
const log = await rig.open();
const maker = new ChunkMaker();
maker.payloadBytes = 16;
const startMs = maker.serverMs;
for (let written = 0; written < count; written += SESSION) {
  maker.producerOffsetMs = (written / SESSION) % 10 === 9 ? -HOUR_MS : -40;
  maker.startRun();
  await rig.write(log, maker, SESSION);
}
const endMs = maker.serverMs;
const source = { log, window: { fragments: [], current: undefined } } as unknown as ReadSource;

async function measure(name: string, work: () => Promise<number>): Promise<void> {
  const times: number[] = [];
  let found = 0;
  for (let run = 0; run < 5; run++) {
    const before = performance.now();
    found = await work();
    times.push(performance.now() - before);
  }
  times.sort((left, right) => left - right);
  console.log(`| ${name} | ${found} | ${(times[2] ?? 0).toFixed(2)} |`);
}

console.log(`${log.end.nextOrdinal} fragments\n| what | found | ms, median of 5 |\n|---|---|---|`);
for (const clock of ['server', 'producer'] as const) {
  const whole = { clock, fromMs: startMs - 2 * HOUR_MS, toMs: endMs };
  await measure(`${clock} time, first page`, async () => {
    return (await fragmentsStarting(source, { ...whole, ordinal: 0 }, PAGE)).length;
  });
  await measure(`${clock} time, a minute in the middle`, async () => {
    const middleMs = Math.round((startMs + endMs) / 2);
    const range = { clock, fromMs: middleMs, toMs: middleMs + 60_000, ordinal: 0 };
    return (await fragmentsStarting(source, range, PAGE)).length;
  });
  await measure(`${clock} time, all pages`, async () => {
    let found = 0;
    let ordinal = 0;
    for (;;) {
      const page = await fragmentsStarting(source, { ...whole, ordinal }, PAGE + 1);
      found += Math.min(PAGE, page.length);
      const next = page[PAGE];
      if (next === undefined) return found;
      ordinal = next.ordinal;
    }
  });
}
await log.close();
