import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  DecodeError,
  type DecodeJob,
  type DecoderChoice,
  type Pictures,
  type WorkerReply,
  type WorkerRequest,
} from './decode-job.ts';

export interface DecoderProcessOptions {
  readonly decoder: DecoderChoice;
  /** A job that takes longer ends the process. */
  readonly jobTimeoutMs: number;
  /** So does one that takes more memory. */
  readonly maxRssBytes: number;
  /** Another program in its place, for tests. */
  readonly entry?: string;
}

const ENTRY = fileURLToPath(new URL('./decode-worker.ts', import.meta.url));
const WATCH_MS = 200;
/** Most of its last words that is kept. */
const MAX_STDERR = 500;
const LINUX_PAGE_BYTES = 4096;

interface RunningJob {
  readonly id: number;
  readonly source: string;
  readonly done: PromiseWithResolvers<Pictures>;
}

/**
 * One decoder process and the job that it has. It gets no environment but PATH, no files, and nothing to talk to but this end
 * (detection.md §8).
 */
export class DecoderProcess {
  readonly #child: ChildProcess;
  readonly #options: DecoderProcessOptions;
  #job: RunningJob | undefined;
  #nextId = 1;
  #stderr = '';
  /** Why it is being killed. */
  #verdict: DecodeError | undefined;
  #rssBytes = 0;
  readonly #gone = Promise.withResolvers<{ readonly duringJobOf: string | undefined }>();
  #isGone = false;

  constructor(options: DecoderProcessOptions) {
    this.#options = options;
    this.#child = fork(options.entry ?? ENTRY, [options.decoder], {
      serialization: 'advanced',
      execArgv: ['--expose-gc', '--max-old-space-size=256'],
      env: { PATH: process.env.PATH ?? '' },
      cwd: tmpdir(),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (data: Buffer) => {
      this.#stderr = (this.#stderr + data.toString()).slice(-MAX_STDERR);
    });
    this.#child.on('message', (reply: WorkerReply) => this.#take(reply));
    // `error`: it could not be started, killed or sent to. `exit` may not follow the first.
    this.#child.on('error', (error) =>
      this.#end(new DecodeError('crashed', error.message, { cause: error })),
    );
    this.#child.on('exit', (code, signal) => {
      this.#end(
        new DecodeError('crashed', `the decoder ended with ${signal ?? code}: ${this.#stderr.trim()}`),
      );
    });
  }

  /** Resolves when the process is no more: whose job it had then, if any. */
  get gone(): Promise<{ readonly duringJobOf: string | undefined }> {
    return this.#gone.promise;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** As it was after its last job. */
  get rssBytes(): number {
    return this.#rssBytes;
  }

  /** Does one job; not to be called before the last one is done. Throws DecodeError. */
  async run(source: string, job: DecodeJob): Promise<Pictures> {
    const running: RunningJob = { id: this.#nextId++, source, done: Promise.withResolvers() };
    this.#job = running;
    const deadline = setTimeout(() => {
      this.#kill(new DecodeError('timeout', `the decoder took longer than ${this.#options.jobTimeoutMs} ms`));
    }, this.#options.jobTimeoutMs);
    const watch = setInterval(() => void this.#watchMemory(), WATCH_MS);
    try {
      const request: WorkerRequest = { id: running.id, job };
      this.#child.send(request, (error) => {
        // Its pipe is broken: it has ended, or has to.
        if (error !== null) this.#kill(new DecodeError('crashed', error.message, { cause: error }));
      });
      return await running.done.promise;
    } finally {
      clearTimeout(deadline);
      clearInterval(watch);
      this.#job = undefined;
    }
  }

  /** Asks it to end; a process without a job does at once. */
  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  /** Ends it now. */
  kill(): void {
    this.#kill(new DecodeError('closed', 'the server is closing'));
  }

  #take(reply: WorkerReply): void {
    if (this.#job?.id !== reply.id) return;
    this.#rssBytes = reply.rssBytes;
    if ('pictures' in reply) this.#job.done.resolve(reply.pictures);
    else this.#job.done.reject(new DecodeError(reply.error.code, reply.error.message));
  }

  #kill(verdict: DecodeError): void {
    this.#verdict ??= verdict;
    this.#child.kill('SIGKILL');
  }

  #end(error: DecodeError): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#gone.resolve({ duringJobOf: this.#job?.source });
    this.#job?.done.reject(this.#verdict ?? error);
  }

  /** Looks from outside: a decoder that allocates without end does not come to tell. Linux only; elsewhere jobs have their time limit. */
  async #watchMemory(): Promise<void> {
    const { pid } = this.#child;
    if (process.platform !== 'linux' || pid === undefined) return;
    const statm = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => undefined);
    const rssBytes = Number(statm?.split(' ')[1] ?? 0) * LINUX_PAGE_BYTES;
    if (rssBytes > this.#options.maxRssBytes) {
      this.#kill(
        new DecodeError('too-large', `the decoder took more than ${this.#options.maxRssBytes} bytes`),
      );
    }
  }
}
