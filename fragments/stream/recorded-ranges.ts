import type { FileKey, FileSummary } from '../log/file-summary.ts';
import type { FragmentIndex } from './fragment-index.ts';
import type { RecordedRange } from './fragment-log.ts';
import type { StoredFiles } from './stored-files.ts';

type TimeAxis = 'server' | 'producer';

/** Consecutive fragments of one run. */
interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
  readonly firstOrdinal: number;
  readonly lastOrdinal: number;
  readonly run: number;
  readonly sizeBytes: number;
  readonly fragments: number;
}

/**
 * What is recorded in `[fromMs, toMs)`: a range for each stretch of one run without missing fragments, cut to the
 * interval, in order of start; size and count are of the whole fragments that touch it. A file without a break is told
 * by its row in the manifest alone; indexes are read at the interval's ends and where there are breaks. Where a
 * producer's clock was set back, ranges by its time may overlap. Throws LogReadError.
 */
export async function recordedRanges(
  files: StoredFiles,
  clock: TimeAxis,
  fromMs: number,
  toMs: number,
): Promise<RecordedRange[]> {
  const stretches: Stretch[] = [];
  for (const summary of await files.summariesOf(filesWithin(files, clock, fromMs, toMs))) {
    const whole = stretchOfFile(summary, clock);
    if (whole !== undefined && whole.startMs >= fromMs && whole.endMs <= toMs) {
      join(stretches, whole);
      continue;
    }
    const index = await files.indexIfThere(summary.key);
    for (let row = 0; index !== undefined && row < index.count; row++) {
      const stretch = stretchOfRow(index, row, clock);
      if (stretch.startMs < toMs && stretch.endMs > fromMs) join(stretches, stretch);
    }
  }
  const ranges = stretches.map(({ startMs, endMs, run, sizeBytes, fragments }) => ({
    startMs: Math.max(startMs, fromMs),
    endMs: Math.min(endMs, toMs),
    run,
    sizeBytes,
    fragments,
  }));
  return ranges.sort((left, right) => left.startMs - right.startMs);
}

/** Files that may have fragments in the interval. */
function filesWithin({ table }: StoredFiles, clock: TimeAxis, fromMs: number, toMs: number): FileKey[] {
  const keys: FileKey[] = [];
  if (clock === 'producer') {
    for (let at = 0; at < table.length; at++) {
      if (table.producerMinAt(at) < toMs && table.producerMaxAt(at) > fromMs) keys.push(table.keyAt(at));
    }
    return keys;
  }
  const first = Math.max(0, table.byServerMs(fromMs));
  for (let at = first; at < table.length && table.firstServerMsAt(at) < toMs; at++)
    keys.push(table.keyAt(at));
  return keys;
}

/** The whole file as one stretch, when it is one. */
function stretchOfFile(summary: FileSummary, clock: TimeAxis): Stretch | undefined {
  const isOne =
    clock === 'server' ||
    (summary.producerMinMs === summary.producerStartMs && summary.producerMaxMs === summary.producerEndMs);
  if (summary.breaks > 0 || !isOne) return undefined;
  return {
    startMs: clock === 'server' ? summary.key.serverMs : summary.producerStartMs,
    endMs: clock === 'server' ? summary.serverEndMs : summary.producerEndMs,
    firstOrdinal: summary.firstOrdinal,
    lastOrdinal: summary.lastOrdinal,
    run: summary.firstRun,
    sizeBytes: summary.sizeBytes - summary.headBytes,
    fragments: summary.entries,
  };
}

function stretchOfRow(index: FragmentIndex, row: number, clock: TimeAxis): Stretch {
  const startMs = clock === 'server' ? index.serverMsAt(row) : index.producerMsAt(row);
  const ordinal = index.ordinalAt(row);
  return {
    startMs,
    endMs: startMs + index.durationMsAt(row),
    firstOrdinal: ordinal,
    lastOrdinal: ordinal,
    run: index.runAt(row),
    sizeBytes: index.sizeBytesAt(row),
    fragments: 1,
  };
}

/** Adds a stretch to the last one when it goes on there. */
function join(stretches: Stretch[], next: Stretch): void {
  const last = stretches.at(-1);
  if (last === undefined || last.run !== next.run || last.lastOrdinal + 1 !== next.firstOrdinal) {
    stretches.push(next);
    return;
  }
  stretches[stretches.length - 1] = {
    startMs: Math.min(last.startMs, next.startMs),
    endMs: Math.max(last.endMs, next.endMs),
    firstOrdinal: last.firstOrdinal,
    lastOrdinal: next.lastOrdinal,
    run: last.run,
    sizeBytes: last.sizeBytes + next.sizeBytes,
    fragments: last.fragments + next.fragments,
  };
}
