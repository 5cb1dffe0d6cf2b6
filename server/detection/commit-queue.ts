import type { Logger } from 'pino';
import type { Clock } from '../../fragments/log/clock.ts';
import { sqliteCode } from '../catalog/sqlite-statements.ts';
import type { EventCommit, EventStore, StoredEvent } from './event-store.ts';

/** Commits are made together when they come closer to each other than this. */
const MIN_GAP_MS = 5;
/** Of the server's time, commits take one part in so many: a slow disk makes them fewer and larger. */
const DUTY = 5;
const RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;

/** Result codes of SQLite that say that a value cannot be stored, https://sqlite.org/rescode.html */
const VALUE_ERRORS = new Set([18, 19, 20, 25]);

export interface CommitQueueOptions {
  readonly store: Pick<EventStore, 'commitAll'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error' | 'info'>;
}

/** What was counted since the start; read by the metrics. */
export interface CommitCounters {
  commits: number;
  /** Tries that failed as a whole; they are repeated. */
  failed: number;
  /** Commits that cannot be stored, whatever is done: given up. */
  refused: number;
}

interface Waiting {
  readonly commit: EventCommit;
  readonly resolve: (stored: readonly StoredEvent[]) => void;
}

/**
 * Brings the results of all watches into the store, many with one sync of the disk. In the order of the calls. Holds at most what
 * its callers wait for: a watch has one result at a time. While the disk refuses, it tries again and again.
 */
export class CommitQueue {
  readonly counters: CommitCounters = { commits: 0, failed: 0, refused: 0 };
  readonly #options: CommitQueueOptions;
  #waiting: Waiting[] = [];
  #nextMs = 0;
  #retryMs = RETRY_MS;
  #cancel: (() => void) | undefined;
  #isHealthy = true;
  #isClosed = false;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /** The last commit was stored. */
  get isHealthy(): boolean {
    return this.#isHealthy;
  }

  /** Resolves when it is durable, with the events that were new; with none when it was given up, or the server closes. */
  add(commit: EventCommit): Promise<readonly StoredEvent[]> {
    if (this.#isClosed) return Promise.resolve([]);
    const { promise, resolve } = Promise.withResolvers<readonly StoredEvent[]>();
    this.#waiting.push({ commit, resolve });
    this.#schedule();
    return promise;
  }

  /** Stores what waits, with one try; nothing is taken any more. */
  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#flush();
    for (const { resolve } of this.#waiting.splice(0)) resolve([]);
  }

  #schedule(): void {
    const { clock } = this.#options;
    this.#cancel ??= clock.after(Math.max(0, this.#nextMs - clock.nowMs()), () => {
      this.#cancel = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const batch = this.#waiting.splice(0);
    if (batch.length === 0) return;
    const { clock } = this.#options;
    const startMs = clock.nowMs();
    const rest = this.#store(batch);
    const endMs = clock.nowMs();
    this.#nextMs = endMs + Math.max(MIN_GAP_MS, (endMs - startMs) * (DUTY - 1));
    if (rest.length === 0) return;
    this.#waiting.unshift(...rest);
    this.#nextMs = endMs + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
    if (!this.#isClosed) this.#schedule();
  }

  /** Answers those that are to be tried again. One that cannot be stored does not hold up the others. */
  #store(batch: readonly Waiting[]): readonly Waiting[] {
    try {
      this.#storeTogether(batch);
      return [];
    } catch (error) {
      if (!isAboutValues(error)) {
        this.#failed(error);
        return batch;
      }
    }
    for (const [i, waiting] of batch.entries()) {
      try {
        this.#storeTogether([waiting]);
      } catch (error) {
        if (!isAboutValues(error)) {
          this.#failed(error);
          return batch.slice(i);
        }
        const { stream, watch } = waiting.commit;
        this.counters.refused += 1;
        this.#options.logger.error({ err: error, stream, watch }, 'a result of detection cannot be stored');
        waiting.resolve([]);
      }
    }
    return [];
  }

  #storeTogether(batch: readonly Waiting[]): void {
    const stored = this.#options.store.commitAll(batch.map(({ commit }) => commit));
    this.counters.commits += 1;
    if (!this.#isHealthy) this.#options.logger.info('events are stored again');
    this.#isHealthy = true;
    this.#retryMs = RETRY_MS;
    for (const [i, { resolve }] of batch.entries()) resolve(stored[i] ?? []);
  }

  #failed(error: unknown): void {
    this.counters.failed += 1;
    if (this.#isHealthy) this.#options.logger.error({ err: error }, 'events cannot be stored; trying again');
    this.#isHealthy = false;
  }
}

/** Is it the fault of what was to be stored, and not of the disk? */
function isAboutValues(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === -1 || VALUE_ERRORS.has(code & 0xff);
}
