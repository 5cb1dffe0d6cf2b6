import type { FragmentEvent, OpenStream } from '../streams/stream-service.ts';
import { firstIncompleteOrdinal } from './complete-fragments.ts';
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
  const follower = new Follower(stream, options);
  try {
    if (options.afterOrdinal !== undefined) yield* follower.missedSince(options.afterOrdinal);
    yield* follower.live();
  } finally {
    follower.stop();
  }
}

class Follower {
  readonly #stream: OpenStream;
  readonly #options: FollowOptions;
  readonly #waiting: FragmentEvent[] = [];
  #overflowed = false;
  #wake = (): void => {};
  readonly stop: () => void;
  /** Up to here the log's fragments are as durable as they will be; `undefined` while that is not known. */
  #settledOrdinal: number | undefined;
  #toldOrdinal = -1;

  constructor(stream: OpenStream, options: FollowOptions) {
    this.#stream = stream;
    this.#options = options;
    this.stop = stream.onFragment((event) => this.#take(event));
    options.signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /**
   * `persisted` events from the log. It may hold fragments that are written and not synced yet: they are left to the
   * live events, which will tell of them.
   */
  async *missedSince(afterOrdinal: number): AsyncGenerator<FragmentEvent, void, void> {
    this.#toldOrdinal = afterOrdinal;
    while (this.#settled() === undefined && !this.#options.signal.aborted) await this.#woken();
    while (!this.#options.signal.aborted) {
      const settled = this.#settled() ?? -1;
      const page = await this.#stream.log.list(this.#toldOrdinal + 1, LOG_PAGE);
      const isTold = page.every(({ ordinal }) => ordinal > settled);
      if (isTold) return;
      for (const info of page) {
        if (info.ordinal > settled) return;
        yield persistedEvent(this.#stream.record.name, info);
        this.#toldOrdinal = info.ordinal;
      }
    }
  }

  async *live(): AsyncGenerator<FragmentEvent, void, void> {
    for (;;) {
      if (this.#overflowed) throw new SlowFollowerError(this.#waiting.length);
      if (this.#options.signal.aborted) return;
      const event = this.#waiting.shift();
      if (event === undefined) await this.#woken();
      else if (event.type !== 'persisted' || event.ordinal > this.#toldOrdinal) yield event;
    }
  }

  #take(event: FragmentEvent): void {
    if (event.type !== 'received') this.#settledOrdinal = event.ordinal;
    if (this.#waiting.length < this.#options.maxWaiting) this.#waiting.push(event);
    else if (!this.#overflowed) {
      this.#overflowed = true;
      this.#options.onOverflow();
    }
    this.#wake();
  }

  /** Known from the first event on, since fragments settle in order; or at once when nothing is on its way. */
  #settled(): number | undefined {
    const { log, window } = this.#stream;
    if (this.#settledOrdinal === undefined && log.pendingBytes === 0) {
      this.#settledOrdinal = Math.min(log.end.nextOrdinal, firstIncompleteOrdinal(window)) - 1;
    }
    return this.#settledOrdinal;
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
