import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  PutRecordCommand,
  RegisterStreamConsumerCommand,
  SplitShardCommand,
  SubscribeToShardCommand,
  type SubscribeToShardEvent,
} from '@aws-sdk/client-kinesis';
import { type AwsTestServer, startAwsServer } from './support/aws-server.ts';
import { runBoto3 } from './support/python-clients.ts';
import { sdkClients } from './support/sdk-clients.ts';

const StreamName = 'events';
const ShardId = 'shardId-000000000000';
const LATEST = { Type: 'LATEST' } as const;
const TRIM_HORIZON = { Type: 'TRIM_HORIZON' } as const;

async function withConsumer(client: KinesisClient): Promise<string> {
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
  const { StreamARN } = StreamDescriptionSummary ?? {};
  const { Consumer } = await client.send(
    new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'fan' }),
  );
  return Consumer?.ConsumerARN ?? '';
}

const put = (client: KinesisClient, text: string) =>
  client.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from(text) }));

/** Events of a subscription, one by one. */
async function* eventsOf(
  client: KinesisClient,
  ConsumerARN: string,
  StartingPosition: ConstructorParameters<typeof SubscribeToShardCommand>[0]['StartingPosition'],
): AsyncGenerator<SubscribeToShardEvent> {
  const { EventStream } = await client.send(
    new SubscribeToShardCommand({ ConsumerARN, ShardId, StartingPosition }),
  );
  for await (const event of EventStream ?? []) {
    if (event.SubscribeToShardEvent !== undefined) yield event.SubscribeToShardEvent;
    else throw Object.values(event)[0];
  }
}

const textsOf = (event: SubscribeToShardEvent | undefined) =>
  event?.Records?.map(({ Data }) => Buffer.from(Data ?? []).toString());

async function next(events: AsyncGenerator<SubscribeToShardEvent>): Promise<SubscribeToShardEvent> {
  const { value, done } = await events.next();
  assert.equal(done, false);
  return value;
}

/** The next one that has records: heartbeats come when it is quiet. */
async function nextWithRecords(
  events: AsyncGenerator<SubscribeToShardEvent>,
): Promise<SubscribeToShardEvent> {
  for (;;) {
    const event = await next(events);
    if ((event.Records ?? []).length > 0) return event;
  }
}

test('the JavaScript SDK is pushed to over HTTP/2, and goes on after what it has', async (t) => {
  const server = await startAwsServer(t);
  const client = sdkClients(t, server).kinesis;
  const arn = await withConsumer(client);
  const events = eventsOf(client, arn, LATEST);
  const first = await next(events);
  assert.deepEqual([first.Records, first.MillisBehindLatest], [[], 0]);
  await put(client, 'one');
  const one = await nextWithRecords(events);
  assert.deepEqual(textsOf(one), ['one']);
  assert.equal(one.ContinuationSequenceNumber, one.Records?.[0]?.SequenceNumber);
  await put(client, 'two');
  const two = await nextWithRecords(events);
  assert.deepEqual(textsOf(two), ['two']);
  await put(client, 'three');
  const other = sdkClients(t, server).kinesis;
  const again = eventsOf(other, await secondConsumer(other), {
    Type: 'AFTER_SEQUENCE_NUMBER',
    SequenceNumber: one.ContinuationSequenceNumber ?? '',
  });
  assert.deepEqual(textsOf(await nextWithRecords(again)), ['two', 'three']);
  // An empty position too is one to go on from.
  const empty = eventsOf(client, await secondConsumer(other, 'fan-3'), {
    Type: 'AFTER_SEQUENCE_NUMBER',
    SequenceNumber: first.ContinuationSequenceNumber ?? '',
  });
  assert.deepEqual(textsOf(await nextWithRecords(empty)), ['one', 'two', 'three']);
  assert.deepEqual(server.errorLines(), []);
  for (const each of [client, other]) each.destroy();
});

async function secondConsumer(client: KinesisClient, ConsumerName = 'fan-2'): Promise<string> {
  const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
  const { StreamARN } = StreamDescriptionSummary ?? {};
  const { Consumer } = await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName }));
  return Consumer?.ConsumerARN ?? '';
}

test('at the end of a shard the children are named and the stream of events ends', async (t) => {
  const server = await startAwsServer(t);
  const client = sdkClients(t, server).kinesis;
  const arn = await withConsumer(client);
  await put(client, 'one');
  const events = eventsOf(client, arn, TRIM_HORIZON);
  assert.deepEqual(textsOf(await nextWithRecords(events)), ['one']);
  await client.send(
    new SplitShardCommand({ StreamName, ShardToSplit: ShardId, NewStartingHashKey: String(2n ** 127n) }),
  );
  const last = await next(events);
  assert.deepEqual(
    last.ChildShards?.map(({ ShardId: id, ParentShards }) => [id, ParentShards]),
    [
      ['shardId-000000000001', [ShardId]],
      ['shardId-000000000002', [ShardId]],
    ],
  );
  assert.equal(last.ContinuationSequenceNumber, undefined);
  assert.equal((await events.next()).done, true);
});

test('a second subscription of a consumer is refused while the first is young; a deleted stream says so', async (t) => {
  const server = await startAwsServer(t);
  const client = sdkClients(t, server).kinesis;
  const arn = await withConsumer(client);
  const events = eventsOf(client, arn, LATEST);
  await next(events);
  await assert.rejects(eventsOf(client, arn, LATEST).next(), { name: 'ResourceInUseException' });
  const over = assert.rejects(async () => {
    for (;;) await next(events);
  }, /ResourceNotFound|was deleted/);
  await client.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true }));
  await over;
});

test('boto3 reads the same events over HTTP/1.1', async (t) => {
  const server = await startAwsServer(t);
  const client = sdkClients(t, server).kinesis;
  const arn = await withConsumer(client);
  for (const text of ['one', 'two', 'three']) await put(client, text);
  const answer = await readWithBoto3(server, arn);
  assert.deepEqual(answer, { texts: ['one', 'two', 'three'], behind: 0 });
  assert.deepEqual(server.errorLines(), []);
});

function readWithBoto3(server: AwsTestServer, arn: string): Promise<unknown> {
  return runBoto3(
    server,
    `
texts = []
events = client('kinesis').subscribe_to_shard(ConsumerARN='${arn}', ShardId='${ShardId}', StartingPosition={'Type': 'TRIM_HORIZON'})
for event in events['EventStream']:
    pushed = event['SubscribeToShardEvent']
    texts += [record['Data'].decode() for record in pushed['Records']]
    if len(texts) == 3:
        break
answer({'texts': texts, 'behind': pushed['MillisBehindLatest']})
`,
  );
}
