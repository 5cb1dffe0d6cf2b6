import { ProcessError, WorkerProcess } from '../process/worker-process.ts';
import type { SupervisedWatch } from './supervised-watch.ts';
import type { PictureAnswer, PictureQuestion, WorkerCapabilities } from './supervisor.ts';
import { WatchError, type WatchErrorCode } from './supervisor.ts';
import type { SupervisorCounters } from './supervisor-counters.ts';
import type { SupervisorLog } from './supervisor-log.ts';
import { Turns } from './turns.ts';
import type { WorkerReply, WorkerRequest } from './worker-messages.ts';

export interface SlotOptions {
  readonly entry: string;
  readonly args: readonly string[];
  readonly maxRssBytes: number;
  readonly recycleRssBytes: number;
  readonly recycleAfterMs: number;
  readonly requestTimeoutMs: number;
  /** For requests in which a model may have to be loaded. */
  readonly loadTimeoutMs: number;
  readonly startTimeoutMs: number;
  /** A worker without watches and without work for this long ends. */
  readonly idleMs: number;
  readonly counters: SupervisorCounters;
  readonly log: SupervisorLog;
  readonly now: () => number;
  readonly onStarted: (capabilities: WorkerCapabilities) => void;
  /** A worker died of what this watch gave it. */
  readonly onCrash: (watch: SupervisedWatch, message: string) => void;
}

export interface WaitingLook {
  readonly question: PictureQuestion;
  readonly done: PromiseWithResolvers<PictureAnswer>;
}

interface Job {
  readonly watch: SupervisedWatch | undefined;
  readonly request: WorkerRequest;
  readonly timeoutMs: number;
  readonly take: (reply: WorkerReply) => void;
  readonly refuse: (code: WatchErrorCode, message: string) => void;
}

type Worker = WorkerProcess<WorkerRequest, WorkerReply>;

const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 30_000;
/** Where no engine is fast enough, this is looked at again after so long. */
const UNAVAILABLE_MS = 60_000;
/** Starts that fail in a row, after which those who wait are told. */
const MAX_FAILED_STARTS = 3;
/** A worker that is as large as this when it is young would be again at once: it is not replaced before. */
const MIN_RECYCLE_AGE_MS = 60_000;

/** One worker process after the other, and the watches that it looks for: one request at a time, by turns. */
export class WorkerSlot {
  /** In the order in which they come next. */
  readonly watches = new Set<SupervisedWatch>();
  readonly #options: SlotOptions;
  readonly #looks: WaitingLook[] = [];
  /** The most urgent first: live watches, single pictures, batches. */
  readonly #turns = new Turns(3);
  #worker: Worker | undefined;
  #startedMs = 0;
  /** Watches that the worker knows, and those that it may forget. */
  #known = new Set<SupervisedWatch>();
  #forget: number[] = [];
  readonly #leaving = new Set<Worker>();
  #isWorking = false;
  #crashesInRow = 0;
  #failedStarts = 0;
  #backoff: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#worker?.pid;
  }

  get waitingLooks(): number {
    return this.#looks.length;
  }

  /** Which share of its worker's time its watches have used lately. */
  shareAt(nowMs: number): number {
    let share = 0;
    for (const watch of this.watches) share += watch.share.at(nowMs);
    return share;
  }

  add(watch: SupervisedWatch): void {
    this.watches.add(watch);
    clearTimeout(this.#idle);
    this.wake();
  }

  remove(watch: SupervisedWatch): void {
    this.watches.delete(watch);
    this.reopen(watch);
    this.#restWhenIdle();
  }

  /** The worker is told anew what this watch is. */
  reopen(watch: SupervisedWatch): void {
    if (this.#known.delete(watch) && !this.watches.has(watch)) this.#forget.push(watch.id);
  }

  look(look: WaitingLook): void {
    this.#looks.push(look);
    this.wake();
  }

  /** Somebody gave up waiting. */
  withdraw(look: WaitingLook): boolean {
    const index = this.#looks.indexOf(look);
    if (index !== -1) this.#looks.splice(index, 1);
    return index !== -1;
  }

  wake(): void {
    if (!this.#isWorking) void this.#work();
  }

  /** Ends its worker; pictures that wait are refused. Resolves when no process is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#backoff);
    clearTimeout(this.#idle);
    for (const { done } of this.#looks.splice(0))
      done.reject(new WatchError('closed', 'the server is closing'));
    const workers = [...this.#leaving, ...(this.#worker === undefined ? [] : [this.#worker])];
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map((worker) => worker.gone));
  }

  get #hasWork(): boolean {
    return this.#looks.length > 0 || this.#ready('live') !== undefined || this.#ready('batch') !== undefined;
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (!this.#isClosed && this.#hasWork) {
      const worker = this.#worker ?? (await this.#start());
      if (worker === undefined) {
        if (this.#backoff === undefined) continue;
        break;
      }
      const job = this.#next();
      if (job === undefined) break;
      await this.#do(worker, job);
    }
    this.#isWorking = false;
    this.#restWhenIdle();
  }

  #next(): Job | undefined {
    const live = this.#ready('live');
    const batch = this.#ready('batch');
    const turn = this.#turns.next([live !== undefined, this.#looks.length > 0, batch !== undefined]);
    if (turn === 1) return this.#lookJob();
    const watch = turn === 0 ? live : batch;
    return watch === undefined ? undefined : this.#watchJob(watch);
  }

  #ready(pace: 'live' | 'batch'): SupervisedWatch | undefined {
    for (const watch of this.watches) if (watch.options.pace === pace && watch.isReady) return watch;
    return undefined;
  }

  #watchJob(watch: SupervisedWatch): Job | undefined {
    // To the end of the queue.
    this.watches.delete(watch);
    this.watches.add(watch);
    const isKnown = this.#known.has(watch);
    const work = watch.takeWork(isKnown);
    if (work === undefined) return undefined;
    this.#known.add(watch);
    const { requestTimeoutMs, loadTimeoutMs } = this.#options;
    return {
      watch,
      request: { kind: 'watch', work, forget: this.#forget.splice(0) },
      timeoutMs: isKnown ? requestTimeoutMs : loadTimeoutMs,
      take: (reply) => {
        if (reply.kind === 'watched') watch.answered(reply.answer);
      },
      refuse: (code, message) => {
        this.#known.delete(watch);
        watch.failed(code, message);
      },
    };
  }

  #lookJob(): Job | undefined {
    const look = this.#looks.shift();
    if (look === undefined) return undefined;
    return {
      watch: undefined,
      request: { kind: 'look', question: look.question, forget: this.#forget.splice(0) },
      timeoutMs: this.#options.loadTimeoutMs,
      take: (reply) => {
        if (reply.kind === 'looked') look.done.resolve(reply.answer);
      },
      refuse: (code, message) => look.done.reject(new WatchError(code, message)),
    };
  }

  async #do(worker: Worker, job: Job): Promise<void> {
    const { now } = this.#options;
    const startedMs = now();
    try {
      const reply = await worker.run(job.request, job.timeoutMs);
      this.#crashesInRow = 0;
      job.watch?.share.add(now() - startedMs, now());
      if (reply.kind === 'failed') job.refuse(reply.code, reply.message);
      else job.take(reply);
      this.#recycle(worker);
    } catch (error) {
      if (!(error instanceof ProcessError)) throw error;
      this.#lost(worker, job, error);
    }
  }

  /** A worker that is ready; `undefined` when there is none now. */
  async #start(): Promise<Worker | undefined> {
    if (this.#backoff !== undefined) return undefined;
    const { entry, args, maxRssBytes, startTimeoutMs, counters, log, now, onStarted } = this.#options;
    const worker: Worker = new WorkerProcess({ title: 'the detection worker', entry, args, maxRssBytes });
    counters.workers.started += 1;
    this.#worker = worker;
    this.#startedMs = now();
    void worker.gone.then(({ wasBusy }) => {
      this.#leaving.delete(worker);
      // Otherwise whoever has its request is told.
      if (!wasBusy)
        this.#lost(worker, undefined, new ProcessError('crashed', 'the detection worker is no more'));
    });
    try {
      const reply = await worker.run({ kind: 'start' }, startTimeoutMs);
      if (reply.kind === 'started') {
        this.#failedStarts = 0;
        const { capabilities, problems } = reply;
        if (problems.length > 0) log.warn({ problems }, 'not all of detection works on this machine');
        onStarted(capabilities);
        return worker;
      }
      this.#leave(worker);
      if (reply.kind === 'failed') this.#unavailable(reply.message);
    } catch (error) {
      if (!(error instanceof ProcessError)) throw error;
      this.#failedStarts += 1;
      this.#lost(worker, undefined, error);
      if (this.#failedStarts >= MAX_FAILED_STARTS) this.#unavailable(error.message);
    }
    return undefined;
  }

  /** Nobody can look at anything here for now: all who wait are told. */
  #unavailable(message: string): void {
    this.#options.log.error({ reason: message }, 'detection does not work on this machine');
    this.#pause(UNAVAILABLE_MS);
    for (const { done } of this.#looks.splice(0)) done.reject(new WatchError('unavailable', message));
    for (const watch of this.watches) watch.failed('unavailable', message);
  }

  /** The worker is no more, against its will. */
  #lost(worker: Worker, job: Job | undefined, error: ProcessError): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#known.clear();
    this.#forget = [];
    if (this.#isClosed) {
      job?.refuse('closed', 'the server is closing');
      return;
    }
    const { counters, log, onCrash } = this.#options;
    counters.workers.crashed += 1;
    if (error.code === 'timeout') counters.workers.timedOut += 1;
    if (error.code === 'too-large') counters.workers.tooLarge += 1;
    const { stream, name } = job?.watch?.options ?? {};
    log.warn({ reason: error.message, stream, watch: name }, 'a detection worker was lost');
    // The first is replaced at once: it is most likely the stream's fault.
    if (this.#crashesInRow++ > 0)
      this.#pause(Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.#crashesInRow - 2)));
    if (job?.watch !== undefined) onCrash(job.watch, error.message);
    else job?.refuse(error.code, error.message);
    for (const watch of this.watches) watch.lost(watch === job?.watch);
    this.wake();
  }

  #pause(delayMs: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#backoff);
    this.#backoff = setTimeout(() => {
      this.#backoff = undefined;
      this.wake();
    }, delayMs);
  }

  /** Replaces a worker that has grown or is old; its watches go on with the next one. */
  #recycle(worker: Worker): void {
    const { recycleRssBytes, maxRssBytes, recycleAfterMs, counters, now } = this.#options;
    const ageMs = now() - this.#startedMs;
    const { rssBytes } = worker;
    const isLarge = rssBytes > maxRssBytes || (rssBytes > recycleRssBytes && ageMs >= MIN_RECYCLE_AGE_MS);
    if (this.#worker !== worker || !(isLarge || ageMs > recycleAfterMs)) return;
    counters.workers.recycled += 1;
    this.#leave(worker);
    for (const watch of this.watches) watch.lost(false);
  }

  #leave(worker: Worker): void {
    this.#worker = undefined;
    this.#known.clear();
    this.#forget = [];
    if (!worker.isGone) this.#leaving.add(worker);
    worker.stop();
  }

  #restWhenIdle(): void {
    clearTimeout(this.#idle);
    if (this.#isClosed || this.watches.size > 0 || this.#worker === undefined) return;
    this.#idle = setTimeout(() => {
      const worker = this.#worker;
      if (worker !== undefined && !this.#isWorking && this.watches.size === 0) this.#leave(worker);
    }, this.#options.idleMs);
    this.#idle.unref();
  }
}
