/**
 * Data streams beside kinesalite 3.3 in the same run, 1 KB records: what putting and getting cost, and how long a durable put and
 * the way to a subscriber take.
 *
 *   node test/bench/records-speed.ts [seconds per measurement=10] [rounds=3]
 *
 * kinesalite keeps its records in memory and checks no signature; Framelog checks each, and answers when the records are synced.
 * It is installed by npm into a temporary folder.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServerProcess } from '../e2e/support/server.ts';
import { until } from '../e2e/support/until.ts';
import { bytesOf, KinesisBenchClient, type PreparedCall } from './support/kinesis-client.ts';
import { cpuSecondsOf } from './support/process-cost.ts';

const seconds = Number(process.argv[2] ?? 10);
const rounds = Number(process.argv[3] ?? 3);
const RECORD_BYTES = 1000;
const SHARDS = 4;
const PUTTERS = 4;
const BATCH = 500;
const KEY = { id: 'FLBENCHBENCHBENCHBEN', secret: 'bench-only-secret-bench-only-secret' };

interface Peer {
  readonly name: string;
  readonly pid: number;
  readonly endpoint: string;
  stop(): Promise<void>;
}

async function startFramelog(): Promise<Peer> {
  const server = await startServerProcess({
    open: false,
    env: {
      FRAMELOG_RECORDS_ENFORCE_LIMITS: 'false',
      FRAMELOG_ACCESS_KEY_ID: KEY.id,
      FRAMELOG_SECRET_ACCESS_KEY: KEY.secret,
    },
  });
  return {
    name: 'Framelog',
    pid: server.pid,
    endpoint: server.httpUrl,
    stop: async () => void (await server.stop()),
  };
}

async function startKinesalite(folder: string): Promise<Peer> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const args = ['--port', String(port), '--createStreamMs', '0', '--shardLimit', '1000'];
  const child = spawn(process.execPath, [join(folder, 'node_modules/kinesalite/cli.js'), ...args], {
    stdio: 'ignore',
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await until('kinesalite to listen', async () => (await fetch(endpoint)).status > 0);
  return {
    name: 'kinesalite',
    pid: child.pid ?? 0,
    endpoint,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const quantile = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

async function createStream(client: KinesisBenchClient, StreamName: string, ShardCount: number) {
  await client.call('CreateStream', { StreamName, ShardCount });
  await until('the stream to be active', async () => {
    const { StreamDescription } = (await client.call('DescribeStream', { StreamName })) as {
      StreamDescription: { StreamStatus: string };
    };
    return StreamDescription.StreamStatus === 'ACTIVE';
  });
}

function batchOf(StreamName: string, salt: number): object {
  return {
    StreamName,
    Records: Array.from({ length: BATCH }, (_, n) => ({
      PartitionKey: `key-${salt}-${n}`,
      Data: Buffer.alloc(RECORD_BYTES, n).toString('base64'),
    })),
  };
}

/** Runs calls one after the other on several connections for a while; answers how many. */
async function repeat(
  client: KinesisBenchClient,
  calls: readonly PreparedCall[],
  connections: number,
): Promise<number> {
  const untilMs = performance.now() + seconds * 1000;
  const counts = await Promise.all(
    Array.from({ length: connections }, async (_, n) => {
      let count = 0;
      for (; performance.now() < untilMs; count++) {
        await bytesOf(await client.send(calls[(n + count) % calls.length] as PreparedCall));
      }
      return count;
    }),
  );
  return sum(counts);
}

/** Records a CPU second of the server. */
async function putCost(peer: Peer): Promise<number> {
  const client = new KinesisBenchClient(peer.endpoint, KEY, PUTTERS);
  await createStream(client, 'puts', SHARDS);
  const calls = Array.from({ length: PUTTERS }, (_, n) => client.prepare('PutRecords', batchOf('puts', n)));
  const before = cpuSecondsOf(peer.pid);
  const count = await repeat(client, calls, PUTTERS);
  const cpuSeconds = cpuSecondsOf(peer.pid) - before;
  client.close();
  return (count * BATCH) / cpuSeconds;
}

/** Milliseconds of single puts, one after the other. */
async function putLatencies(peer: Peer): Promise<number[]> {
  const client = new KinesisBenchClient(peer.endpoint, KEY, 1);
  await createStream(client, 'single', 1);
  const call = client.prepare('PutRecord', {
    StreamName: 'single',
    PartitionKey: 'k',
    Data: Buffer.alloc(RECORD_BYTES).toString('base64'),
  });
  const latencies: number[] = [];
  const untilMs = performance.now() + seconds * 1000;
  while (performance.now() < untilMs) {
    const startMs = performance.now();
    await bytesOf(await client.send(call));
    latencies.push(performance.now() - startMs);
  }
  client.close();
  return latencies;
}

/** Megabytes of records a CPU second of the server, read again and again from one shard. */
async function getCost(peer: Peer): Promise<number> {
  const client = new KinesisBenchClient(peer.endpoint, KEY, 1);
  await createStream(client, 'gets', 1);
  const fill = client.prepare('PutRecords', batchOf('gets', 0));
  for (let n = 0; n < 40; n++) await bytesOf(await client.send(fill));
  const { ShardIterator } = await client.call('GetShardIterator', {
    StreamName: 'gets',
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'TRIM_HORIZON',
  });
  const call = client.prepare('GetRecords', { ShardIterator, Limit: 10_000 });
  const answer = (await client.call('GetRecords', { ShardIterator, Limit: 10_000 })) as {
    Records: unknown[];
  };
  const before = cpuSecondsOf(peer.pid);
  const count = await repeat(client, [call], 1);
  const cpuSeconds = cpuSecondsOf(peer.pid) - before;
  client.close();
  return (count * answer.Records.length * RECORD_BYTES) / 1e6 / cpuSeconds;
}

/** Milliseconds from the sending of a put to its record's arrival at a subscriber, at 1,000 records a second in calls of 10. */
async function pushLatencies(peer: Peer): Promise<number[]> {
  const client = new KinesisBenchClient(peer.endpoint, KEY, 64);
  await createStream(client, 'pushed', 1);
  const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/pushed';
  const { Consumer } = (await client.call('RegisterStreamConsumer', { StreamARN, ConsumerName: 'fan' })) as {
    Consumer: { ConsumerARN: string };
  };
  const response = await client.send(
    client.prepare('SubscribeToShard', {
      ConsumerARN: Consumer.ConsumerARN,
      ShardId: 'shardId-000000000000',
      StartingPosition: { Type: 'LATEST' },
    }),
  );
  const latencies: number[] = [];
  let held = Buffer.alloc(0);
  response.on('data', (piece: Buffer) => {
    const nowMs = performance.now();
    held = Buffer.concat([held, piece]);
    while (held.length >= 4 && held.length >= held.readUInt32BE(0)) {
      const message = held.subarray(0, held.readUInt32BE(0));
      held = held.subarray(message.length);
      const payload = message.subarray(12 + message.readUInt32BE(4), -4).toString();
      const { Records = [] } = JSON.parse(payload) as { Records?: { Data: string }[] };
      for (const { Data } of Records) latencies.push(nowMs - Buffer.from(Data, 'base64').readDoubleBE());
    }
  });
  response.on('error', () => undefined);
  // A call with 10 records every 10 ms, as producers with several cameras behind them send.
  const puts: Promise<unknown>[] = [];
  const startMs = performance.now();
  while (puts.length < seconds * 100) {
    const due = Math.min(seconds * 100, Math.floor((performance.now() - startMs) / 10));
    while (puts.length < due) {
      const data = Buffer.alloc(RECORD_BYTES);
      data.writeDoubleBE(performance.now());
      const Data = data.toString('base64');
      const Records = Array.from({ length: 10 }, (_, n) => ({ PartitionKey: `k${n}`, Data }));
      puts.push(client.call('PutRecords', { StreamName: 'pushed', Records }));
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(puts);
  await until('all records', () => latencies.length >= puts.length * 10);
  response.destroy();
  client.close();
  return latencies;
}

const folder = mkdtempSync(join(tmpdir(), 'framelog-kinesalite-'));
try {
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, 'kinesalite@3.3'], {
    stdio: 'ignore',
  });
  const figures = {
    Framelog: { put: [] as number[], get: [] as number[] },
    kinesalite: { put: [] as number[], get: [] as number[] },
  };
  for (let round = 0; round < rounds; round++) {
    for (const start of [startFramelog, () => startKinesalite(folder)]) {
      const peer = await start();
      const of = figures[peer.name as keyof typeof figures];
      of.put.push(await putCost(peer));
      of.get.push(await getCost(peer));
      await peer.stop();
    }
  }
  const [ours, theirs] = [figures.Framelog, figures.kinesalite];
  const put = [median(ours.put), median(theirs.put)] as const;
  const get = [median(ours.get), median(theirs.get)] as const;
  console.log('| what | Framelog | kinesalite 3.3 | ratio |\n|---|---|---|---|');
  console.log(
    `| PutRecords of ${BATCH}, records per CPU-s | ${put[0].toFixed(0)} | ${put[1].toFixed(0)} | ${(put[0] / put[1]).toFixed(1)} |`,
  );
  console.log(
    `| GetRecords, MB per CPU-s | ${get[0].toFixed(0)} | ${get[1].toFixed(0)} | ${(get[0] / get[1]).toFixed(1)} |`,
  );
  const peer = await startFramelog();
  const single = await putLatencies(peer);
  console.log(
    `durable PutRecord, one after the other: median ${median(single).toFixed(1)} ms, p99 ${quantile(single, 0.99).toFixed(1)} ms`,
  );
  const pushed = await pushLatencies(peer);
  console.log(
    `put to subscriber at 1,000 records/s: median ${median(pushed).toFixed(1)} ms, p99 ${quantile(pushed, 0.99).toFixed(1)} ms (${pushed.length} records)`,
  );
  await peer.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
