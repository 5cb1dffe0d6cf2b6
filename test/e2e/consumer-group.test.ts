import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis';
import { GroupWorkers } from './support/group-workers.ts';
import { type ServerProcess, startServerProcess } from './support/server.ts';
import { until } from './support/until.ts';

const KEYS = 12;
const StreamName = 'events';

interface GroupState {
  readonly leases: readonly {
    readonly shardId: string;
    readonly owner: string | null;
    readonly sequenceNumber: string;
    readonly recordsBehind: number | null;
  }[];
}

test('three workers, one killed, splits, merges, a resharding and a restart of the server under load: all is processed, in order', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-group-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const dataDir = join(folder, 'data');
  const start = (port = 0) => startServerProcess({ dataDir, args: ['--http', `127.0.0.1:${port}`] });
  let server: ServerProcess = await start();
  t.after(() => server.stop());
  const { httpUrl } = server;
  const api = async <Answer>(path: string, body?: object): Promise<Answer> => {
    const headers = { 'content-type': 'application/json' };
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body), headers };
    const response = await fetch(`${httpUrl}/api/data-streams${path}`, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  };
  const groupState = () => api<GroupState>('/events/groups/sample');
  await api('', { name: StreamName, shards: 2 });

  const workers = new GroupWorkers(join(folder, 'processed'), [
    StreamName,
    '--endpoint',
    httpUrl,
    '--lease',
    '1500',
  ]);
  t.after(() => workers.endAll('SIGKILL'));
  for (const name of ['a', 'b', 'c']) workers.start(name);

  const kinesis = new KinesisClient({
    endpoint: httpUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  t.after(() => kinesis.destroy());

  /** Numbers by key that were acknowledged; a number is put again until it is. */
  const acknowledged = new Map<string, number[]>();
  const total = () => [...acknowledged.values()].reduce((sum, { length }) => sum + length, 0);
  let isLoading = true;
  const load = Array.from({ length: KEYS }, async (_, index) => {
    const PartitionKey = `key-${index}`;
    const done: number[] = [];
    acknowledged.set(PartitionKey, done);
    for (let number = 0; isLoading; number++) {
      const Data = Buffer.from(String(number));
      const put = () => kinesis.send(new PutRecordCommand({ StreamName, PartitionKey, Data }));
      await until(`a put of ${PartitionKey}`, () => put());
      done.push(number);
    }
  });
  t.after(() => {
    isLoading = false;
  });
  const openShards = async () => {
    const filter = { Type: 'AT_LATEST' } as const;
    const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName, ShardFilter: filter }));
    return Shards.map(({ ShardId = '', HashKeyRange }) => ({
      id: ShardId,
      start: BigInt(HashKeyRange?.StartingHashKey ?? 0),
      end: BigInt(HashKeyRange?.EndingHashKey ?? 0),
    })).sort((a, b) => (a.start < b.start ? -1 : 1));
  };
  const another = async (count: number) => {
    const goal = total() + count;
    await until(`${count} more records`, () => total() >= goal);
  };
  const split = async () => {
    const [shard] = await openShards();
    assert.ok(shard);
    const NewStartingHashKey = String((shard.start + shard.end) / 2n);
    await kinesis.send(new SplitShardCommand({ StreamName, ShardToSplit: shard.id, NewStartingHashKey }));
  };
  const merge = async () => {
    const [first, second] = await openShards();
    const input = { StreamName, ShardToMerge: first?.id, AdjacentShardToMerge: second?.id };
    await kinesis.send(new MergeShardsCommand(input));
  };
  const reshard = (TargetShardCount: number) =>
    kinesis.send(
      new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: 'UNIFORM_SCALING' }),
    );

  await another(200);
  await split();
  await another(200);
  // Somebody who is at work is killed.
  const victim = await until(
    'an owner',
    async () => (await groupState()).leases.find(({ owner }) => owner !== null)?.owner ?? undefined,
  );
  assert.equal(await workers.end(victim, 'SIGKILL'), null);
  await reshard(6);
  await another(200);
  await merge();
  await another(200);
  const before = await groupState();
  const { port } = server.listening.http;
  await server.stop();
  server = await start(port);
  // Nothing that was checkpointed is forgotten.
  const after = await groupState();
  for (const { shardId, sequenceNumber } of before.leases) {
    const lease = after.leases.find((each) => each.shardId === shardId);
    const isKept =
      lease?.sequenceNumber === 'SHARD_END' ||
      sequenceNumber === 'TRIM_HORIZON' ||
      BigInt(lease?.sequenceNumber ?? 0) >= BigInt(sequenceNumber);
    assert.ok(isKept, `${shardId}: ${sequenceNumber} became ${lease?.sequenceNumber}`);
  }
  await another(200);
  await reshard(3);
  await split();
  await another(200);
  isLoading = false;
  await Promise.all(load);

  await until('all shards to be read to their end', async () => {
    const { leases } = await groupState();
    return leases.every(
      ({ sequenceNumber, recordsBehind }) => sequenceNumber === 'SHARD_END' || recordsBehind === 0,
    );
  }).catch(async (error: unknown) => {
    throw new Error(`${JSON.stringify(await groupState(), undefined, 1)}\n${workers.errors}`, {
      cause: error,
    });
  });
  const { leases } = await groupState();
  const survivors = ['a', 'b', 'c'].filter((name) => name !== victim);
  for (const { id } of await openShards()) {
    const owner = leases.find(({ shardId }) => shardId === id)?.owner;
    assert.ok(
      owner !== null && owner !== undefined && survivors.includes(owner),
      `${id} is held by ${owner}`,
    );
  }
  assert.deepEqual(await workers.endAll('SIGTERM'), [0, 0], workers.errors);

  const processed = workers.processed();
  for (const [key, numbers] of acknowledged) {
    const seen = processed.filter(({ partitionKey }) => partitionKey === key).map(({ data }) => Number(data));
    const inOrderOfFirst = [...new Set(seen)];
    assert.deepEqual(inOrderOfFirst, numbers, `the order in which ${key} was processed first`);
  }
  t.diagnostic(`${total()} records, ${processed.length - total()} of them processed more than once`);
});
