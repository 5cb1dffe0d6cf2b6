import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { LogReadError } from '../../fragments/stream/fragment-log.ts';
import { type DetectionSupervisor, WatchError } from '../../ml/supervisor/supervisor.ts';
import { parseTier, type WatchSettings } from '../../ml/watch/watch-settings.ts';
import type { JobCatalog, JobRecord, JobState } from '../catalog/job-catalog.ts';
import type { EventStore } from '../detection/event-store.ts';
import type { OpenFurtherEvents } from '../detection/further-events.ts';
import { jobWatchName } from '../detection/watch-names.ts';
import { StreamError, type StreamService } from '../streams/stream-service.ts';
import { runJob } from './job-runner.ts';
import { LookbackError } from './lookback-error.ts';

/** Jobs that are kept; the oldest ended ones are forgotten for new ones. Their events stay. */
const MAX_JOBS = 1000;
/** Progress is kept this often; where a job really is stands with its events. */
const PROGRESS_MS = 1000;

export interface LookbackOptions {
  readonly catalog: JobCatalog;
  readonly streams: Pick<StreamService, 'open' | 'record'>;
  readonly supervisor: Pick<DetectionSupervisor, 'watch'>;
  readonly store: Pick<EventStore, 'commit' | 'watchState' | 'deleteResults'>;
  /** Further events that a result gives rise to (faces). */
  readonly eventsOf?: OpenFurtherEvents | undefined;
  /** Jobs at once; the others wait their turn. */
  readonly maxRunning: number;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What somebody asks for. Times are producer times, epoch ms: without them, all that is recorded now. */
export interface JobWish {
  readonly stream: string;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly settings: WatchSettings;
  readonly replaces: boolean;
}

/** What jobs have counted since the start; read by the metrics. */
export interface LookbackCounters {
  readonly ended: Record<'done' | 'cancelled' | 'failed', number>;
  frames: number;
}

interface RunningJob {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/**
 * Detectors run over archives: a few jobs at a time, the others in the order of their making. Whatever ends the server, a job
 * goes on where it was with the next start.
 */
export class LookbackJobs {
  readonly counters: LookbackCounters = { ended: { done: 0, cancelled: 0, failed: 0 }, frames: 0 };
  readonly #options: LookbackOptions;
  readonly #running = new Map<string, RunningJob>();
  /** The newest state of those that run. */
  readonly #live = new Map<string, JobRecord>();
  #isClosed = false;

  constructor(options: LookbackOptions) {
    this.#options = options;
  }

  /** Takes up what the server's end has broken off. */
  start(): void {
    for (const job of this.#options.catalog.list()) {
      if (job.state === 'running') this.#put({ ...job, state: 'interrupted' });
    }
    this.#dispatch();
  }

  /** The newest first. */
  list(stream?: string): JobRecord[] {
    return this.#options.catalog.list(stream).map((job) => this.#live.get(job.id) ?? job);
  }

  /** Throws LookbackError `not-found`. */
  get(id: string): JobRecord {
    const job = this.#live.get(id) ?? this.#options.catalog.get(id);
    if (job === undefined) throw new LookbackError('not-found', `There is no job ${id}.`);
    return job;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.list().filter(({ state }) => isWaiting(state)).length;
  }

  /** Throws LookbackError `invalid`, `no-stream`, `no-media`, `too-many`, `closing`; LogReadError. */
  async create({ settings, replaces, ...wish }: JobWish): Promise<JobRecord> {
    const { stream } = wish;
    if (parseTier(settings.tier).kind === 'off') {
      throw new LookbackError('invalid', 'tier: must be `keyframes` or `fps:n` to look at anything');
    }
    const { fromMs, toMs } = await this.#recorded(wish);
    if (this.#isClosed) throw new LookbackError('closing', 'The server is closing.');
    this.#makeRoom();
    const job: JobRecord = {
      id: randomUUID(),
      stream,
      createdMs: Math.floor(this.#options.now()),
      fromMs,
      toMs,
      settings,
      replaces,
      state: 'waiting',
      progress: { atMs: fromMs, fragments: 0, frames: 0, events: 0 },
    };
    this.#put(job);
    this.#dispatch();
    return this.get(job.id);
  }

  /** What it has found stays. Resolves when nothing more is looked at. Throws LookbackError `not-found`, `wrong-state`. */
  async cancel(id: string): Promise<JobRecord> {
    const job = this.get(id);
    if (isEnded(job.state)) throw new LookbackError('wrong-state', `The job is ${job.state} already.`);
    const running = this.#running.get(id);
    if (running === undefined) this.#end(job, 'cancelled');
    else {
      running.abort.abort('cancelled');
      await running.done;
    }
    return this.get(id);
  }

  /** Goes on where it was, after it was cancelled or has failed. Throws LookbackError `not-found`, `wrong-state`, `closing`. */
  resume(id: string): JobRecord {
    if (this.#isClosed) throw new LookbackError('closing', 'The server is closing.');
    const { endedMs: _, message: __, ...job } = this.get(id);
    if (job.state !== 'cancelled' && job.state !== 'failed') {
      throw new LookbackError('wrong-state', `The job is ${job.state}: only what was broken off can go on.`);
    }
    this.#put({ ...job, state: 'interrupted' });
    this.#dispatch();
    return this.get(id);
  }

  /** Forgets an ended job; what it has found stays. Throws LookbackError `not-found`, `wrong-state`. */
  remove(id: string): void {
    const job = this.get(id);
    if (!isEnded(job.state)) {
      throw new LookbackError('wrong-state', `The job is ${job.state}: cancel it first.`);
    }
    this.#forget(job);
  }

  /** Breaks off what runs; it goes on with the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort('closing');
    await Promise.all(running.map(({ done }) => done));
  }

  /** What is recorded of the range that is asked for. */
  async #recorded({
    stream,
    fromMs = 0,
    toMs = Number.MAX_SAFE_INTEGER,
  }: Omit<JobWish, 'settings' | 'replaces'>): Promise<{ readonly fromMs: number; readonly toMs: number }> {
    const { streams } = this.#options;
    if (!(fromMs < toMs)) throw new LookbackError('invalid', 'from: must be before to');
    if (streams.record(stream) === undefined) {
      throw new LookbackError('no-stream', `There is no stream ${stream}.`);
    }
    const { log } = await streams.open(stream);
    const ranges = await log.ranges('producer', fromMs, toMs);
    const startMs = Math.max(fromMs, Math.min(...ranges.map((range) => range.startMs)));
    const endMs = Math.min(toMs, Math.max(...ranges.map((range) => range.endMs)));
    if (startMs < endMs) return { fromMs: startMs, toMs: endMs };
    throw new LookbackError('no-media', `${stream} has recorded nothing in this time.`);
  }

  #dispatch(): void {
    const { catalog, maxRunning } = this.#options;
    if (this.#isClosed || this.#running.size >= maxRunning) return;
    const waiting = catalog
      .list()
      .filter(({ id, state }) => isWaiting(state) && !this.#running.has(id))
      .reverse();
    for (const job of waiting.slice(0, maxRunning - this.#running.size)) {
      const abort = new AbortController();
      const done = this.#run(job, abort.signal).finally(() => {
        this.#running.delete(job.id);
        this.#dispatch();
      });
      this.#running.set(job.id, { abort, done });
    }
  }

  async #run(waiting: JobRecord, signal: AbortSignal): Promise<void> {
    const { logger, streams, supervisor, store, eventsOf } = this.#options;
    let job: JobRecord = { ...waiting, state: 'running' };
    this.#put(job);
    this.#live.set(job.id, job);
    let keptMs = this.#options.now();
    const onProgress = (progress: JobRecord['progress']) => {
      this.counters.frames += progress.frames - job.progress.frames;
      job = { ...job, progress };
      this.#live.set(job.id, job);
      const nowMs = this.#options.now();
      if (nowMs - keptMs < PROGRESS_MS) return;
      keptMs = nowMs;
      this.#put(job);
    };
    try {
      const stream = await streams.open(job.stream);
      const isDone = await runJob({ job, stream, supervisor, store, eventsOf, signal, onProgress });
      if (isDone) this.#end(job, 'done');
      else if (signal.reason === 'cancelled') this.#end(job, 'cancelled');
      else this.#put({ ...job, state: 'interrupted' });
    } catch (error) {
      const isExpected =
        error instanceof LogReadError || error instanceof WatchError || error instanceof StreamError;
      if (!isExpected) logger.error({ err: error, job: job.id }, 'a detection job failed');
      this.#end(job, 'failed', isExpected ? error.message : 'an internal error, see the log');
    } finally {
      this.#live.delete(job.id);
    }
  }

  #end(job: JobRecord, state: 'done' | 'cancelled' | 'failed', message?: string): void {
    const { logger, now } = this.#options;
    this.counters.ended[state] += 1;
    this.#put({ ...job, state, endedMs: now(), ...(message === undefined ? {} : { message }) });
    const { id, stream, progress } = job;
    const line = { job: id, stream, frames: progress.frames, events: progress.events, reason: message };
    if (state === 'failed') logger.warn(line, 'detection job failed');
    else logger.info(line, `detection job ${state}`);
  }

  /** A stream that is deleted takes its jobs with it: then there is nothing to keep any more. */
  #put(job: JobRecord): void {
    if (this.#options.streams.record(job.stream) !== undefined) this.#options.catalog.put(job);
  }

  #makeRoom(): void {
    const all = this.#options.catalog.list();
    if (all.length < MAX_JOBS) return;
    const oldest = all.findLast(({ state }) => isEnded(state));
    if (oldest === undefined) throw new LookbackError('too-many', `${all.length} jobs wait already.`);
    this.#forget(oldest);
  }

  /** Its place is given up with it. */
  #forget(job: JobRecord): void {
    this.#options.catalog.remove(job.id);
    this.#options.store.commit({
      stream: job.stream,
      watch: jobWatchName(job.id),
      events: [],
      state: null,
    });
  }
}

function isEnded(state: JobState): boolean {
  return state === 'done' || state === 'cancelled' || state === 'failed';
}

function isWaiting(state: JobState): boolean {
  return state === 'waiting' || state === 'interrupted';
}
