import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../e2e/support/until.ts';
import { bytes, sdkDriver } from './support/aws-drivers.ts';
import { startAwsServer } from './support/aws-server.ts';
import { EventStreamReader } from './support/event-stream-reader.ts';
import { sendSigned } from './support/signed-call.ts';

test('what happens to records is counted by stream, and forgotten with it', async (t) => {
  const server = await startAwsServer(t);
  const admin = sdkDriver(t, server, server.admin, 'kinesis');
  const scrape = async () => await (await fetch(`${server.endpoint}/metrics`)).text();
  const valuesOf = async (...names: readonly string[]) => {
    const text = await scrape();
    return names.map((name) =>
      Number(new RegExp(`^framelog_${name}\\{stream="events"\\} (.*)$`, 'm').exec(text)?.[1]),
    );
  };
  const StreamName = 'events';
  const ShardId = 'shardId-000000000000';
  await admin.call('CreateStream', { StreamName, ShardCount: 1, MaxRecordSizeInKiB: 10_240 });
  const put = (text: string) => ({ PartitionKey: 'key', Data: bytes(text) });
  await admin.call('PutRecord', { StreamName, ...put('four') });
  await admin.call('PutRecords', { StreamName, Records: [put('five5')] });
  // More than the shard takes in nine seconds.
  await admin.call('PutRecord', { StreamName, ...put('x'.repeat(10_000_000)) });
  await admin.call('PutRecords', { StreamName, Records: [put('beyond'), put('it')] });
  assert.deepEqual(
    await valuesOf('records_incoming_total', 'records_incoming_bytes_total', 'records_write_throttled_total'),
    [3, 7 + 8 + 10_000_003, 2],
  );
  assert.deepEqual(
    await valuesOf(
      'records_put_many_total',
      'records_put_many_succeeded_total',
      'records_put_many_throttled_total',
      'records_put_many_failed_total',
    ),
    [3, 1, 2, 0],
  );

  const { ShardIterator } = await admin.call('GetShardIterator', {
    StreamName,
    ShardId,
    ShardIteratorType: 'TRIM_HORIZON',
  });
  await admin.call('GetRecords', { ShardIterator });
  await assert.rejects(admin.call('GetRecords', { ShardIterator }), {
    code: 'ProvisionedThroughputExceededException',
  });
  assert.deepEqual(
    await valuesOf(
      'records_polled_total',
      'records_polled_bytes_total',
      'records_outgoing_total',
      'records_read_throttled_total',
      'records_iterator_age_seconds',
    ),
    [3, 10_000_018, 3, 1, 0],
  );

  const StreamARN = `arn:aws:kinesis:${server.region}:${server.accountId}:stream/events`;
  const { Consumer } = await admin.call('RegisterStreamConsumer', { StreamARN, ConsumerName: 'fan' });
  const subscribe = () =>
    sendSigned(
      server,
      'SubscribeToShard',
      Buffer.from(
        JSON.stringify({
          ConsumerARN: Consumer.ConsumerARN,
          ShardId,
          StartingPosition: { Type: 'TRIM_HORIZON' },
        }),
      ),
      'application/x-amz-json-1.1',
    );
  const events = (await subscribe()).body?.getReader();
  const reader = new EventStreamReader();
  for (
    let count = 0;
    count < 2;
    count += reader.push((await events?.read())?.value ?? Buffer.alloc(0)).length
  );
  assert.equal((await subscribe()).status, 400);
  const [subscriptions, refused, pushed, eventCount] = await valuesOf(
    'records_subscriptions',
    'records_subscriptions_refused_total',
    'records_pushed_total',
    'records_pushed_events_total',
  );
  assert.deepEqual([subscriptions, refused], [1, 1]);
  assert.ok((pushed ?? 0) >= 2 && (eventCount ?? 0) >= 1);
  await events?.cancel();
  await until('the end of the subscription', async () => (await valuesOf('records_subscriptions'))[0] === 0);

  const text = await scrape();
  assert.match(text, /^framelog_data_streams 1$/m);
  assert.match(text, /^framelog_data_stream_shards 1$/m);
  assert.match(text, /^framelog_data_stream_consumers 1$/m);
  assert.match(text, /^framelog_record_logs 1$/m);
  await admin.call('DeleteStream', { StreamName, EnforceConsumerDeletion: true });
  assert.doesNotMatch(await scrape(), /stream="events"/);
  assert.deepEqual(server.errorLines(), []);
});
