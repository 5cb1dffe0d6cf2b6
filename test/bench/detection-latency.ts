/**
 * From the first byte of a key frame at the server to its event at a subscriber of the data stream (SubscribeToShard by the
 * AWS SDK). N cameras publish over RTMP in real time with people in every frame; every key frame is looked at and raises
 * events. Beside it, in the same run: what the server itself counts as the model's time, below which nobody can go.
 *
 *   node test/bench/detection-latency.ts [cameras=1,2,4,8] [seconds=40]
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DescribeStreamSummaryCommand,
  KinesisClient,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import { type DetectionEvent, detectionEventSchema } from '../../ml/events/detection-event.ts';
import { clipPath } from '../e2e/support/media.ts';
import { type ServerProcess, spawnFramelog, startServerProcess } from '../e2e/support/server.ts';
import { until } from '../e2e/support/until.ts';
import { scrape } from './support/scrape.ts';

const cameraCounts = (process.argv[2] ?? '1,2,4,8').split(',').map(Number);
const seconds = Number(process.argv[3] ?? 40);
const CLIP = clipPath('faces-360p-h264.mp4');
const STREAM = 'framelog-events';
/** Nothing is kept back: every key frame is looked at, and says what it shows. */
const SETTINGS = { motionGate: false, confirmHits: 1, updateSeconds: 0.001, minScore: 0.3 };
/** A worker loads and warms its model in this time. */
const WARM_UP_MS = 8000;

interface Seen {
  readonly event: DetectionEvent;
  readonly atMs: number;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Follows the data stream; calls back with each event and when it came. Answers how to stop. */
async function subscribe(server: ServerProcess, onSeen: (seen: Seen) => void): Promise<() => void> {
  const client = new KinesisClient({
    endpoint: server.httpUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  const { StreamDescriptionSummary } = await client.send(
    new DescribeStreamSummaryCommand({ StreamName: STREAM }),
  );
  const { Consumer } = await client.send(
    new RegisterStreamConsumerCommand({
      StreamARN: StreamDescriptionSummary?.StreamARN,
      ConsumerName: 'bench',
    }),
  );
  const { EventStream } = await client.send(
    new SubscribeToShardCommand({
      ConsumerARN: Consumer?.ConsumerARN,
      ShardId: 'shardId-000000000000',
      StartingPosition: { Type: 'LATEST' },
    }),
  );
  let isOver = false;
  const reading = async () => {
    for await (const { SubscribeToShardEvent } of EventStream ?? []) {
      const atMs = Date.now();
      for (const { Data } of SubscribeToShardEvent?.Records ?? []) {
        const event = detectionEventSchema.parse(JSON.parse(Buffer.from(Data ?? []).toString()));
        onSeen({ event, atMs });
      }
    }
  };
  reading().catch((error: unknown) => {
    if (!isOver) throw error;
  });
  return () => {
    isOver = true;
    client.destroy();
  };
}

async function patch(server: ServerProcess, stream: string): Promise<void> {
  const send = (method: string, path: string, body: object) =>
    fetch(`${server.httpUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  await send('POST', '/api/streams', { name: stream });
  const response = await send('PATCH', `/api/streams/${stream}/detection`, SETTINGS);
  if (!response.ok) throw new Error(await response.text());
}

console.log('| cameras | key frames seen | median ms | p95 ms | model, mean ms |\n|---|---|---|---|---|');
for (const cameras of cameraCounts) {
  const server = await startServerProcess({
    args: [
      '--set',
      'detection.defaultTier=keyframes',
      '--set',
      'records.enforceLimits=false',
      '--set',
      'logs.level=warn',
    ],
  });
  for (let n = 1; n <= cameras; n++) await patch(server, `cam-${n}`);
  const url = `${server.rtmpUrl}/live/cam-{n}`;
  const pusher = spawnFramelog(['push', CLIP, url, '--loop', '--count', String(cameras)]);
  const latencies = new Map<string, number>();
  let countedFromMs = Number.POSITIVE_INFINITY;
  await until('the data stream', async () => {
    const response = await fetch(`${server.httpUrl}/api/data-streams/${STREAM}`);
    return response.ok;
  });
  const stop = await subscribe(server, ({ event, atMs }) => {
    const { frameOffsetMs, phase, serverMs, stream, fragmentNumber } = event;
    if (frameOffsetMs !== 0 || phase === 'leave' || serverMs < countedFromMs) return;
    const frame = `${stream} ${fragmentNumber}`;
    if (!latencies.has(frame)) latencies.set(frame, atMs - serverMs);
  });
  await delay(WARM_UP_MS);
  countedFromMs = Date.now();
  await delay(seconds * 1000);
  const metric = await scrape(server.httpUrl);
  const modelMs =
    (1000 * metric('framelog_detection_infer_seconds_total')) /
    metric('framelog_detection_infer_count_total');
  stop();
  pusher.kill('SIGTERM');
  await once(pusher, 'exit');
  await server.stop();
  const all = [...latencies.values()];
  const expected = Math.floor((cameras * seconds) / 2);
  console.log(
    `| ${cameras} | ${all.length} of ${expected} | ${quantile(all, 0.5)} | ${quantile(all, 0.95)} | ${modelMs.toFixed(0)} |`,
  );
}
