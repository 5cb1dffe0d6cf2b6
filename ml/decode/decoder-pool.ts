import { fileURLToPath } from 'node:url';
import { ProcessError, WorkerProcess } from '../process/worker-process.ts';
import {
  DecodeError,
  type DecodeErrorCode,
  type DecodeJob,
  type DecodeReply,
  type DecoderChoice,
  type Pictures,
} from './decode-job.ts';
import { Quarantine } from './quarantine.ts';

export interface DecoderPoolOptions {
  readonly decoder: DecoderChoice;
  /** A job that takes longer ends its process. */
  readonly jobTimeoutMs: number;
  /** So does one that takes more memory. */
  readonly maxRssBytes: number;
  /** Another program in the decoder's place, for tests. */
  readonly entry?: string;
  /** Processes at once. They are started when there is work. */
  readonly processes: number;
  /** Jobs that may wait; more are refused with `busy`. */
  readonly maxWaiting: number;
  /** A job that waits longer than this is refused with `busy`. */
  readonly maxWaitMs: number;
  /** A process without work for this long ends. */
  readonly idleMs: number;
  /** One that has grown to this is replaced after its job. */
  readonly recycleRssBytes: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What the pool has counted since the start; read by the metrics. */
export interface DecoderCounters {
  jobs: number;
  pictures: number;
  /** Jobs without pictures, by code. */
  readonly failures: Partial<Record<DecodeErrorCode, number>>;
  started: number;
  /** Processes that died or had to be killed. */
  crashed: number;
  recycled: number;
}

interface WaitingJob {
  readonly source: string;
  readonly job: DecodeJob;
  readonly done: PromiseWithResolvers<Pictures>;
  readonly giveUp: NodeJS.Timeout;
}

type DecoderProcess = WorkerProcess<DecodeJob, DecodeReply>;

const ENTRY = fileURLToPath(new URL('./decode-worker.ts', import.meta.url));
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 30_000;

/**
 * Decoder processes, started when there is work and ended when there is none, restarted when they die. First come, first
 * served; a job that ends its process is not tried again.
 */
export class DecoderPool {
  readonly counters: DecoderCounters = {
    jobs: 0,
    pictures: 0,
    failures: {},
    started: 0,
    crashed: 0,
    recycled: 0,
  };
  readonly #options: DecoderPoolOptions;
  readonly #quarantine = new Quarantine();
  readonly #waiting: WaitingJob[] = [];
  readonly #all = new Set<DecoderProcess>();
  readonly #idle = new Map<DecoderProcess, NodeJS.Timeout>();
  /** Whose job each one has. */
  readonly #sources = new Map<DecoderProcess, string>();
  /** Crashes in a row, over all processes. */
  #crashesInRow = 0;
  #backoff: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: DecoderPoolOptions) {
    this.#options = options;
  }

  /** Jobs that wait now. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Processes that run now. */
  get processes(): number {
    return this.#all.size;
  }

  /** Processes that run now, for tests and the operator's eyes. */
  get pids(): number[] {
    return Array.from(this.#all, ({ pid }) => pid ?? 0);
  }

  /** Decodes; `source` is the stream, for the quarantine. Throws DecodeError. */
  async decode(source: string, job: DecodeJob): Promise<Pictures> {
    this.counters.jobs += 1;
    try {
      const pictures = await this.#enqueue(source, job);
      this.counters.pictures += pictures.filter((picture) => picture !== undefined).length;
      return pictures;
    } catch (error) {
      if (error instanceof DecodeError) {
        this.counters.failures[error.code] = (this.counters.failures[error.code] ?? 0) + 1;
      }
      throw error;
    }
  }

  /** Ends all processes; what waits is refused. Resolves when they are no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#backoff);
    for (const waiting of this.#waiting.splice(0)) refuse(waiting, closed());
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    const processes = [...this.#all];
    for (const process of processes) process.kill();
    await Promise.all(processes.map((process) => process.gone));
  }

  #enqueue(source: string, job: DecodeJob): Promise<Pictures> {
    if (this.#isClosed) throw closed();
    if (this.#quarantine.has(source, this.#options.now())) {
      throw new DecodeError('quarantined', `${source} has crashed decoders again and again`);
    }
    if (this.#waiting.length >= this.#options.maxWaiting) {
      throw new DecodeError('busy', `${this.#waiting.length} jobs wait already`);
    }
    const done = Promise.withResolvers<Pictures>();
    const giveUp = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      done.reject(new DecodeError('busy', `no decoder was free for ${this.#options.maxWaitMs} ms`));
    }, this.#options.maxWaitMs);
    const waiting: WaitingJob = { source, job, done, giveUp };
    this.#waiting.push(waiting);
    this.#dispatch();
    return done.promise;
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const process = this.#takeIdle() ?? this.#start();
      if (process === undefined) return;
      const next = this.#waiting.shift();
      if (next === undefined) return;
      clearTimeout(next.giveUp);
      void this.#work(process, next);
    }
  }

  #takeIdle(): DecoderProcess | undefined {
    for (const [process, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(process);
      return process;
    }
    return undefined;
  }

  #start(): DecoderProcess | undefined {
    if (this.#all.size >= this.#options.processes || this.#backoff !== undefined) return undefined;
    const { entry = ENTRY, decoder, maxRssBytes } = this.#options;
    const process: DecoderProcess = new WorkerProcess({
      title: 'the decoder',
      entry,
      args: [decoder],
      maxRssBytes,
    });
    this.counters.started += 1;
    this.#all.add(process);
    void process.gone.then(({ wasBusy }) => {
      this.#all.delete(process);
      clearTimeout(this.#idle.get(process));
      this.#idle.delete(process);
      const source = this.#sources.get(process);
      this.#sources.delete(process);
      if (wasBusy && source !== undefined) this.#noteCrash(source);
      this.#dispatch();
    });
    return process;
  }

  async #work(process: DecoderProcess, { source, job, done }: WaitingJob): Promise<void> {
    this.#sources.set(process, source);
    try {
      const reply = await process.run(job, this.#options.jobTimeoutMs);
      this.#crashesInRow = 0;
      if ('pictures' in reply) done.resolve(reply.pictures);
      else done.reject(new DecodeError(reply.error.code, reply.error.message));
    } catch (error) {
      done.reject(
        error instanceof ProcessError ? new DecodeError(error.code, error.message, { cause: error }) : error,
      );
    }
    this.#rest(process);
  }

  /** The process has done its job. */
  #rest(process: DecoderProcess): void {
    if (process.isGone || this.#isClosed) return;
    if (process.rssBytes > this.#options.recycleRssBytes) {
      this.counters.recycled += 1;
      process.stop();
      return;
    }
    const timer = setTimeout(() => {
      this.#idle.delete(process);
      process.stop();
    }, this.#options.idleMs);
    this.#idle.set(process, timer.unref());
    this.#dispatch();
  }

  #noteCrash(source: string): void {
    this.counters.crashed += 1;
    this.#quarantine.crashed(source, this.#options.now());
    // The first is replaced at once: it is most likely the stream's fault.
    if (this.#isClosed || this.#crashesInRow++ === 0) return;
    const delayMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.#crashesInRow - 2));
    this.#backoff ??= setTimeout(() => {
      this.#backoff = undefined;
      this.#dispatch();
    }, delayMs);
  }
}

function refuse({ done, giveUp }: WaitingJob, error: DecodeError): void {
  clearTimeout(giveUp);
  done.reject(error);
}

function closed(): DecodeError {
  return new DecodeError('closed', 'the server is closing');
}
