import type { FragmentEvent, OpenStream } from '../streams/stream-service.ts';
import { persistedEvent } from './resources.ts';

/** The follower reads more slowly than fragments come: it is dropped, and may come back with the last ordinal it saw. */
export class SlowFollowerError extends Error {
  constructor(waiting: number) {
    super(`${waiting} fragment events wait for a follower that does not read`);
    this.name = 'SlowFollowerError';
  }
}

export interface FollowOptions {
  /** Start with the `persisted` events after this ordinal, from the log; only what comes from now on when left out. */
  readonly afterOrdinal?: number | undefined;
  /** Events that may wait; one more calls `onOverflow`, and the next read throws SlowFollowerError. */
  readonly maxWaiting: number;
  /** The reader does not come for its events, perhaps because it waits for its own client: hang up on that one. */
  readonly onOverflow: () => void;
  /** Ends the following. */
  readonly signal: AbortSignal;
}

const LOG_PAGE = 200;

/**
 * Fragment events in order, each `persisted` once and without a hole after `afterOrdinal`: the live ones are collected
 * from before the log is read, and those that the log has told already are passed over.
 */
export async function* followFragments(
  stream: OpenStream,
  options: FollowOptions,
): AsyncGenerator<FragmentEvent, void, void> {
  const waiting: FragmentEvent[] = [];
  let overflowed = false;
  let wake = (): void => {};
  const stop = stream.onFragment((event) => {
    if (waiting.length < options.maxWaiting) waiting.push(event);
    else if (!overflowed) {
      overflowed = true;
      options.onOverflow();
    }
    wake();
  });
  options.signal.addEventListener('abort', () => wake(), { once: true });
  try {
    let toldOrdinal = -1;
    if (options.afterOrdinal !== undefined) {
      toldOrdinal = options.afterOrdinal;
      for await (const event of persistedSince(stream, toldOrdinal, options.signal)) {
        yield event;
        toldOrdinal = event.ordinal;
      }
    }
    for (;;) {
      if (overflowed) throw new SlowFollowerError(waiting.length);
      if (options.signal.aborted) return;
      const event = waiting.shift();
      if (event === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else if (event.type !== 'persisted' || event.ordinal > toldOrdinal) yield event;
    }
  } finally {
    stop();
  }
}

async function* persistedSince(
  stream: OpenStream,
  afterOrdinal: number,
  signal: AbortSignal,
): AsyncGenerator<FragmentEvent, void, void> {
  let next = afterOrdinal + 1;
  while (!signal.aborted) {
    const page = await stream.log.list(next, LOG_PAGE);
    for (const info of page) yield persistedEvent(stream.record.name, info);
    const last = page.at(-1);
    if (last === undefined) return;
    next = last.ordinal + 1;
  }
}
