#!/usr/bin/env node
import { parseArgs } from 'node:util';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { type DetectionEvent, detectionEventSchema } from '../ml/events/detection-event.ts';

/** Prints what cameras see, from the data stream of detections, with the AWS SDK. */
const HELP = `Usage: node samples/consume-detections.ts [options]

Prints detection events as they come, one a line. Reads every shard that is open now; for many shards and several workers see
samples/consume-events.ts.

  --endpoint URL    default: http://127.0.0.1:8080
  --region REGION   default: us-east-1
  --stream NAME     data stream; default: framelog-events
  --from PLACE      TRIM_HORIZON: all that is kept; LATEST (default): what comes from now on
  --updates         also tell where objects go
  --help

AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are those of a key with the right to view the data stream.
`;

const { values } = parseArgs({
  options: {
    endpoint: { type: 'string', default: 'http://127.0.0.1:8080' },
    region: { type: 'string', default: 'us-east-1' },
    stream: { type: 'string', default: 'framelog-events' },
    from: { type: 'string', default: 'LATEST' },
    updates: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || (values.from !== 'LATEST' && values.from !== 'TRIM_HORIZON')) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

/** A shard is read up to five times a second. */
const PAUSE_MS = 250;
const MAX_KNOWN = 10_000;

const kinesis = new KinesisClient({ endpoint: values.endpoint, region: values.region });
const known = new Set<string>();

/** Delivery is at least once: the same event has the same id. */
function isNew({ id }: DetectionEvent): boolean {
  if (known.has(id)) return false;
  known.add(id);
  const [oldest] = known;
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
  return true;
}

function describe(event: DetectionEvent): string {
  const { stream, type, phase, label, score, zone, line, direction, face, camera, producerMs } = event;
  const what = [
    label ?? face?.person ?? face?.result ?? camera?.state,
    phase ?? type,
    zone ?? line,
    direction,
  ];
  const sure = score === undefined ? '' : ` (${Math.round(score * 100)} %)`;
  return `${new Date(producerMs).toISOString()} ${stream}: ${what.filter(Boolean).join(' ')}${sure}`;
}

async function readShard(shardId: string): Promise<void> {
  const start = new GetShardIteratorCommand({
    StreamName: values.stream,
    ShardId: shardId,
    ShardIteratorType: values.from as 'LATEST' | 'TRIM_HORIZON',
  });
  let iterator = (await kinesis.send(start)).ShardIterator;
  while (iterator !== undefined) {
    const { Records = [], NextShardIterator } = await kinesis.send(
      new GetRecordsCommand({ ShardIterator: iterator }),
    );
    for (const { Data } of Records) {
      const event = detectionEventSchema.parse(JSON.parse(Buffer.from(Data ?? []).toString()));
      if (isNew(event) && (values.updates || event.phase !== 'update')) console.log(describe(event));
    }
    iterator = NextShardIterator;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: values.stream }));
await Promise.all(Shards.map(({ ShardId = '' }) => readShard(ShardId)));
