import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type AwsDriver, bytes, pythonDriver, sdkDriver } from './support/aws-drivers.ts';
import { type AwsTestServer, startAwsServer } from './support/aws-server.ts';

const MODEL = JSON.parse(
  readFileSync(new URL('../../../server/aws/models/kinesis.json', import.meta.url), 'utf8'),
) as { operations: Record<string, unknown> };

/** More reads a second than a shard of the service answers. */
const UNLIMITED = { records: { enforceLimits: false } };

const textOf = (data: string) => Buffer.from(data, 'base64').toString();

/** Every operation but SubscribeToShard once and more, by one client. Answers the operations that were called. */
async function everyOperation(client: AwsDriver, server: AwsTestServer): Promise<Set<string>> {
  const called = new Set<string>();
  const call = (operation: string, input: Record<string, unknown> = {}) => {
    called.add(operation);
    return client.call(operation, input);
  };
  const ifKnown = async (operation: string, input: Record<string, unknown>) => {
    if (client.knows(operation)) return call(operation, input);
    return undefined;
  };
  const StreamName = 'events';
  const StreamARN = `arn:aws:kinesis:${server.region}:${server.accountId}:stream/events`;
  const summary = async () => (await call('DescribeStreamSummary', { StreamName })).StreamDescriptionSummary;

  await call('CreateStream', { StreamName, ShardCount: 2 });
  assert.equal((await summary()).StreamARN, StreamARN);
  assert.deepEqual((await call('ListStreams')).StreamNames, ['events']);
  const limits = await call('DescribeLimits');
  assert.equal(limits.OpenShardCount, 2);
  const { Shards } = (await call('DescribeStream', { StreamName, Limit: 1 })).StreamDescription;
  assert.equal(Shards.length, 1);
  assert.equal(Shards[0].HashKeyRange.StartingHashKey, '0');

  // Records
  const put = await call('PutRecord', {
    StreamName,
    PartitionKey: 'k',
    ExplicitHashKey: '0',
    Data: bytes('hello'),
  });
  assert.equal(put.ShardId, 'shardId-000000000000');
  assert.match(put.SequenceNumber, /^\d{56}$/);
  const many = await call('PutRecords', {
    StreamName,
    Records: ['a', 'b', 'c'].map((text) => ({
      Data: bytes(text),
      PartitionKey: 'k',
      ExplicitHashKey: '1',
    })),
  });
  assert.equal(many.FailedRecordCount, 0);
  assert.equal(many.Records.length, 3);
  const iteratorOf = async (more: Record<string, unknown>) =>
    (await call('GetShardIterator', { StreamName, ShardId: put.ShardId, ...more })).ShardIterator;
  const readAll = async (more: Record<string, unknown>) => {
    const read = await call('GetRecords', { ShardIterator: await iteratorOf(more) });
    return read.Records.map(({ Data }: { Data: string }) => textOf(Data));
  };
  assert.deepEqual(await readAll({ ShardIteratorType: 'TRIM_HORIZON' }), ['hello', 'a', 'b', 'c']);
  assert.deepEqual(
    await readAll({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: put.SequenceNumber }),
    ['a', 'b', 'c'],
  );
  assert.deepEqual(await readAll({ ShardIteratorType: 'LATEST' }), []);
  const first = await call('GetRecords', {
    ShardIterator: await iteratorOf({ ShardIteratorType: 'TRIM_HORIZON' }),
    Limit: 1,
  });
  assert.equal(first.Records[0].PartitionKey, 'k');
  const { ApproximateArrivalTimestamp: arrival } = first.Records[0];
  // The AWS CLI writes times as text.
  const arrivalMs = typeof arrival === 'string' ? Date.parse(arrival) : arrival * 1000;
  assert.ok(Math.abs(arrivalMs - Date.now()) < 60_000);
  const next = await call('GetRecords', { ShardIterator: first.NextShardIterator });
  assert.equal(next.MillisBehindLatest, 0);
  assert.equal(next.Records.length, 3);

  // Shards
  await call('SplitShard', { StreamName, ShardToSplit: put.ShardId, NewStartingHashKey: '1000' });
  const parent = await call('GetRecords', { ShardIterator: next.NextShardIterator });
  assert.equal(parent.NextShardIterator ?? undefined, undefined);
  assert.deepEqual(
    parent.ChildShards.map(({ ShardId }: { ShardId: string }) => ShardId),
    ['shardId-000000000002', 'shardId-000000000003'],
  );
  await call('MergeShards', {
    StreamName,
    ShardToMerge: 'shardId-000000000002',
    AdjacentShardToMerge: 'shardId-000000000003',
  });
  const page = await call('ListShards', { StreamName, MaxResults: 4 });
  assert.equal(page.Shards.length, 4);
  const rest = await call('ListShards', { NextToken: page.NextToken });
  assert.deepEqual(
    rest.Shards.map(({ ShardId, AdjacentParentShardId }: Record<string, string>) => [
      ShardId,
      AdjacentParentShardId,
    ]),
    [['shardId-000000000004', 'shardId-000000000003']],
  );
  const latest = await call('ListShards', { StreamName, ShardFilter: { Type: 'AT_LATEST' } });
  assert.equal(latest.Shards.length, 2);
  const counted = await call('UpdateShardCount', {
    StreamName,
    TargetShardCount: 4,
    ScalingType: 'UNIFORM_SCALING',
  });
  assert.deepEqual([counted.CurrentShardCount, counted.TargetShardCount], [2, 4]);
  assert.equal((await summary()).OpenShardCount, 4);

  // Settings
  await call('IncreaseStreamRetentionPeriod', { StreamName, RetentionPeriodHours: 48 });
  await call('DecreaseStreamRetentionPeriod', { StreamName, RetentionPeriodHours: 36 });
  assert.equal((await summary()).RetentionPeriodHours, 36);
  const enabled = await call('EnableEnhancedMonitoring', {
    StreamName,
    ShardLevelMetrics: ['IncomingBytes', 'OutgoingBytes'],
  });
  assert.deepEqual(enabled.DesiredShardLevelMetrics, ['IncomingBytes', 'OutgoingBytes']);
  const disabled = await call('DisableEnhancedMonitoring', {
    StreamName,
    ShardLevelMetrics: ['IncomingBytes'],
  });
  assert.deepEqual(disabled.DesiredShardLevelMetrics, ['OutgoingBytes']);
  await call('StartStreamEncryption', { StreamName, EncryptionType: 'KMS', KeyId: 'alias/mine' });
  assert.equal((await summary()).EncryptionType, 'KMS');
  await call('StopStreamEncryption', { StreamName, EncryptionType: 'KMS', KeyId: 'alias/mine' });
  assert.equal((await summary()).EncryptionType, 'NONE');
  await ifKnown('UpdateMaxRecordSize', { StreamARN, MaxRecordSizeInKiB: 2048 });
  await call('UpdateStreamMode', { StreamARN, StreamModeDetails: { StreamMode: 'ON_DEMAND' } });
  assert.equal((await summary()).StreamModeDetails.StreamMode, 'ON_DEMAND');
  const warm = await ifKnown('UpdateStreamWarmThroughput', { StreamName, WarmThroughputMiBps: 7 });
  if (warm !== undefined) assert.equal(warm.WarmThroughput.TargetMiBps, 7);
  await ifKnown('UpdateAccountSettings', { MinimumThroughputBillingCommitment: { Status: 'ENABLED' } });
  const settings = await ifKnown('DescribeAccountSettings', {});
  if (settings !== undefined) {
    assert.equal(settings.MinimumThroughputBillingCommitment.Status, 'ENABLED');
  }

  // Consumers
  const { Consumer } = await call('RegisterStreamConsumer', { StreamARN, ConsumerName: 'fan' });
  const { ConsumerARN } = Consumer;
  assert.match(ConsumerARN, /:stream\/events\/consumer\/fan:\d{10}$/);
  const { ConsumerDescription } = await call('DescribeStreamConsumer', { ConsumerARN });
  assert.equal(ConsumerDescription.StreamARN, StreamARN);
  assert.equal((await call('ListStreamConsumers', { StreamARN })).Consumers.length, 1);
  assert.equal((await summary()).ConsumerCount, 1);

  // Tags and policies
  await call('AddTagsToStream', { StreamName, Tags: { site: 'north', team: 'a' } });
  await call('RemoveTagsFromStream', { StreamName, TagKeys: ['team'] });
  assert.deepEqual((await call('ListTagsForStream', { StreamName })).Tags, [{ Key: 'site', Value: 'north' }]);
  await ifKnown('TagResource', { ResourceARN: ConsumerARN, Tags: { one: '1', two: '2' } });
  await ifKnown('UntagResource', { ResourceARN: ConsumerARN, TagKeys: ['one'] });
  const tags = await ifKnown('ListTagsForResource', { ResourceARN: ConsumerARN });
  if (tags !== undefined) assert.deepEqual(tags.Tags, [{ Key: 'two', Value: '2' }]);
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [] });
  await ifKnown('PutResourcePolicy', { ResourceARN: StreamARN, Policy });
  const policy = await ifKnown('GetResourcePolicy', { ResourceARN: StreamARN });
  if (policy !== undefined) assert.equal(policy.Policy, Policy);
  await ifKnown('DeleteResourcePolicy', { ResourceARN: StreamARN });

  await assert.rejects(call('DeleteStream', { StreamName }), { code: 'ResourceInUseException' });
  await call('DeregisterStreamConsumer', { ConsumerARN });
  await call('DeleteStream', { StreamName });
  assert.deepEqual((await call('ListStreams')).StreamNames, []);
  await assert.rejects(call('DescribeStream', { StreamName }), {
    code: 'ResourceNotFoundException',
    message: `ResourceNotFoundException: Stream events under account ${server.accountId} not found.`,
  });
  return called;
}

test('the JavaScript SDK drives every operation', async (t) => {
  const server = await startAwsServer(t, UNLIMITED);
  const called = await everyOperation(sdkDriver(t, server, server.admin, 'kinesis'), server);
  const missing = Object.keys(MODEL.operations).filter((operation) => !called.has(operation));
  assert.deepEqual(missing, ['SubscribeToShard']);
  assert.deepEqual(server.errorLines(), []);
});

for (const kind of ['boto3', 'cli'] as const) {
  test(`${kind} drives every operation`, async (t) => {
    const server = await startAwsServer(t, UNLIMITED);
    await everyOperation(await pythonDriver(t, kind, server, server.admin, 'kinesis'), server);
    assert.deepEqual(server.errorLines(), []);
  });
}

test('a key may do what its rights say, and a wrong secret nothing', async (t) => {
  const server = await startAwsServer(t);
  const admin = sdkDriver(t, server, server.admin, 'kinesis');
  await admin.call('CreateStream', { StreamName: 'front', ShardCount: 1 });
  const driverOf = (key: typeof server.admin) => sdkDriver(t, server, key, 'kinesis');
  const writer = driverOf(server.addKey([{ action: 'publish', stream: 'front' }]));
  const reader = driverOf(server.addKey([{ action: 'view', stream: 'fr*' }]));
  const put = { StreamName: 'front', PartitionKey: 'k', Data: bytes('x') };
  await writer.call('PutRecord', put);
  await assert.rejects(reader.call('PutRecord', put), { code: 'AccessDeniedException' });
  const position = {
    StreamName: 'front',
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'TRIM_HORIZON',
  };
  const { ShardIterator } = await reader.call('GetShardIterator', position);
  assert.equal((await reader.call('GetRecords', { ShardIterator })).Records.length, 1);
  await assert.rejects(writer.call('GetRecords', { ShardIterator }), { code: 'AccessDeniedException' });
  await assert.rejects(reader.call('DeleteStream', { StreamName: 'front' }), {
    code: 'AccessDeniedException',
  });
  const forger = driverOf({ ...server.admin, secret: 'x'.repeat(40) });
  await assert.rejects(forger.call('ListStreams'), { code: 'InvalidSignatureException' });
});
