import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type ConsumedRecord,
  type ConsumerEvent,
  RecordConsumer,
  RecordConsumerError,
  type RecordConsumerOptions,
} from '../../../consumer/index.ts';
import { until } from '../../e2e/support/until.ts';
import { aggregate } from '../../unit/consumer/support/aggregate.ts';
import { startWeb, type WebHarness } from '../../unit/server/web/support/web-harness.ts';

const FIRST = 'shardId-000000000000';

/** A server with a stream; consumers are stopped before it is. */
async function start(t: TestContext, shards = 1) {
  const consumers: RecordConsumer[] = [];
  t.after(() => Promise.all(consumers.map((consumer) => consumer.stop())));
  const web = await startWeb(t);
  web.records.create('events', { mode: 'PROVISIONED', shardCount: shards }, web.nowMs);
  return Object.assign(web, { consumers });
}

type Rig = Awaited<ReturnType<typeof start>>;

/** A consumer that runs until the test ends, with what it was given and what it told. */
function consume(web: Rig, options: Partial<RecordConsumerOptions> = {}) {
  const records: ConsumedRecord[] = [];
  const events: ConsumerEvent[] = [];
  const consumer = new RecordConsumer({
    endpoint: `${web.url}/`,
    stream: 'events',
    group: 'g',
    key: web.admin.authorization.replace('Bearer ', ''),
    heartbeatMs: 20,
    backoffMs: 1,
    checkpointEveryMs: 0,
    onRecords: (batch) => {
      records.push(...batch);
    },
    onEvent: (event) => {
      events.push(event);
    },
    ...options,
  });
  const running = consumer.run();
  running.catch(() => undefined);
  web.consumers.push(consumer);
  const texts = () => records.map(({ data }) => Buffer.from(data).toString());
  const told = (type: ConsumerEvent['type']) => events.filter((event) => event.type === type);
  return { consumer, running, records, texts, told };
}

const put = (web: WebHarness, data: string | Uint8Array, partitionKey = 'k') =>
  web.records.put('events', { partitionKey, data: Buffer.from(data) }, web.nowMs);

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => String(from + n));

test('records are handed over in order, checkpointed, and not again to the next one', async (t) => {
  const web = await start(t);
  for (const text of numbers(0, 20)) await put(web, text);
  const first = consume(web, { maxRecords: 7, worker: 'w' });
  await until('20 records', () => first.records.length === 20);
  assert.deepEqual(first.texts(), numbers(0, 20));
  const [record] = first.records;
  assert.deepEqual(
    [record?.shardId, record?.partitionKey, record?.subSequenceNumber],
    [FIRST, 'k', undefined],
  );
  await put(web, '20');
  await until('the next record', () => first.records.length === 21);
  assert.equal(first.consumer.progress.shards[0]?.records, 21);
  await first.consumer.stop();
  await first.running;
  assert.equal(first.told('left').length, 1);
  for (const text of numbers(21, 25)) await put(web, text);
  const second = consume(web, { worker: 'w' });
  await until('the rest', () => second.records.length === 4);
  assert.deepEqual(second.texts(), numbers(21, 25));
});

test('checkpoints wait for their time, and are set when the consumer stops', async (t) => {
  const web = await start(t);
  const first = consume(web, { checkpointEveryMs: 3_600_000 });
  for (const text of numbers(0, 5)) await put(web, text);
  await until('5 records', () => first.records.length === 5);
  assert.equal(first.told('checkpoint').length, 0);
  await first.consumer.stop();
  assert.equal(first.told('checkpoint').length, 1);
  const second = consume(web, { checkpointEveryMs: 30 });
  await put(web, '5');
  // No further record comes: the checkpoint does all the same.
  await until('a checkpoint', () => second.told('checkpoint').length === 1);
  assert.deepEqual([...first.told('retrying'), ...second.told('retrying')], []);
  assert.deepEqual(second.texts(), ['5']);
});

test('splits and merges are followed, in the order of each key', async (t) => {
  const web = await start(t);
  const { records, told } = consume(web);
  const byKey = () => Map.groupBy(records, ({ partitionKey }) => partitionKey);
  let count = 0;
  const some = async () => {
    for (let n = 0; n < 20; n++) await put(web, String(count++), `key-${count % 5}`);
  };
  await some();
  await web.records.split('events', FIRST, 2n ** 127n, web.nowMs);
  await some();
  await web.records.merge('events', 'shardId-000000000001', 'shardId-000000000002', web.nowMs);
  await some();
  await web.records.reshard('events', 3, web.nowMs);
  await some();
  await until('80 records', () => records.length >= 80);
  assert.equal(records.length, 80);
  for (const own of byKey().values()) {
    const values = own.map(({ data }) => Number(Buffer.from(data).toString()));
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
    );
  }
  assert.ok(told('shard-ended').length >= 4);
});

test('workers share the shards; who stops leaves them to the others at once', async (t) => {
  const web = await start(t, 4);
  const a = consume(web, { worker: 'a' });
  await until('all shards', () => a.consumer.progress.shards.length === 4);
  const b = consume(web, { worker: 'b' });
  await until(
    'a half each',
    () => b.consumer.progress.shards.length === 2 && a.consumer.progress.shards.length === 2,
  );
  for (let n = 0; n < 40; n++) await put(web, String(n), `key-${n}`);
  await until('40 records', () => a.records.length + b.records.length === 40);
  assert.ok(a.records.length > 0 && b.records.length > 0);
  assert.equal(a.told('lease-released').length, 2);
  await b.consumer.stop();
  await until('all shards again', () => a.consumer.progress.shards.length === 4);
  assert.equal(new Set([...a.texts(), ...b.texts()]).size, 40);
});

test('aggregated records are opened; what only looks like one is handed over as it is', async (t) => {
  const web = await start(t);
  const good = aggregate(
    numbers(0, 5).map((text) => ({ partitionKey: `key-${text}`, data: Buffer.from(text) })),
  );
  const bent = Buffer.from(good);
  bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1;
  await put(web, good);
  await put(web, bent, 'outer');
  await put(web, 'plain', 'outer');
  const { records, told } = consume(web);
  await until('7 records', () => records.length === 7);
  assert.deepEqual(
    records
      .slice(0, 5)
      .map(({ partitionKey, subSequenceNumber, data }) => [
        partitionKey,
        subSequenceNumber,
        Buffer.from(data).toString(),
      ]),
    numbers(0, 5).map((text) => [`key-${text}`, Number(text), text]),
  );
  assert.deepEqual(
    records.slice(5).map(({ subSequenceNumber, partitionKey }) => [subSequenceNumber, partitionKey]),
    Array(2).fill([undefined, 'outer']),
  );
  assert.ok(bent.equals(records[5]?.data ?? Buffer.alloc(0)));
  assert.equal(told('malformed-aggregate').length, 1);
});

test('an aggregated record may be processed in parts: the next worker goes on within it', async (t) => {
  const web = await start(t);
  await put(web, aggregate(numbers(0, 10).map((text) => ({ partitionKey: 'k', data: Buffer.from(text) }))));
  await put(web, '10');
  const taken: string[] = [];
  const first = consume(web, {
    maxRecords: 4,
    maxHandlerFailures: 2,
    onRecords: (batch) => {
      const texts = batch.map(({ data }) => Buffer.from(data).toString());
      if (texts.includes('8')) throw new Error('not today');
      taken.push(...texts);
    },
  });
  await assert.rejects(first.running, (error) => {
    return (
      error instanceof RecordConsumerError &&
      error.code === 'handler-failed' &&
      /not today/.test(String(error.cause))
    );
  });
  assert.equal(first.told('handler-failed').length, 2);
  assert.deepEqual(taken, numbers(0, 8));
  const second = consume(web, { maxRecords: 4 });
  await until('the rest', () => second.records.length === 3);
  assert.deepEqual(second.texts(), ['8', '9', '10']);
});

test('a handler that fails is called again with the same records', async (t) => {
  const web = await start(t);
  await put(web, 'x');
  const seen: string[] = [];
  const { told } = consume(web, {
    onRecords: ([record]) => {
      seen.push(record?.sequenceNumber ?? '');
      if (seen.length < 3) throw new Error('again');
    },
  });
  await until('a checkpoint', () => told('checkpoint').length === 1);
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen).size, 1);
});

test('a lease that is lost is given up at once, and its handler told; no shard is read twice at a time by one worker', async (t) => {
  const web = await start(t);
  await put(web, 'x');
  const entered: AbortSignal[] = [];
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  let inside = 0;
  let most = 0;
  const a = consume(web, {
    worker: 'same',
    onRecords: async (_, { signal }) => {
      entered.push(signal);
      most = Math.max(most, ++inside);
      if (entered.length === 1) await mayEnd;
      inside -= 1;
    },
  });
  await until('the handler', () => entered.length === 1);
  // The group is forgotten under its feet: it joins anew, and gets the same shard while its handler still works.
  web.nowMs += 1000;
  const gone = await web.request('/api/data-streams/events/groups/g', {
    method: 'DELETE',
    headers: web.admin,
  });
  assert.equal(gone.status, 204);
  await until('a second session', () => a.told('joined').length === 2);
  assert.equal(entered[0]?.aborted, true);
  assert.deepEqual(a.told('lease-lost').length, 1);
  assert.equal(entered.length, 1);
  end();
  await until('the record again', () => a.told('checkpoint').length === 1);
  assert.deepEqual([entered.length, most], [2, 1]);
});

test('what no retry can mend ends the consumer', async (t) => {
  const web = await start(t);
  const failsWith = (code: string, options: Partial<RecordConsumerOptions>) =>
    assert.rejects(
      consume(web, options).running,
      (error) => error instanceof RecordConsumerError && error.code === code,
    );
  await failsWith('invalid-credentials', { key: 'wrong' });
  await failsWith('no-credentials', { key: undefined });
  await failsWith('not-found', { stream: 'none' });
  await failsWith('invalid-argument', { worker: 'a b' });
  await failsWith('not-found', { endpoint: `${web.url}/elsewhere` });
  const publisher = web.keys.add([{ action: 'publish', stream: '*' }], web.nowMs);
  await failsWith('forbidden', { key: () => publisher.secret });
  const keyFails = consume(web, { key: () => Promise.reject(new Error('the vault is closed')) });
  await assert.rejects(keyFails.running, /the vault is closed/);
  await keyFails.consumer.stop();
});

test('a stream that is deleted ends its consumers', async (t) => {
  const web = await start(t);
  const { running, told } = consume(web);
  await until('a lease', () => told('lease-granted').length === 1);
  await web.records.delete('events');
  await assert.rejects(running, { code: 'not-found' });
});

test('a server that cannot be reached is tried again, until the consumer is stopped', async (t) => {
  const web = await start(t);
  const lost = consume(web, { endpoint: 'http://127.0.0.1:9', maxBackoffMs: 5 });
  await until('some retries', () => lost.told('retrying').length > 3);
  await lost.consumer.stop();
  await lost.running;
  const signal = AbortSignal.abort();
  await consume(web, { signal }).running;
});
