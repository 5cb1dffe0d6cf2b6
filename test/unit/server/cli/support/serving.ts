import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startFramelog } from './framelog.ts';

/** What the contract's JSON line says. */
export interface Listening {
  readonly event: string;
  readonly pid: number;
  readonly http: { readonly host: string; readonly port: number };
  readonly rtmp: { readonly host: string; readonly port: number };
  readonly dataDir: string;
  readonly loginUrl?: string;
}

/** A server started through the command line, with a data folder of its own. */
export class Serving {
  readonly data: string;
  readonly listening: Listening;
  readonly #child: ReturnType<typeof startFramelog>;
  readonly #said: { stdout: string; stderr: string };

  private constructor(
    data: string,
    listening: Listening,
    child: ReturnType<typeof startFramelog>,
    said: { stdout: string; stderr: string },
  ) {
    this.data = data;
    this.listening = listening;
    this.#child = child;
    this.#said = said;
  }

  /** Starts `serve` or `demo` on free ports, and waits for its line. */
  static async start(
    command: 'serve' | 'demo',
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    nodeArgs: readonly string[] = [],
  ): Promise<Serving> {
    const data = mkdtempSync(join(tmpdir(), 'framelog-serving-'));
    const ports = ['--http', '127.0.0.1:0', '--rtmp', '127.0.0.1:0'];
    const child = startFramelog([command, '--json', '--data', data, ...ports, ...args], env, nodeArgs);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
      });
    }
    const firstLine = once(createInterface({ input: child.stdout }), 'line');
    const [line] = (await Promise.race([firstLine, once(child, 'exit').then(() => [undefined])])) as [
      string?,
    ];
    if (line === undefined) {
      rmSync(data, { recursive: true, force: true });
      throw new Error(`framelog ${command} ended with ${child.exitCode}: ${said.stderr}`);
    }
    return new Serving(data, JSON.parse(line) as Listening, child, said);
  }

  get url(): string {
    return `http://127.0.0.1:${this.listening.http.port}`;
  }

  get stdout(): string {
    return this.#said.stdout;
  }

  get stderr(): string {
    return this.#said.stderr;
  }

  /** Tells the process that was started to end; answers its status and signal. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<[number | null, NodeJS.Signals | null]> {
    const closed = once(this.#child, 'close');
    this.#child.kill(signal);
    return (await closed) as [number | null, NodeJS.Signals | null];
  }

  /** For `after`: whatever has happened, nothing is left behind. */
  dispose(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      process.kill(this.listening.pid, 'SIGKILL');
    rmSync(this.data, { recursive: true, force: true });
  }
}
