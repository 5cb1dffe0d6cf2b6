import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadModel } from '../../../server/aws/model.ts';
import { formatSequenceNumber } from '../../../server/records/sequence-number.ts';
import { type AwsDriver, bytes, type Output, sdkDriver } from './support/aws-drivers.ts';
import { type AwsTestServer, startAwsServer } from './support/aws-server.ts';
import {
  ACCOUNT,
  ARN,
  CLOSED,
  INVALID,
  type Input,
  iterator,
  type Made,
  MISSING,
  NEVER_REFUSED,
  OF_A_STREAM,
  OF_AN_ARN,
  OPEN,
  ROWS,
  retention,
  START,
  StreamName,
  subscription,
} from './support/kinesis-refusals.ts';

async function make(admin: AwsDriver): Promise<Made> {
  await admin.call('CreateStream', { StreamName, ShardCount: 2 });
  const put = (name: string, ExplicitHashKey: bigint): Promise<Output> =>
    admin.call('PutRecord', {
      StreamName: name,
      PartitionKey: 'k',
      ExplicitHashKey: String(ExplicitHashKey),
      Data: bytes('x'),
    });
  const { SequenceNumber: sequenceNumber } = await put(StreamName, START);
  await admin.call('SplitShard', { StreamName, ShardToSplit: CLOSED, NewStartingHashKey: '1000' });
  await admin.call('IncreaseStreamRetentionPeriod', retention(48));
  const { Consumer } = await admin.call('RegisterStreamConsumer', { StreamARN: ARN, ConsumerName: 'fan' });
  await admin.call('RegisterStreamConsumer', { StreamARN: ARN, ConsumerName: 'fan-2' });
  await admin.call('CreateStream', { StreamName: 'demand', StreamModeDetails: { StreamMode: 'ON_DEMAND' } });
  const foreignNumber = formatSequenceNumber({
    shardCreatedS: 1_600_000_000,
    shardIndex: 1,
    position: 1n,
    arrivalS: 1_600_000_001,
  });
  return { consumerArn: Consumer.ConsumerARN, sequenceNumber, foreignNumber };
}

const start = async (
  t: TestContext,
  records: object,
): Promise<{ server: AwsTestServer; admin: AwsDriver }> => {
  const server = await startAwsServer(t, { records });
  return { server, admin: sdkDriver(t, server, server.admin, 'kinesis') };
};

test('every operation says what it refuses', async (t) => {
  const { server, admin } = await start(t, { maxConsumersPerStream: 2 });
  const made = await make(admin);
  for (const [operation, input, code, message] of ROWS) {
    const given = typeof input === 'function' ? input(made) : input;
    const what = `${operation} ${JSON.stringify(given).slice(0, 200)}`;
    await assert.rejects(admin.call(operation, withTimes(given)), (error: Error & { code?: string }) => {
      assert.equal(error.code, code, `${what}: ${error.message}`);
      const said = error.message.slice(code.length + 2);
      if (typeof message === 'string') assert.equal(said, message, what);
      else assert.match(said, message, what);
      return true;
    });
    const declared = loadModel('kinesis').operations.get(operation)?.errors;
    assert.ok(code === 'ValidationException' || declared?.has(code), `${operation} declares ${code}`);
  }
  const tried = new Set<string>(ROWS.map(([operation]) => operation));
  const operations = [...loadModel('kinesis').operations.keys()];
  assert.deepEqual(
    operations.filter((operation) => !tried.has(operation)),
    NEVER_REFUSED,
  );
  assert.deepEqual(server.errorLines(), []);
});

/** The SDK takes times as Date. */
function withTimes(input: Input): Input {
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => [
      name,
      name.endsWith('Timestamp') && typeof value === 'number' ? new Date(value * 1000) : value,
    ]),
  );
}

test('a key without rights learns nothing of what there is', async (t) => {
  const { server, admin } = await start(t, {});
  const made = await make(admin);
  const stranger = sdkDriver(t, server, server.addKey([{ action: 'view', stream: 'elsewhere' }]), 'kinesis');
  const own: Readonly<Record<string, Input>> = {
    CreateStream: { StreamName, ShardCount: 1 },
    DescribeAccountSettings: {},
    DescribeLimits: {},
    UpdateAccountSettings: { MinimumThroughputBillingCommitment: { Status: 'ENABLED' } },
    GetShardIterator: iterator({ ShardIteratorType: 'LATEST' }),
    GetRecords: {
      ShardIterator: (await admin.call('GetShardIterator', iterator({ ShardIteratorType: 'LATEST' })))
        .ShardIterator,
    },
    SubscribeToShard: subscription(made, {}),
    ...OF_AN_ARN,
    ...Object.fromEntries(
      Object.entries(OF_A_STREAM).map(([name, input]) => [name, { StreamName, ...input }]),
    ),
  };
  for (const [operation, input] of Object.entries(own)) {
    await assert.rejects(stranger.call(operation, input), { code: 'AccessDeniedException' }, operation);
  }
  assert.deepEqual((await stranger.call('ListStreams')).StreamNames, []);
});

test('rates of a shard: what is beyond them is refused record by record, and so is reading', async (t) => {
  const { admin } = await start(t, {});
  await admin.call('CreateStream', { StreamName, ShardCount: 1, MaxRecordSizeInKiB: 10_240 });
  const put = (data: string) => ({ PartitionKey: 'k', Data: bytes(data) });
  // More than a shard takes in nine seconds.
  await admin.call('PutRecord', { StreamName, ...put('x'.repeat(10_000_000)) });
  const rate = `Rate exceeded for shard ${CLOSED} in stream ${StreamName} under account ${ACCOUNT}.`;
  const code = 'ProvisionedThroughputExceededException';
  const answer = await admin.call('PutRecords', { StreamName, Records: [put('a'), put('b')] });
  const failure = { ErrorCode: code, ErrorMessage: rate };
  assert.deepEqual([answer.FailedRecordCount, answer.Records], [2, [failure, failure]]);
  await assert.rejects(admin.call('PutRecord', { StreamName, ...put('a') }), {
    code,
    message: `${code}: ${rate}`,
  });
  const input = { StreamName, ShardId: CLOSED, ShardIteratorType: 'TRIM_HORIZON' };
  const { ShardIterator } = await admin.call('GetShardIterator', input);
  const { Records } = await admin.call('GetRecords', { ShardIterator });
  assert.equal(Records.length, 1);
  await assert.rejects(admin.call('GetRecords', { ShardIterator }), { code, message: `${code}: ${rate}` });
});

test('how often shards and mode may change in a day; larger records after UpdateMaxRecordSize', async (t) => {
  const { admin } = await start(t, {});
  await admin.call('CreateStream', { StreamName, ShardCount: 1 });
  const count = (TargetShardCount: number) =>
    admin.call('UpdateShardCount', { StreamName, TargetShardCount, ScalingType: 'UNIFORM_SCALING' });
  for (let turn = 0; turn < 5; turn++) {
    await count(2);
    await count(1);
  }
  await assert.rejects(count(2), { code: 'LimitExceededException' });
  const mode = (StreamMode: string) =>
    admin.call('UpdateStreamMode', { StreamARN: ARN, StreamModeDetails: { StreamMode } });
  await mode('ON_DEMAND');
  await mode('PROVISIONED');
  await assert.rejects(mode('ON_DEMAND'), { code: 'LimitExceededException' });
  const large = { StreamName, PartitionKey: 'k', Data: bytes('x'.repeat(2_000_000)) };
  await assert.rejects(admin.call('PutRecord', large), { code: INVALID });
  await admin.call('UpdateMaxRecordSize', { StreamARN: ARN, MaxRecordSizeInKiB: 2048 });
  assert.match((await admin.call('PutRecord', large)).SequenceNumber, /^\d{56}$/);
});

test('tokens and iterators of a stream that was made again are of another stream', async (t) => {
  const { admin } = await start(t, {});
  await admin.call('CreateStream', { StreamName, ShardCount: 2 });
  const { NextToken } = await admin.call('ListShards', { StreamName, MaxResults: 1 });
  const { ShardIterator } = await admin.call('GetShardIterator', iterator({ ShardIteratorType: 'LATEST' }));
  await admin.call('DeleteStream', { StreamName });
  const gone = `Shard ${OPEN} in stream ${StreamName} under account ${ACCOUNT} does not exist`;
  const isGone = { code: MISSING, message: `${MISSING}: ${gone}` };
  await assert.rejects(admin.call('GetRecords', { ShardIterator }), isGone);
  await assert.rejects(admin.call('ListShards', { NextToken }), { code: MISSING });
  await admin.call('CreateStream', { StreamName, ShardCount: 2 });
  await assert.rejects(admin.call('GetRecords', { ShardIterator }), isGone);
  await assert.rejects(admin.call('ListShards', { NextToken }), { code: MISSING });
});
