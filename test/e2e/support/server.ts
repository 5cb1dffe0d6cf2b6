import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The real server as its own process, started as a user starts it. */
export interface ServerProcess {
  readonly pid: number;
  readonly dataDir: string;
  /** `http://127.0.0.1:PORT`. */
  readonly httpUrl: string;
  /** `rtmp://127.0.0.1:PORT`. */
  readonly rtmpUrl: string;
  /** The contract's JSON line. */
  readonly listening: Listening;
  /** What it has logged so far. */
  stderr(): string;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, `null` after a signal. */
  readonly exited: Promise<number | null>;
  /** SIGTERM, then waits; removes the data directory when the server made it. */
  stop(): Promise<number | null>;
}

export interface Listening {
  readonly pid: number;
  readonly http: { readonly host: string; readonly port: number };
  readonly rtmp: { readonly host: string; readonly port: number };
  readonly loginUrl?: string;
}

export interface ServerOptions {
  /** Kept after the server stopped when given. */
  readonly dataDir?: string;
  /** Default: true. */
  readonly open?: boolean;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

const LAUNCHER = fileURLToPath(new URL('../../../bin/framelog.js', import.meta.url));

/** Runs the command line, as `npx framelog ...` does. */
export function spawnFramelog(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [LAUNCHER, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

/** Starts `framelog serve` on free ports and waits for its JSON line. */
export async function startServerProcess(options: ServerOptions = {}): Promise<ServerProcess> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'framelog-e2e-'));
  const args = ['serve', '--json', '--data', dataDir, '--http', '127.0.0.1:0', '--rtmp', '127.0.0.1:0'];
  if (options.open ?? true) args.push('--open');
  const child = spawnFramelog([...args, ...(options.args ?? [])], options.env);
  let stderr = '';
  child.stderr?.on('data', (data: Buffer) => {
    stderr = (stderr + data.toString()).slice(-200_000);
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const listening = await Promise.race([
    firstJsonLine(child),
    exited.then((code) => {
      throw new Error(`server exited with ${code} before it listened:\n${stderr}`);
    }),
  ]);
  return {
    pid: listening.pid,
    dataDir,
    httpUrl: `http://127.0.0.1:${listening.http.port}`,
    rtmpUrl: `rtmp://127.0.0.1:${listening.rtmp.port}`,
    listening,
    stderr: () => stderr,
    signal: (signal) => process.kill(listening.pid, signal),
    exited,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) process.kill(listening.pid, 'SIGTERM');
      const code = await exited;
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
      return code;
    },
  };
}

async function firstJsonLine(child: ChildProcess): Promise<Listening> {
  if (child.stdout === null) throw new Error('stdout must be a pipe');
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return JSON.parse(line) as Listening;
}
