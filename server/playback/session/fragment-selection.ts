import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { FragmentLog } from '../../../fragments/stream/fragment-log.ts';

/**
 * Which fragments a range names (kvs.md §4.3, §4.5): the one answer for clips, playback sessions and images.
 */

/** Fragments whose start lies in `[fromMs, toMs]`, both ends included, by one of the two clocks; epoch ms, to the millisecond. */
export interface FragmentRange {
  readonly clock: 'server' | 'producer';
  readonly fromMs: number;
  readonly toMs: number;
  /** Only those recorded before this one: for an answer that stays the same. */
  readonly beforeOrdinal?: number;
}

const PAGE = 500;

/**
 * The stored fragments of a range, the oldest recorded ones up to `limit`. By server time in the order in which they
 * came; by producer time in the order of that time, without those that were sent twice (ProducerOrder). `retainedFromMs`: server
 * time before which nothing may be seen any more. Throws LogReadError.
 */
export async function selectFragments(
  log: Pick<FragmentLog, 'startingIn'>,
  range: FragmentRange,
  limit: number,
  retainedFromMs = 0,
): Promise<FragmentInfo[]> {
  const { clock, fromMs, toMs, beforeOrdinal = Number.POSITIVE_INFINITY } = range;
  // Producers' times may be finer than the whole milliseconds that clients are told and ask with.
  const around = { fromMs: fromMs - 0.5, toMs: toMs + 0.5 };
  const chosen = clock === 'server' ? new ServerOrder() : new ProducerOrder();
  let fromOrdinal = 0;
  while (chosen.fragments.length < limit) {
    const page = await log.startingIn(clock, around, fromOrdinal, PAGE);
    for (const info of page) {
      if (chosen.fragments.length >= limit) break;
      const startMs = Math.round(clock === 'server' ? info.serverMs : info.producerMs);
      if (startMs >= fromMs && startMs <= toMs && info.serverMs >= retainedFromMs) chosen.add(info);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE || last.ordinal >= beforeOrdinal) break;
    fromOrdinal = last.ordinal + 1;
  }
  return chosen.fragments;
}

class ServerOrder {
  readonly fragments: FragmentInfo[] = [];

  add(info: FragmentInfo): void {
    this.fragments.push(info);
  }
}

/** Media that comes a second time so much later is another recording of the same time, not a producer's retry. */
const FAR_APART_MS = 600_000;
/** Overlaps up to this are rounding (the service's own tolerance, kvs.md §4.3). */
const OVERLAP_TOLERANCE_MS = 50;

/**
 * Fragments by producer time, fed in the order of recording. "Of fragments with equal start the one with the larger
 * fragment number wins", as producers send again what was not acknowledged; "where one producer range was ingested several
 * times far apart, only the oldest ingested group is listed". Different starts that overlap are both kept, as the service does.
 */
export class ProducerOrder {
  readonly fragments: FragmentInfo[] = [];

  add(info: FragmentInfo): void {
    const at = this.#firstNotBefore(info.producerMs);
    const same = this.fragments[at];
    if (same !== undefined && same.producerMs === info.producerMs) {
      if (info.serverMs - same.serverMs <= FAR_APART_MS) this.fragments[at] = info;
      return;
    }
    if (this.#repeats(info, this.fragments[at - 1]) || this.#repeats(info, same)) return;
    this.fragments.splice(at, 0, info);
  }

  /** Index of the first fragment that does not start before an instant. */
  #firstNotBefore(producerMs: number): number {
    let [low, high] = [0, this.fragments.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.fragments[middle]?.producerMs ?? 0) < producerMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Shows what a much older one shows already. */
  #repeats(info: FragmentInfo, older: FragmentInfo | undefined): boolean {
    if (older === undefined || info.serverMs - older.serverMs <= FAR_APART_MS) return false;
    const endMs = (each: FragmentInfo) => each.producerMs + fragmentDurationMs(each);
    const overlapMs = Math.min(endMs(info), endMs(older)) - Math.max(info.producerMs, older.producerMs);
    return overlapMs > OVERLAP_TOLERANCE_MS;
  }
}
