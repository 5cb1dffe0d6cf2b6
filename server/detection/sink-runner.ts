import type { Logger } from 'pino';
import type { Clock } from '../../fragments/log/clock.ts';
import { type EventSink, SinkError } from './event-sink.ts';
import type { EventStore, StoredEvent } from './event-store.ts';

const RETRY_MS = 500;
const MAX_RETRY_MS = 60_000;
/** How far a sink has come is kept this often: after a crash, what came since comes again. */
const POSITION_MS = 500;
const MAX_BATCH = 500;

export interface SinkRunnerOptions {
  readonly store: Pick<EventStore, 'after' | 'lastSeq' | 'onCommit' | 'sinkPosition' | 'setSinkPosition'>;
  /** How long closing waits for what is still to be delivered. */
  readonly drainMs: number;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** What was counted of one sink since the start; read by the metrics. */
export interface SinkCounters {
  delivered: number;
  /** Batches that were not taken, and come again. */
  retried: number;
  /** Events that will never be taken: passed over. */
  refused: number;
  /** Events that were deleted (retention, a deleted stream) before they could be delivered. */
  missed: number;
}

/** How a sink stands. */
export interface SinkState {
  readonly name: string;
  readonly counters: Readonly<SinkCounters>;
  /** Events that are still to be delivered, at most. */
  readonly behind: number;
  /** Why the newest try failed; `undefined` when it did not. */
  readonly problem: string | undefined;
}

/**
 * Brings every event to every sink, at least once and in order: each sink goes at its own pace through the one order of events,
 * from its own durable place on. One batch of each is in memory. Who is down is tried again, further and further apart, and gets
 * what it has missed.
 */
export class SinkRunner {
  readonly #options: SinkRunnerOptions;
  readonly #runs = new Map<string, { readonly run: SinkRun; readonly done: Promise<void> }>();
  readonly #stopListening: () => void;
  #isClosed = false;

  constructor(options: SinkRunnerOptions) {
    this.#options = options;
    this.#stopListening = options.store.onCommit(() => {
      for (const { run } of this.#runs.values()) run.wake();
    });
  }

  /** Begins to deliver: from where it was; a new one from now on. Throws RangeError for a name that is there. */
  add(sink: EventSink): void {
    if (this.#isClosed) return;
    if (this.#runs.has(sink.name)) throw new RangeError(`there is a sink ${sink.name} already`);
    const run = new SinkRun(sink, this.#options);
    this.#runs.set(sink.name, { run, done: run.run() });
  }

  /** Its delivery is aborted; resolves when it has ended. Its place is kept. An unknown one is none. */
  async remove(name: string): Promise<void> {
    const known = this.#runs.get(name);
    if (known === undefined) return;
    known.run.abort();
    await known.done;
    if (this.#runs.get(name) === known) this.#runs.delete(name);
  }

  /** Why it does not deliver at present; `undefined` when it does. */
  problemOf(name: string): string | undefined {
    return this.#runs.get(name)?.run.state.problem;
  }

  states(): SinkState[] {
    return Array.from(this.#runs.values(), ({ run }) => run.state);
  }

  /** Delivers what was committed, for `drainMs` at most; what is not delivered by then is after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    const runs = [...this.#runs.values()];
    const cancel = this.#options.clock.after(this.#options.drainMs, () => {
      for (const { run } of runs) run.abort();
    });
    for (const { run } of runs) run.drain();
    await Promise.all(runs.map(({ done }) => done));
    cancel();
  }
}

/** One sink on its way. */
class SinkRun {
  readonly #sink: EventSink;
  readonly #options: SinkRunnerOptions;
  readonly #abort = new AbortController();
  readonly #signal = this.#abort.signal;
  readonly #counters: SinkCounters = { delivered: 0, retried: 0, refused: 0, missed: 0 };
  #seq: number;
  #keptSeq: number;
  #keptAtMs = Number.NEGATIVE_INFINITY;
  #problem: string | undefined;
  #isDraining = false;
  #wake = (): void => {};

  constructor(sink: EventSink, options: SinkRunnerOptions) {
    this.#sink = sink;
    this.#options = options;
    const { store } = options;
    const known = store.sinkPosition(sink.name);
    // A new sink is told of what happens from now on.
    this.#seq = known ?? store.lastSeq;
    this.#keptSeq = known ?? -1;
    this.#keep();
  }

  get state(): SinkState {
    const behind = Math.max(0, this.#options.store.lastSeq - this.#seq);
    return { name: this.#sink.name, counters: this.#counters, behind, problem: this.#problem };
  }

  wake(): void {
    this.#wake();
  }

  abort(): void {
    this.#abort.abort();
    this.#wake();
  }

  /** To end when all was delivered, or at the first refusal. */
  drain(): void {
    this.#isDraining = true;
    this.#wake();
  }

  async run(): Promise<void> {
    const { store } = this.#options;
    const limit = Math.min(this.#sink.batchSize, MAX_BATCH);
    let pauseMs = RETRY_MS;
    while (!this.#signal.aborted) {
      try {
        const events = store.after(this.#seq, limit);
        if (events.length > 0) await this.#deliver(events);
        else {
          this.#seq = Math.max(this.#seq, store.lastSeq);
          if (this.#isDraining) break;
          await this.#rest(this.#keptSeq === this.#seq ? undefined : POSITION_MS);
        }
        this.#solved();
        pauseMs = RETRY_MS;
      } catch (error) {
        if (this.#signal.aborted) break;
        this.#counters.retried += 1;
        this.#failed(error);
        if (this.#isDraining) break;
        await this.#pause((error instanceof SinkError ? error.retryAfterMs : undefined) ?? pauseMs);
        pauseMs = Math.min(2 * pauseMs, MAX_RETRY_MS);
      }
      if (this.#options.clock.nowMs() - this.#keptAtMs >= POSITION_MS) this.#keep();
    }
    this.#keep();
  }

  async #deliver(events: readonly StoredEvent[]): Promise<void> {
    try {
      await this.#sink.deliver(events, this.#signal);
      this.#passed(events, 'delivered');
    } catch (error) {
      if (!(error instanceof SinkError && error.isFinal)) throw error;
      if (events.length > 1) {
        // Which of them it is: one by one.
        for (const event of events) await this.#deliver([event]);
        return;
      }
      this.#passed(events, 'refused');
      const { logger } = this.#options;
      logger.error(
        { sink: this.#sink.name, event: events[0]?.event.id, reason: error.message },
        'event refused',
      );
    }
  }

  #passed(events: readonly StoredEvent[], outcome: 'delivered' | 'refused'): void {
    const lastSeq = events.at(-1)?.seq ?? this.#seq;
    this.#counters[outcome] += events.length;
    this.#counters.missed += lastSeq - this.#seq - events.length;
    this.#seq = lastSeq;
  }

  #failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#problem === undefined) {
      // A sink that throws anything but SinkError is at fault itself; it is treated as one that is down.
      const level = error instanceof SinkError ? 'warn' : 'error';
      const seen = error instanceof SinkError ? { reason } : { err: error };
      this.#options.logger[level](
        { sink: this.#sink.name, ...seen },
        'events are not delivered; trying again',
      );
    }
    this.#problem = reason;
  }

  #solved(): void {
    if (this.#problem === undefined) return;
    this.#options.logger.info(
      { sink: this.#sink.name, behind: this.state.behind },
      'events are delivered again',
    );
    this.#problem = undefined;
  }

  #keep(): void {
    if (this.#keptSeq === this.#seq) return;
    this.#keptAtMs = this.#options.clock.nowMs();
    try {
      this.#options.store.setSinkPosition(this.#sink.name, this.#seq);
      this.#keptSeq = this.#seq;
    } catch (error) {
      // Then what came since comes again after the next start.
      this.#options.logger.warn({ err: error, sink: this.#sink.name }, 'the place of a sink cannot be kept');
    }
  }

  /** Until there is more, or for so long. */
  async #rest(maxMs: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const cancel = maxMs === undefined ? undefined : this.#options.clock.after(maxMs, resolve);
    if (this.#isDraining || this.#signal.aborted) resolve();
    await promise;
    cancel?.();
  }

  /** Not shortened by new events; only by closing. */
  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = () => {
      if (this.#isDraining || this.#signal.aborted) resolve();
    };
    const cancel = this.#options.clock.after(ms, resolve);
    this.#wake();
    await promise;
    cancel();
  }
}
