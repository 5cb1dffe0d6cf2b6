/**
 * Many data streams on one server: `node test/bench/records-scale.ts [streams=1000] [shards=4] [records per stream=40]`.
 *
 * They are made over the wire. Then the server starts on them again, beside one that starts on nothing: how long until it listens,
 * its memory, what it costs while nobody asks, and what the first calls cost; the same after every shard was read once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KinesisCalls } from '../e2e/support/kinesis-call.ts';
import { type ServerProcess, startServerProcess } from '../e2e/support/server.ts';
import { cpuSecondsOf, residentBytesOf } from './support/process-cost.ts';

const streams = Number(process.argv[2] ?? 1000);
const shards = Number(process.argv[3] ?? 4);
const records = Number(process.argv[4] ?? 40);
const IDLE_MS = 10_000;
const AT_ONCE = 16;

const nameOf = (index: number) => `stream-${String(index).padStart(5, '0')}`;
const callsTo = (server: ServerProcess) => new KinesisCalls(server.httpUrl, new AbortController().signal);
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
const start = (dataDir: string) =>
  startServerProcess({ dataDir, env: { FRAMELOG_RECORDS_ENFORCE_LIMITS: 'false' } });

/** Does something for every stream, a few at a time; answers how long it took, s. */
async function forAll(work: (name: string) => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < streams; index = next++) await work(nameOf(index));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return (performance.now() - startMs) / 1000;
}

async function make(dataDir: string): Promise<void> {
  const server = await start(dataDir);
  const calls = callsTo(server);
  const Records = Array.from({ length: records }, (_, index) => ({
    PartitionKey: `key-${index}`,
    Data: Buffer.alloc(200, 0x61).toString('base64'),
  }));
  const makingS = await forAll(async (StreamName) => {
    await calls.call('CreateStream', { StreamName, ShardCount: shards });
    await calls.call('PutRecords', { StreamName, Records });
  });
  console.log(
    `${streams} streams of ${shards} shards with ${records} records each: made in ${makingS.toFixed(1)} s`,
  );
  if ((await server.stop()) !== 0) throw new Error(server.stderr());
}

/** CPU of a process over a while in which nobody asks, % of a core. */
async function idlePercent({ pid }: ServerProcess): Promise<string> {
  await delay(1000);
  const before = cpuSecondsOf(pid);
  await delay(IDLE_MS);
  return (((cpuSecondsOf(pid) - before) * 100_000) / IDLE_MS).toFixed(1);
}

const timed = async (work: () => Promise<unknown>): Promise<string> => {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs).toFixed(0);
};

interface Row {
  readonly what: string;
  readonly openMs: string;
  readonly memoryMb: string;
  readonly idle: string;
  readonly afterReading: string;
  readonly listMs: string;
  readonly firstPutMs: string;
}

async function readAll(calls: KinesisCalls): Promise<void> {
  await forAll(async (StreamName) => {
    for (let shard = 0; shard < shards; shard++) {
      const { ShardIterator } = await calls.call<{ ShardIterator: string }>('GetShardIterator', {
        StreamName,
        ShardId: `shardId-${shard}`,
        ShardIteratorType: 'TRIM_HORIZON',
      });
      await calls.call('GetRecords', { ShardIterator });
    }
  });
}

async function measure(what: string, dataDir: string, isFull: boolean): Promise<Row> {
  const startMs = performance.now();
  const server = await start(dataDir);
  const openMs = (performance.now() - startMs).toFixed(0);
  const calls = callsTo(server);
  const memoryMb = megabytes(residentBytesOf(server.pid).nowBytes);
  const idle = await idlePercent(server);
  const listMs = await timed(() => calls.call('ListStreams', { Limit: 10_000 }));
  let firstPutMs = '';
  let afterReading = '';
  if (isFull) {
    const put = { StreamName: nameOf(streams - 1), PartitionKey: 'k', Data: 'AAAA' };
    firstPutMs = await timed(() => calls.call('PutRecord', put));
    const readMs = await timed(() => readAll(calls));
    afterReading = `${megabytes(residentBytesOf(server.pid).nowBytes)} MB, ${await idlePercent(server)} % idle (all read in ${readMs} ms)`;
  }
  await server.stop();
  return { what, openMs, memoryMb, idle, afterReading, listMs, firstPutMs };
}

const folder = mkdtempSync(join(tmpdir(), 'framelog-records-scale-'));
try {
  await make(join(folder, 'full'));
  const rows = [
    await measure('no streams', join(folder, 'empty'), false),
    await measure(`${streams} × ${shards}`, join(folder, 'full'), true),
  ];
  console.log(
    '| streams × shards | listens after | memory | idle | ListStreams | first put | every shard open |',
  );
  console.log('|---|---|---|---|---|---|---|');
  for (const row of rows) {
    const { what, openMs, memoryMb, idle, listMs, firstPutMs, afterReading } = row;
    console.log(
      `| ${what} | ${openMs} ms | ${memoryMb} MB | ${idle} % | ${listMs} ms | ${firstPutMs} ms | ${afterReading} |`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
