import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { FragmentLog } from '../../../fragments/stream/fragment-log.ts';
import type { LiveWindowReader } from '../../../fragments/stream/live-window.ts';
import type { ReadPosition, ReadSource } from '../../../fragments/stream/stream-reader.ts';

/** Where a consumer wants to begin (kvs.md §3.1). Times are epoch ms. */
export type MediaStart =
  /** The newest fragment being received. */
  | { readonly at: 'now' }
  /** The oldest one that is kept. */
  | { readonly at: 'earliest' }
  /** The one after this fragment, which need not exist any more. */
  | { readonly at: 'after'; readonly number: string }
  /** The one that contains the instant, or the first after it. */
  | { readonly at: 'server-time' | 'producer-time'; readonly ms: number };

/**
 * The position that a start names. What is too late for the log is in the live window or yet to come: reading then waits at
 * the live edge. `retainedFromMs`: server time of the oldest media that may be seen. Throws LogReadError.
 */
export async function startPosition(
  source: ReadSource,
  start: MediaStart,
  retainedFromMs: number,
): Promise<ReadPosition> {
  const ordinal = await ordinalOf(source, start);
  if (start.at === 'now') return { ordinal, sampleIndex: 0 };
  const oldest = await firstRetainedOrdinal(source.log, retainedFromMs);
  return { ordinal: Math.max(ordinal, oldest), sampleIndex: 0 };
}

/** Ordinal of the oldest stored fragment that covers or follows this server time; where the log ends when none does. */
export async function firstRetainedOrdinal(log: FragmentLog, retainedFromMs: number): Promise<number> {
  if (retainedFromMs <= 0) return log.firstOrdinal;
  const { nextOrdinal } = log.end;
  return (await log.find({ by: 'serverMs', atMs: retainedFromMs }))?.ordinal ?? nextOrdinal;
}

function ordinalOf(source: ReadSource, start: MediaStart): Promise<number> {
  switch (start.at) {
    case 'now':
      return Promise.resolve(newestOrdinal(source.window));
    case 'earliest':
      return Promise.resolve(0);
    case 'after':
      return ordinalAfter(source, start.number);
    case 'server-time':
      return ordinalAtServerTime(source, start.ms);
    case 'producer-time':
      return ordinalAtProducerTime(source, start.ms);
    default:
      return start satisfies never;
  }
}

/** A long group of pictures is cut into several fragments: the newest that a decoder can start with, when there is one. */
function newestOrdinal({ isLive, fragments, current, nextOrdinal }: LiveWindowReader): number {
  if (!isLive) return nextOrdinal;
  const newest = fragments.findLast(({ info }) => info.independent) ?? current;
  return newest?.info.ordinal ?? nextOrdinal;
}

/** Numbers grow with ordinals, so what is not in the window is found by halving. */
async function ordinalAfter({ log, window }: ReadSource, number: string): Promise<number> {
  const { fragments, nextOrdinal } = window;
  const first = fragments[0]?.info;
  if (first !== undefined && first.number <= number) {
    return fragments.find(({ info }) => info.number > number)?.info.ordinal ?? nextOrdinal;
  }
  let low = log.firstOrdinal;
  let high = first?.ordinal ?? nextOrdinal;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [info] = await log.list(middle, 1);
    if (info !== undefined && info.ordinal < high && info.number <= number) low = info.ordinal + 1;
    else high = middle;
  }
  return low;
}

async function ordinalAtServerTime({ log, window }: ReadSource, atMs: number): Promise<number> {
  // As it was before the log was asked: what leaves it meanwhile is not missed.
  const fragments = [...window.fragments];
  const { nextOrdinal } = window;
  const stored = await log.find({ by: 'serverMs', atMs });
  if (stored !== undefined) return stored.ordinal;
  const inWindow = fragments.find(
    ({ info, isComplete }) => !isComplete || endsAfter(info, info.serverMs, atMs),
  );
  return inWindow?.info.ordinal ?? nextOrdinal;
}

/** A producer's clock may be set back: what was recorded last wins among those that contain the instant. */
async function ordinalAtProducerTime({ log, window }: ReadSource, atMs: number): Promise<number> {
  const { fragments, current, nextOrdinal } = window;
  const inWindow = fragments.map(({ info }) => info);
  const contains = (info: FragmentInfo) =>
    info.producerMs <= atMs && (info === current?.info || endsAfter(info, info.producerMs, atMs));
  const newest = inWindow.findLast(contains);
  if (newest !== undefined) return newest.ordinal;
  const stored = await log.find({ by: 'producerMs', atMs });
  if (stored !== undefined && contains(stored)) return stored.ordinal;
  const later = [...(stored === undefined ? [] : [stored]), ...inWindow].filter(
    ({ producerMs }) => producerMs > atMs,
  );
  later.sort((left, right) => left.producerMs - right.producerMs || left.ordinal - right.ordinal);
  return later[0]?.ordinal ?? nextOrdinal;
}

function endsAfter(info: FragmentInfo, startMs: number, atMs: number): boolean {
  return startMs + fragmentDurationMs(info) > atMs;
}
