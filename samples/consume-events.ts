#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { type ConsumerEvent, RecordConsumer, RecordConsumerError } from '../consumer/index.ts';

/** A worker of a consumer group: prints the records of a data stream. */
const HELP = `Usage: node samples/consume-events.ts [options] STREAM

Prints the records of a data stream as JSON lines. Start it several times: the workers of a group share the shards of the
stream, and take over those of a worker that is gone. Where the group has got to is kept by the server.

  --endpoint URL    default: http://127.0.0.1:8080
  --group NAME      default: sample
  --worker NAME     unique in its group; default: made up
  --from PLACE      where a new group begins: TRIM_HORIZON (default), LATEST, or a time, e.g. 2026-01-02T03:04:05Z
  --lease MS        a worker that is silent for so long loses its shards; default: 10000
  --verbose         tell on stderr what happens: leases, checkpoints, retries
  --help

The secret of a key with the right to view the stream comes from FRAMELOG_KEY. A server that was started with --open needs none.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    endpoint: { type: 'string', default: 'http://127.0.0.1:8080' },
    group: { type: 'string', default: 'sample' },
    worker: { type: 'string' },
    from: { type: 'string', default: 'TRIM_HORIZON' },
    lease: { type: 'string', default: '10000' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [stream] = positionals;
if (values.help || stream === undefined) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

const utf8 = new TextDecoder();

function report(event: ConsumerEvent): void {
  if ('error' in event) {
    const { error, ...rest } = event;
    console.error(
      JSON.stringify({ ...rest, message: error instanceof Error ? error.message : String(error) }),
    );
  } else if (values.verbose) console.error(JSON.stringify(event));
}

const consumer = new RecordConsumer({
  endpoint: values.endpoint,
  stream,
  group: values.group,
  worker: values.worker,
  key: process.env.FRAMELOG_KEY,
  startAt: values.from === 'TRIM_HORIZON' || values.from === 'LATEST' ? values.from : new Date(values.from),
  leaseMs: Number(values.lease),
  onRecords: (records) => {
    for (const { shardId, sequenceNumber, partitionKey, arrivalMs, data } of records) {
      console.log(
        JSON.stringify({ shardId, sequenceNumber, partitionKey, arrivalMs, data: utf8.decode(data) }),
      );
    }
  },
  onEvent: report,
});
// Finishes what is being processed, sets the last checkpoints and leaves the group.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void consumer.stop());

try {
  await consumer.run();
} catch (error) {
  if (!(error instanceof RecordConsumerError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
