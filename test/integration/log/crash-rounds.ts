import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { LocalByteStore } from '../../../fragments/log/local-byte-store.ts';
import { LogStore } from '../../../fragments/stream/log-store.ts';
import { verifyStreams } from '../../../fragments/stream/verify.ts';
import { makeMedia, readSegment } from '../../unit/fragments/stream/support/log-rig.ts';

const WRITER = new URL('crash-writer.ts', import.meta.url).pathname;

/** What a number of rounds came to. */
export interface CrashReport {
  rounds: number;
  acknowledged: number;
  deletedByRetention: number;
  tornTails: number;
}

/**
 * Kills a writing process again and again and looks after each kill whether every acknowledged fragment is there, equal
 * to what was sent, and every index equals the one made from its file. Throws AssertionError.
 */
export async function runCrashRounds(
  directory: string,
  rounds: number,
  streams: number,
  onRound: (report: CrashReport) => void = () => {},
): Promise<CrashReport> {
  const report = { rounds: 0, acknowledged: 0, deletedByRetention: 0, tornTails: 0 };
  const acknowledged = new Map<string, Map<number, string>>();
  for (let round = 0; round < rounds; round++) {
    // a different number of acknowledgements each time, so that the kill comes at any moment
    const lines = await writeUntilKilled(directory, streams, 40 + ((round * 137) % 300));
    for (const line of lines) {
      const { stream, ordinal, number } = line;
      if (stream === undefined || ordinal === undefined || number === undefined) continue;
      report.acknowledged++;
      const known = acknowledged.get(stream) ?? new Map<number, string>();
      acknowledged.set(stream, known.set(ordinal, number));
    }
    await check(directory, acknowledged, report);
    report.rounds++;
    onRound(report);
  }
  return report;
}

interface Line {
  readonly stream?: string;
  readonly ordinal?: number;
  readonly number?: string;
}

function writeUntilKilled(directory: string, streams: number, killAfter: number): Promise<Line[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [WRITER, directory, String(streams)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    let seen = 0;
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      output += text;
      seen += text.split('"ordinal"').length - 1;
      if (seen >= killAfter) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (_code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself (${signal ?? 'no signal'})`));
      else resolve(wholeLines(output));
    });
  });
}

function wholeLines(output: string): Line[] {
  const lines = output.split('\n');
  lines.pop(); // what follows the last line end: nothing, or a line that was cut off
  return lines.map((line) => JSON.parse(line) as Line);
}

async function check(
  directory: string,
  acknowledged: Map<string, Map<number, string>>,
  report: CrashReport,
): Promise<void> {
  const store = new LogStore({
    directory,
    onEvent: ({ type }) => {
      if (type === 'torn-tail') report.tornTails++;
    },
  });
  const failures = await store.openAll();
  assert.deepEqual([...failures.values()], []);
  for (const [stream, fragments] of acknowledged) {
    const log = await store.open(stream);
    const found = new Map((await log.list(0, 1e9)).map((info) => [info.ordinal, info]));
    for (const [ordinal, number] of fragments) {
      if (ordinal < log.firstOrdinal) {
        fragments.delete(ordinal);
        report.deletedByRetention++;
        continue;
      }
      const info = found.get(ordinal);
      assert.equal(info?.number, number, `${stream}: acknowledged fragment ${ordinal} is missing`);
      const segment = await readSegment(log, ordinal);
      const [prft] = makeMedia(ordinal, 0, 1);
      assert.deepEqual(segment.subarray(0, 32), prft, `${stream}: fragment ${ordinal} is not what was sent`);
    }
  }
  await store.close();
  checkIndexes(directory, await verifyStreams(new LocalByteStore(directory)));
}

function checkIndexes(directory: string, { streams }: Awaited<ReturnType<typeof verifyStreams>>): void {
  // Among them: every index equals the one made from its file, byte for byte. Ordinals may be missing where the kill came before a fragment was durable; everything else must be right.
  const problems = streams.flatMap(({ stream, problems: found }) =>
    found.filter(({ kind }) => kind !== 'ordinal-hole').map((problem) => ({ stream, ...problem })),
  );
  assert.deepEqual(problems, [], directory);
}
