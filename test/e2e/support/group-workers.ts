import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A record as a worker has processed it. */
export interface ProcessedRecord {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  readonly data: string;
}

const SAMPLE = fileURLToPath(new URL('../../../samples/consume-events.ts', import.meta.url));

/**
 * Workers of one group, each a process of its own, that write what they process to one file: the kernel appends line after line, so the
 * file tells in which order it was done.
 */
export class GroupWorkers {
  readonly #path: string;
  readonly #args: readonly string[];
  readonly #children = new Map<string, ChildProcess>();
  #errors = '';

  /** `args`: of the sample, apart from the worker's name. */
  constructor(path: string, args: readonly string[]) {
    this.#path = path;
    this.#args = args;
  }

  start(name: string): void {
    const out = openSync(this.#path, 'a');
    const child = spawn(process.execPath, [SAMPLE, ...this.#args, '--worker', name], {
      stdio: ['ignore', out, 'pipe'],
    });
    closeSync(out);
    child.stderr?.on('data', (data: Buffer) => {
      this.#errors = `${this.#errors}${name}: ${data}`.slice(-20_000);
    });
    this.#children.set(name, child);
  }

  /** What they have said on stderr. */
  get errors(): string {
    return this.#errors;
  }

  /** In the order of their processing. */
  processed(): ProcessedRecord[] {
    const lines = readFileSync(this.#path, 'utf8').split('\n');
    // A worker may be killed while it writes, or be writing now.
    return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as ProcessedRecord);
  }

  /** Ends a worker without a word; resolves with its exit code, `null` when the signal ended it. */
  async end(name: string, signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#children.get(name);
    if (child === undefined) return null;
    this.#children.delete(name);
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = (await exited) as [number | null];
    return code;
  }

  /** Ends those that are left; answers their exit codes. */
  endAll(signal: NodeJS.Signals): Promise<(number | null)[]> {
    return Promise.all([...this.#children.keys()].map((name) => this.end(name, signal)));
  }
}
