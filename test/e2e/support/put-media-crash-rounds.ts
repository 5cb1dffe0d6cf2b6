import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cluster, dialogueHead, fragmentAt } from '../../fixtures/put-media/dialogues.ts';
import { type PutMediaCall, putMedia } from '../../integration/aws/support/put-media-client.ts';
import { finished } from './media.ts';
import { type ServerProcess, spawnFramelog, startServerProcess } from './server.ts';
import { until } from './until.ts';

export interface PutMediaCrashOptions {
  readonly rounds: number;
  readonly producers: number;
  readonly onRound?: (round: number, persisted: number) => void;
}

export interface PutMediaCrashReport {
  /** Fragments whose producer was told PERSISTED before one of the kills. */
  readonly persisted: number;
  /** Of these: not listed after the next start, listed twice, or not readable. */
  readonly missing: readonly string[];
  readonly twice: readonly string[];
  readonly unreadable: readonly string[];
}

interface Told {
  readonly stream: string;
  readonly number: string;
}

interface Listed {
  readonly number: string;
  readonly sizeBytes: number;
}

/**
 * Kills the server with SIGKILL at a random moment while producers send by PutMedia, again and again on one data directory. What a
 * producer was told is PERSISTED must be listed once after the next start, and its media be there.
 */
export async function putMediaCrashRounds(options: PutMediaCrashOptions): Promise<PutMediaCrashReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'framelog-put-crash-'));
  const report = { persisted: 0, missing: [] as string[], twice: [] as string[], unreadable: [] as string[] };
  let told: Told[] = [];
  try {
    for (let round = 1; round <= options.rounds + 1; round++) {
      const server = await startServerProcess({ dataDir });
      await check(server, told, report);
      if (round > options.rounds) {
        if ((await server.stop()) !== 0)
          throw new Error(`the server did not close cleanly:\n${server.stderr()}`);
        break;
      }
      told = await sendAndKill(server, options.producers, round);
      report.persisted += told.length;
      options.onRound?.(round, told.length);
    }
    await finished(spawnFramelog(['verify', dataDir]));
    return report;
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Sends fragments as fast as they are taken, in sessions that hold some hundred, until the kill. */
async function sendAndKill(server: ServerProcess, producers: number, round: number): Promise<Told[]> {
  const told: Told[] = [];
  const calls = Array.from({ length: producers }, (_, at) => {
    const stream = `cam${at}`;
    const call = putMedia({ endpoint: server.httpUrl, stream });
    call.onAck = ({ EventType, FragmentNumber }) => {
      if (EventType === 'PERSISTED' && FragmentNumber !== undefined)
        told.push({ stream, number: FragmentNumber });
    };
    return call;
  });
  // The kill breaks the connection; anything else shows as a producer without a persisted fragment.
  const sending = calls.map((call, at) =>
    sendOn(call, (round * 1000 + at) * 1_000_000).catch((error: unknown) => error),
  );
  const withPersisted = () => new Set(told.map(({ stream }) => stream)).size;
  await until('a persisted fragment of each producer', () => withPersisted() === producers);
  await delay(Math.random() * 500);
  server.signal('SIGKILL');
  await server.exited;
  await Promise.allSettled([...sending, ...calls.map(({ over }) => over)]);
  return told;
}

async function sendOn(call: PutMediaCall, startMs: number): Promise<void> {
  await call.write(dialogueHead());
  for (let timecodeMs = startMs; ; timecodeMs += 2000) {
    await call.write(cluster(fragmentAt(timecodeMs)));
    await delay(10);
  }
}

async function check(
  server: ServerProcess,
  told: readonly Told[],
  report: { missing: string[]; twice: string[]; unreadable: string[] },
): Promise<void> {
  for (const stream of new Set(told.map((each) => each.stream))) {
    const listed = new Map<string, Listed[]>();
    for (const fragment of await listAll(server, stream)) {
      listed.set(fragment.number, [...(listed.get(fragment.number) ?? []), fragment]);
    }
    for (const { number } of told.filter((each) => each.stream === stream)) {
      const [found, ...more] = listed.get(number) ?? [];
      const name = `${stream}/${number}`;
      if (found === undefined) report.missing.push(name);
      else if (more.length > 0) report.twice.push(name);
      else if ((await readBytes(server, stream, number)) !== found.sizeBytes) report.unreadable.push(name);
    }
  }
}

async function listAll(server: ServerProcess, stream: string): Promise<Listed[]> {
  const all: Listed[] = [];
  for (let after = ''; ; ) {
    const answer = await fetch(`${server.httpUrl}/api/streams/${stream}/fragments?limit=1000${after}`);
    const page = (await answer.json()) as { fragments: Listed[]; next: number | null };
    all.push(...page.fragments);
    if (page.next === null) return all;
    after = `&after=${page.next}`;
  }
}

async function readBytes(server: ServerProcess, stream: string, number: string): Promise<number> {
  const answer = await fetch(`${server.httpUrl}/play/${stream}/segment/${number}.m4s`);
  const bytes = await answer.arrayBuffer();
  return answer.ok ? bytes.byteLength : -1;
}
