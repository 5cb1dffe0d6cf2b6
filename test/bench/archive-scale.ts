/**
 * The archive at scale: `node test/bench/archive-scale.ts [fragments=10000000] [streams=200] [seconds per fragment=2]`.
 *
 * What is made: for each stream, log files of 15 minutes with true names, true `.idx` files with a row for each fragment,
 * and a true manifest, by the code that the log itself uses. The media files hold their init segment only: opening and
 * finding read no media, so none is made. The measuring process is a fresh one; `cold` means that the page cache
 * of the file system was dropped before (needs root on Linux; said when it could not be).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSummary } from '../../fragments/log/file-summary.ts';
import { FragmentIndex, summarize } from '../../fragments/stream/fragment-index.ts';
import { formatFragmentNumber } from '../../fragments/stream/fragment-number.ts';
import { initSegmentOf } from '../../fragments/stream/init-id.ts';
import { LogStore } from '../../fragments/stream/log-store.ts';

const START_MS = 1_700_000_000_000;
const FILE_MS = 15 * 60_000;
const SEARCHES = 1000;
const SEGMENT_BYTES = 1_000_000;
const BOX_BYTES = 130;

function makeStream(directory: string, fragments: number, fragmentMs: number): void {
  mkdirSync(directory, { recursive: true });
  const init = initSegmentOf(Buffer.from('an init segment'));
  const perFile = Math.floor(FILE_MS / fragmentMs);
  const summaries: Buffer[] = [];
  for (let first = 0; first < fragments; first += perFile) {
    const index = new FragmentIndex(init.bytes.length, init.id);
    for (let ordinal = first; ordinal < Math.min(fragments, first + perFile); ordinal++) {
      const serverMs = START_MS + ordinal * fragmentMs;
      const number = formatFragmentNumber({ sequence: 1001 + ordinal, serverMs, random28: 7 });
      index.add({
        info: {
          number,
          ordinal,
          run: 0,
          startsRun: ordinal === 0,
          gapBefore: false,
          independent: true,
          serverMs,
          producerMs: serverMs - 40,
          initId: init.id,
          timescale: 90_000,
          startTicks: ordinal * fragmentMs * 90,
          durationTicks: fragmentMs * 90,
          sizeBytes: SEGMENT_BYTES,
        },
        offsetBytes: index.endBytes,
        boxBytes: BOX_BYTES,
        chunks: 1,
      });
    }
    const key = index.keyAt(0);
    const path = join(directory, formatFragmentNumber(key));
    writeFileSync(`${path}.mp4`, init.bytes);
    writeFileSync(`${path}.idx`, index.bytes);
    summaries.push(encodeSummary(summarize(index, key, index.endBytes)));
  }
  writeFileSync(join(directory, 'manifest'), Buffer.concat(summaries));
}

/** Answers whether it worked. */
function dropPageCache(): boolean {
  try {
    execFileSync('sync');
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch {
    return false;
  }
}

function median(values: number[]): number {
  return values.sort((left, right) => left - right)[values.length >> 1] ?? 0;
}

const rssMb = (): string => (process.memoryUsage.rss() / 1e6).toFixed(0);

/** Runs in its own process: opens everything and searches. */
async function measure(
  directory: string,
  streams: number,
  perStream: number,
  fragmentMs: number,
): Promise<void> {
  const baseRss = rssMb();
  const startMs = performance.now();
  const store = new LogStore({ directory });
  const failures = await store.openAll();
  const openMs = performance.now() - startMs;
  if (failures.size > 0) throw new Error(`${failures.size} streams could not be opened`);
  console.log(
    `  open ${store.stats().openStreams} streams: ${openMs.toFixed(0)} ms; memory ${rssMb()} MB (${baseRss} MB before)`,
  );
  const search = async (label: string, clock: 'serverMs' | 'producerMs'): Promise<void> => {
    const times: number[] = [];
    for (let count = 0; count < SEARCHES; count++) {
      const log = await store.open(`cam-${(count * 7919) % streams}`);
      const atMs = START_MS + ((count * 2_654_435_761) % (perStream * fragmentMs));
      const before = performance.now();
      const found = await log.find({ by: clock, atMs });
      times.push(performance.now() - before);
      if (found === undefined) throw new Error(`nothing found at ${atMs}`);
    }
    const p50 = median(times);
    const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
    console.log(
      `  find at a random instant, ${label}: median ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; memory ${rssMb()} MB`,
    );
  };
  await search('first pass (server time)', 'serverMs');
  await search('second pass (server time)', 'serverMs');
  await search('by producer time', 'producerMs');
  const log = await store.open('cam-0');
  const before = performance.now();
  const ranges = await log.ranges('server', START_MS, START_MS + perStream * fragmentMs);
  const rangesMs = performance.now() - before;
  console.log(
    `  ranges over all of a stream (${perStream} fragments): ${rangesMs.toFixed(1)} ms, ${ranges.length} range`,
  );
  await store.close();
}

const [first, ...others] = process.argv.slice(2);
if (first === 'measure') {
  const [directory = '', streams, perStream, fragmentMs] = others;
  await measure(directory, Number(streams), Number(perStream), Number(fragmentMs));
} else {
  const streams = Number(others[0] ?? 200);
  const perStream = Math.ceil(Number(first ?? 10_000_000) / streams);
  const fragmentMs = Number(others[1] ?? 2) * 1000;
  const directory = mkdtempSync(join(tmpdir(), 'framelog-scale-'));
  try {
    const startMs = performance.now();
    for (let stream = 0; stream < streams; stream++) {
      makeStream(join(directory, 'streams', `cam-${stream}`), perStream, fragmentMs);
    }
    const files = Math.ceil((perStream * fragmentMs) / FILE_MS) * streams;
    const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
    console.log(
      `made in ${seconds} s: ${streams} streams, ${perStream * streams} fragments of ${fragmentMs / 1000} s in ${files} files ` +
        '(names, indexes and manifests as the log writes them; media files with their init segment only)',
    );
    const run = (): void => {
      execFileSync(
        process.execPath,
        [import.meta.filename, 'measure', directory, String(streams), String(perStream), String(fragmentMs)],
        { stdio: 'inherit' },
      );
    };
    console.log(
      dropPageCache() ? 'cold (page cache dropped):' : 'the page cache could not be dropped; not cold:',
    );
    run();
    console.log('warm:');
    run();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
