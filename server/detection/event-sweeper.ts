import { setImmediate as turn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../../fragments/log/clock.ts';
import { LogReadError } from '../../fragments/stream/fragment-log.ts';
import type { StreamService } from '../streams/stream-service.ts';
import type { EventStore } from './event-store.ts';

const HOUR_MS = 3_600_000;
const INTERVAL_MS = 10 * 60_000;
/** Events that one step deletes: about 10 ms in which nobody else is served. */
const STEP = 200;
/** Events are kept for a day at least, also those of streams whose media is kept for less. */
const LEAST_HOURS = 24;

export interface EventSweeperOptions {
  readonly store: Pick<EventStore, 'streams' | 'sweep'>;
  readonly streams: Pick<StreamService, 'record' | 'peek'>;
  /** For all streams; `null`: as long as their media. */
  readonly retentionHours: number | null;
  readonly maxEvents: number;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error'>;
}

/** Deletes events whose time is over, with the media of their stream. Counts server time, as the retention of media does. */
export class EventSweeper {
  /** Events deleted since the start; read by the metrics. */
  deleted = 0;
  readonly #options: EventSweeperOptions;
  readonly #abort = new AbortController();
  #cancel: (() => void) | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: EventSweeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#sweeping = this.#round().finally(() => {
      if (this.#abort.signal.aborted) return;
      this.#cancel = this.#options.clock.after(INTERVAL_MS, () => this.start());
    });
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#cancel?.();
    await this.#sweeping;
  }

  /** One round, in steps between which others have their turn. */
  async sweep(): Promise<void> {
    const { store, maxEvents } = this.#options;
    const keepFrom = new Map<string, number | undefined>();
    for (const stream of store.streams()) keepFrom.set(stream, await this.#keepFromMs(stream));
    const rule = { keepFromMs: (stream: string) => keepFrom.get(stream), maxEvents };
    for (let count = STEP; count === STEP && !this.#abort.signal.aborted; ) {
      count = store.sweep(rule, STEP);
      this.deleted += count;
      await turn();
    }
  }

  async #round(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      this.#options.logger.error({ err: error }, 'old events cannot be deleted; trying again later');
    }
  }

  async #keepFromMs(stream: string): Promise<number | undefined> {
    const { streams, retentionHours, clock } = this.#options;
    const nowMs = clock.nowMs();
    const record = streams.record(stream);
    // Nobody knows the stream any more: a crash came between its deletion and that of its events.
    if (record === undefined) return Number.POSITIVE_INFINITY;
    if (retentionHours !== null) return nowMs - retentionHours * HOUR_MS;
    const leastMs = nowMs - LEAST_HOURS * HOUR_MS;
    if (record.retentionHours !== null) return Math.min(leastMs, nowMs - record.retentionHours * HOUR_MS);
    const firstMs = await this.#firstMediaMs(stream);
    return firstMs === undefined ? undefined : Math.min(leastMs, firstMs);
  }

  /** Server time of the oldest media of a stream that is open. */
  async #firstMediaMs(stream: string): Promise<number | undefined> {
    const log = this.#options.streams.peek(stream)?.log;
    try {
      return (await log?.list(log.firstOrdinal, 1))?.[0]?.serverMs;
    } catch (error) {
      if (!(error instanceof LogReadError)) throw error;
      return undefined;
    }
  }
}
