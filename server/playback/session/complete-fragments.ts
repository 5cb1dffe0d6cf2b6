import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import type { OpenStream } from '../../streams/stream-service.ts';

const PAGE = 500;
/** Fragments further apart than this, by the server's time, are not one live broadcast (kvs.md §4.3: "the last 30 s"). */
const LIVE_GAP_MS = 30_000;

/**
 * The complete fragments from an ordinal on, in the order of recording: out of the log up to the live window, then out of it.
 * What was lost on its way to the disk is passed over. Throws LogReadError.
 */
export async function* completeFragments(
  { log, window }: Pick<OpenStream, 'log' | 'window'>,
  fromOrdinal: number,
): AsyncGenerator<FragmentInfo, void, undefined> {
  let next = fromOrdinal;
  for (;;) {
    const firstLive = window.fragments[0]?.info.ordinal ?? Number.POSITIVE_INFINITY;
    if (next >= firstLive) {
      const fragment = window.byOrdinal(next);
      if (fragment === undefined || !fragment.isComplete) return;
      next += 1;
      yield fragment.info;
      continue;
    }
    const page = (await log.list(next, PAGE)).filter(({ ordinal }) => ordinal < firstLive);
    for (const info of page) {
      next = info.ordinal + 1;
      yield info;
    }
    if (page.length > 0) continue;
    if (firstLive === Number.POSITIVE_INFINITY) return;
    next = firstLive;
  }
}

/**
 * The newest complete fragments, up to `limit`, oldest first: those of the broadcast that is going on, or ended less than 30 s
 * ago; none when nothing came since. Throws LogReadError.
 */
export async function newestFragments(
  stream: Pick<OpenStream, 'log' | 'window'>,
  limit: number,
  nowMs: number,
): Promise<FragmentInfo[]> {
  const { log, window } = stream;
  const next = Math.max(log.end.nextOrdinal, window.nextOrdinal);
  const newest: FragmentInfo[] = [];
  for await (const info of completeFragments(stream, Math.max(log.firstOrdinal, next - limit - 1))) {
    newest.push(info);
  }
  let first = newest.length;
  let nextMs = window.current === undefined ? nowMs : window.current.info.serverMs;
  while (first > 0) {
    const info = newest[first - 1];
    if (info === undefined) break;
    const endMs = info.serverMs + (info.durationTicks * 1000) / info.timescale;
    if (nextMs - endMs > LIVE_GAP_MS) break;
    nextMs = info.serverMs;
    first -= 1;
  }
  return newest.slice(first).slice(-limit);
}
