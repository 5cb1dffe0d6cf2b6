import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';

/** Why a process gave no answer. `crashed`: it died; `timeout`, `too-large`, `closed`: it was ended. */
export type ProcessErrorCode = 'crashed' | 'timeout' | 'too-large' | 'closed';

export class ProcessError extends Error {
  readonly code: ProcessErrorCode;

  constructor(code: ProcessErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProcessError';
    this.code = code;
  }
}

export interface WorkerProcessOptions {
  /** What it does, for messages: `the decoder`. */
  readonly title: string;
  /** The program: a file that calls `serveRequests`. */
  readonly entry: string;
  readonly args: readonly string[];
  /** More flags for Node: what the process is kept from. */
  readonly nodeOptions?: readonly string[];
  /** A request for which it takes more memory than this ends it. */
  readonly maxRssBytes: number;
}

/** To the process. */
export interface RequestEnvelope<Request> {
  readonly id: number;
  readonly request: Request;
}

/** From the process. */
export interface ReplyEnvelope<Reply> {
  readonly id: number;
  readonly reply: Reply;
  /** Resident memory after the work. */
  readonly rssBytes: number;
}

const WATCH_MS = 200;
/** Native code may keep a process from ending. */
const STOP_MS = 5000;
/** Most of its last words that is kept. */
const MAX_STDERR = 500;
const LINUX_PAGE_BYTES = 4096;

interface Running<Reply> {
  readonly id: number;
  readonly done: PromiseWithResolvers<Reply>;
}

/**
 * A process for work that may end it, and the one request that it has. It gets no environment but PATH, no files, and nothing to
 * talk to but this end (detection.md §8).
 */
export class WorkerProcess<Request, Reply> {
  readonly #child: ChildProcess;
  readonly #options: WorkerProcessOptions;
  #running: Running<Reply> | undefined;
  #nextId = 1;
  #stderr = '';
  /** Why it is being killed. */
  #verdict: ProcessError | undefined;
  #rssBytes = 0;
  readonly #gone = Promise.withResolvers<{ readonly wasBusy: boolean }>();
  #isGone = false;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    this.#child = fork(options.entry, options.args, {
      serialization: 'advanced',
      execArgv: ['--expose-gc', '--max-old-space-size=256', ...(options.nodeOptions ?? [])],
      env: { PATH: process.env.PATH ?? '' },
      cwd: tmpdir(),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (data: Buffer) => {
      this.#stderr = (this.#stderr + data.toString()).slice(-MAX_STDERR);
    });
    this.#child.on('message', (reply: ReplyEnvelope<Reply>) => this.#take(reply));
    // `error`: it could not be started, killed or sent to. `exit` may not follow the first.
    this.#child.on('error', (error) =>
      this.#end(new ProcessError('crashed', error.message, { cause: error })),
    );
    this.#child.on('exit', (code, signal) => {
      const words = `${options.title} ended with ${signal ?? code}: ${this.#stderr.trim()}`;
      this.#end(new ProcessError('crashed', words));
    });
  }

  /** Resolves when the process is no more: whether it had a request then. */
  get gone(): Promise<{ readonly wasBusy: boolean }> {
    return this.#gone.promise;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** As it was after its last request. */
  get rssBytes(): number {
    return this.#rssBytes;
  }

  /** Asks for one thing; not to be called before the last one was answered. Throws ProcessError. */
  async run(request: Request, timeoutMs: number): Promise<Reply> {
    const running: Running<Reply> = { id: this.#nextId++, done: Promise.withResolvers() };
    this.#running = running;
    const { title } = this.#options;
    const deadline = setTimeout(() => {
      this.#kill(new ProcessError('timeout', `${title} took longer than ${timeoutMs} ms`));
    }, timeoutMs);
    const watch = setInterval(() => void this.#watchMemory(), WATCH_MS);
    try {
      const envelope: RequestEnvelope<Request> = { id: running.id, request };
      // A channel that is closed is told by `exit`, which may have come already.
      if (this.#isGone) throw this.#verdict ?? new ProcessError('crashed', `${title} is no more`);
      this.#child.send(envelope as object, (error) => {
        // Its pipe is broken: it has ended, or has to.
        if (error !== null) this.#kill(new ProcessError('crashed', error.message, { cause: error }));
      });
      return await running.done.promise;
    } finally {
      clearTimeout(deadline);
      clearInterval(watch);
      this.#running = undefined;
    }
  }

  /** Asks it to end; a process without a request does at once. One that has not after `limitMs` is killed. */
  stop(limitMs = STOP_MS): void {
    if (this.#child.connected) this.#child.disconnect();
    const late = setTimeout(() => this.kill(), limitMs).unref();
    void this.gone.then(() => clearTimeout(late));
  }

  /** Ends it now. */
  kill(): void {
    this.#kill(new ProcessError('closed', 'the server is closing'));
  }

  #take({ id, reply, rssBytes }: ReplyEnvelope<Reply>): void {
    if (this.#running?.id !== id) return;
    this.#rssBytes = rssBytes;
    this.#running.done.resolve(reply);
  }

  #kill(verdict: ProcessError): void {
    this.#verdict ??= verdict;
    this.#child.kill('SIGKILL');
  }

  #end(error: ProcessError): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#gone.resolve({ wasBusy: this.#running !== undefined });
    this.#running?.done.reject(this.#verdict ?? error);
  }

  /** Looks from outside: a process that allocates without end does not come to tell. Linux only; elsewhere requests have their time limit. */
  async #watchMemory(): Promise<void> {
    const { pid } = this.#child;
    if (process.platform !== 'linux' || pid === undefined) return;
    const statm = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => undefined);
    const rssBytes = Number(statm?.split(' ')[1] ?? 0) * LINUX_PAGE_BYTES;
    const { maxRssBytes, title } = this.#options;
    if (rssBytes > maxRssBytes) {
      this.#kill(new ProcessError('too-large', `${title} took more than ${maxRssBytes} bytes`));
    }
  }
}
