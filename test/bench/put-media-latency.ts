/**
 * How long after the end of a fragment its producer is told PERSISTED: N producers send in real time, 10 frames a second and
 * fragments of 2 s, as cameras do. AWS: 100 to 150 ms (kvs.md §8).
 *
 *   node test/bench/put-media-latency.ts [streams=20] [seconds=60]
 */
import { setTimeout as delay } from 'node:timers/promises';
import { startServerProcess } from '../e2e/support/server.ts';
import { cluster, dialogueHead, fragmentAt } from '../fixtures/put-media/dialogues.ts';
import { type PutMediaAck, putMedia } from '../integration/aws/support/put-media-client.ts';

const streams = Number(process.argv[2] ?? 20);
const seconds = Number(process.argv[3] ?? 60);
const FRAGMENT_MS = 2000;
const FRAME_MS = 100;

/** Times of acknowledgements after the last byte of their fragment, or the first one for BUFFERING, ms. */
const latencies: Record<PutMediaAck['EventType'], number[]> = {
  BUFFERING: [],
  RECEIVED: [],
  PERSISTED: [],
  ERROR: [],
  IDLE: [],
};

async function produce(endpoint: string, at: number, untilMs: number): Promise<void> {
  const call = putMedia({ endpoint, stream: `cam${at}` });
  const begunMs = new Map<number, number>();
  const endedMs = new Map<number, number>();
  call.onAck = ({ EventType, FragmentTimecode = -1 }) => {
    const since = (EventType === 'BUFFERING' ? begunMs : endedMs).get(FragmentTimecode);
    if (since !== undefined) latencies[EventType].push(performance.now() - since);
  };
  await delay((FRAGMENT_MS / streams) * at);
  await call.write(dialogueHead());
  const startMs = performance.now();
  for (let timecode = 0; performance.now() < untilMs; timecode += FRAGMENT_MS) {
    const { frames } = fragmentAt(timecode);
    // the beginning of a cluster is the end of the one before
    begunMs.set(timecode, performance.now());
    endedMs.set(timecode - FRAGMENT_MS, performance.now());
    const bytes = cluster({ timecodeMs: timecode, frames });
    const pieces = FRAGMENT_MS / FRAME_MS;
    for (let piece = 0; piece < pieces; piece++) {
      const [from, to] = [piece, piece + 1].map((each) => Math.floor((bytes.length * each) / pieces));
      await call.write(bytes.subarray(from, to));
      const dueMs = startMs + timecode + (piece + 1) * FRAME_MS;
      await delay(Math.max(0, dueMs - performance.now()));
    }
  }
  call.end();
  await call.over;
}

function percentile(values: readonly number[], share: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? '-' : value.toFixed(1);
}

const server = await startServerProcess();
try {
  const untilMs = performance.now() + seconds * 1000;
  await Promise.all(Array.from({ length: streams }, (_, at) => produce(server.httpUrl, at, untilMs)));
} finally {
  await server.stop();
}
console.log(`${streams} producers, ${seconds} s, fragments of ${FRAGMENT_MS / 1000} s; ms`);
console.log('| acknowledgement | count | median | p99 | AWS |\n|---|---|---|---|---|');
const aws = { BUFFERING: '', RECEIVED: '', PERSISTED: '100-150' } as const;
for (const type of ['BUFFERING', 'RECEIVED', 'PERSISTED'] as const) {
  const values = latencies[type];
  console.log(
    `| ${type} | ${values.length} | ${percentile(values, 0.5)} | ${percentile(values, 0.99)} | ${aws[type]} |`,
  );
}
