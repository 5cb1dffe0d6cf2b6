import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { finished } from './media.ts';
import { type ServerProcess, spawnFramelog, startServerProcess } from './server.ts';
import { until } from './until.ts';

export interface CrashOptions {
  readonly rounds: number;
  readonly publishers: number;
  /** `verify` is run on the data directory after every so many rounds, and at the end. */
  readonly verifyEvery: number;
  readonly onRound?: (round: number, persisted: number) => void;
}

export interface CrashReport {
  readonly rounds: number;
  /** Fragments that the server had reported `persisted` before one of the kills. */
  readonly persisted: number;
  /** Of these, the ones that a later start did not have: `stream/number`. */
  readonly missing: readonly string[];
}

/**
 * Kills the whole server with SIGKILL at a random moment while publishers write, again and again on one data directory.
 * Each fragment that it reported `persisted` must be listed after the next start, with the same facts.
 */
export async function crashRounds(options: CrashOptions): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-crash-'));
  const dataDir = join(folder, 'data');
  const clip = join(folder, 'clip.mp4');
  makeClip(clip);
  const missing: string[] = [];
  let persisted = 0;
  let told: Persisted[] = [];
  try {
    for (let round = 1; round <= options.rounds + 1; round += 1) {
      const server = await startServerProcess({ dataDir });
      missing.push(...(await notListed(server, told)));
      if (round > options.rounds) {
        if ((await server.stop()) !== 0)
          throw new Error(`the server did not close cleanly:\n${server.stderr()}`);
        break;
      }
      told = await writeAndKill(server, clip, options.publishers);
      persisted += told.length;
      options.onRound?.(round, told.length);
      if (round % options.verifyEvery === 0) await verify(dataDir, true);
    }
    await verify(dataDir, false);
    return { rounds: options.rounds, persisted, missing };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Persisted {
  readonly stream: string;
  readonly number: string;
  readonly sizeBytes: number;
}

/** Half-second GOPs, so that each round has many fragments at stake. */
function makeClip(file: string): void {
  execFileSync('ffmpeg', [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=160x120:r=20',
    '-f',
    'lavfi',
    '-i',
    'sine=r=16000',
    '-t',
    '10',
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-g',
    '12',
    '-keyint_min',
    '12',
    '-sc_threshold',
    '0',
    '-b:v',
    '150k',
    '-c:a',
    'aac',
    '-b:a',
    '24k',
    file,
  ]);
}

async function writeAndKill(server: ServerProcess, clip: string, publishers: number): Promise<Persisted[]> {
  const told: Persisted[] = [];
  const pusher = spawnFramelog([
    'push',
    clip,
    `${server.rtmpUrl}/live/cam{n}`,
    '--loop',
    '--count',
    String(publishers),
  ]);
  const pushEnded = finished(pusher).catch((error: unknown) => error);
  await until('all publishers', async () => {
    const answer = await fetch(`${server.httpUrl}/api/streams?limit=1000`);
    const { streams } = (await answer.json()) as { streams: { live: { isLive: boolean } | null }[] };
    return streams.filter((stream) => stream.live?.isLive).length >= publishers;
  });
  const followers = Array.from({ length: publishers }, (_, index) => follow(server, `cam${index + 1}`, told));
  await until('a fragment at stake for each publisher', () => told.length >= publishers);
  await delay(Math.random() * 2000);
  server.signal('SIGKILL');
  await server.exited;
  await Promise.all(followers);
  pusher.kill('SIGKILL');
  await pushEnded;
  return told;
}

/** Collects what the server says is persisted, until the connection breaks. */
async function follow(server: ServerProcess, stream: string, told: Persisted[]): Promise<void> {
  let text = '';
  try {
    const answer = await fetch(`${server.httpUrl}/api/streams/${stream}/fragments/events`);
    if (!answer.ok || answer.body === null) throw new Error(`${stream}: ${answer.status}`);
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        if (!event.startsWith('event: persisted\n')) continue;
        const data = JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '{}') as Persisted;
        told.push({ stream, number: data.number, sizeBytes: data.sizeBytes });
      }
    }
  } catch (error) {
    // The kill breaks the connection; anything else would show as missing publishers or a failing start.
    if (!(error instanceof TypeError)) throw error;
  }
}

async function notListed(server: ServerProcess, told: readonly Persisted[]): Promise<string[]> {
  const missing: string[] = [];
  for (const stream of new Set(told.map((fragment) => fragment.stream))) {
    const listed = new Map<string, number>();
    let after = '';
    for (;;) {
      const answer = await fetch(`${server.httpUrl}/api/streams/${stream}/fragments?limit=1000${after}`);
      const page = (await answer.json()) as { fragments: Persisted[]; next: number | null };
      for (const fragment of page.fragments) listed.set(fragment.number, fragment.sizeBytes);
      if (page.next === null) break;
      after = `&after=${page.next}`;
    }
    for (const fragment of told) {
      if (fragment.stream !== stream) continue;
      if (listed.get(fragment.number) !== fragment.sizeBytes) missing.push(`${stream}/${fragment.number}`);
    }
  }
  return missing;
}

/** Checksums, index against files, everything; a torn tail is no damage before the server has opened the file again. */
async function verify(dataDir: string, mayHaveTornTails: boolean): Promise<void> {
  await finished(spawnFramelog(['verify', dataDir, ...(mayHaveTornTails ? ['--repair'] : [])]));
}
