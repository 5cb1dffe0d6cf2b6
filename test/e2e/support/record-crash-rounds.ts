import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KinesisCalls, KinesisRefusal } from './kinesis-call.ts';
import { PollingFollower, type RecordFollower, SubscribedFollower, untilGone } from './record-followers.ts';
import { type ServerProcess, startServerProcess } from './server.ts';
import { until } from './until.ts';

export interface RecordCrashOptions {
  readonly rounds: number;
  readonly writers: number;
  readonly onRound?: (round: number, acknowledged: number) => void;
}

export interface RecordCrashReport {
  /** Records whose writer was answered. */
  readonly acknowledged: number;
  readonly reshards: number;
  /** Answered, and not seen: `<who did not see it>: <shard>/<number>`. */
  readonly missing: readonly string[];
  /** Twice, in another order, or seen by one reader and not by another. */
  readonly faults: readonly string[];
}

const STREAMS = ['orders', 'readings'] as const;
const KEYS_PER_WRITER = 4;
const MAX_BATCH = 20;
/** Above so many open shards they are merged, below they are split. */
const MANY_SHARDS = 4;

interface Place {
  readonly ShardId: string;
  readonly SequenceNumber: string;
}

interface Acknowledged extends Place {
  readonly stream: string;
}

interface ShardDescription {
  readonly ShardId: string;
  readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string };
}

/**
 * Kills the server with SIGKILL at a random moment while writers put counted records, and shards are split and merged, again and
 * again on one data directory. Readers keep what they held before the kill, iterators and continuation numbers, and go on with it.
 */
export async function recordCrashRounds(options: RecordCrashOptions): Promise<RecordCrashReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'framelog-record-crash-'));
  const run = new CrashRun();
  try {
    for (let round = 1; round <= options.rounds; round++) {
      const server = await start(dataDir);
      const before = run.acknowledged;
      await run.round(server, options.writers, round);
      options.onRound?.(round, run.acknowledged - before);
    }
    const server = await start(dataDir);
    await run.finish(server);
    if ((await server.stop()) !== 0) throw new Error(`the server did not close cleanly:\n${server.stderr()}`);
    return run;
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function start(dataDir: string): Promise<ServerProcess> {
  return startServerProcess({ dataDir, env: { FRAMELOG_RECORDS_ENFORCE_LIMITS: 'false' } });
}

class CrashRun implements RecordCrashReport {
  acknowledged = 0;
  reshards = 0;
  readonly missing: string[] = [];
  readonly #faults: string[] = [];
  readonly #followers = new Map<string, readonly RecordFollower[]>();
  readonly #counts = new Map<string, number>();
  /** Of the last round: looked for after the next start. */
  #told: Acknowledged[] = [];

  get faults(): readonly string[] {
    const ofFollowers = [...this.#followers.values()].flat().flatMap(({ ledger }) => ledger.faults);
    return [...this.#faults, ...ofFollowers];
  }

  async round(server: ServerProcess, writers: number, round: number): Promise<void> {
    const over = new AbortController();
    const calls = new KinesisCalls(server.httpUrl, over.signal);
    if (round === 1) await this.#makeStreams(calls);
    const following = this.#follow(calls);
    await this.#lookForTold();
    const working = [
      ...Array.from({ length: writers }, (_, at) => this.#write(calls, at)),
      ...STREAMS.map((stream) => this.#reshard(calls, stream)),
    ].map((work) => work.catch((error: unknown) => this.#faults.push(String(error))));
    const enough = writers * 10;
    await until('acknowledged records', () => this.#told.length >= enough);
    await delay(Math.random() * 400);
    server.signal('SIGKILL');
    await server.exited;
    over.abort();
    await Promise.all([...working, following]);
    this.#faults.push(...errorLines(server));
    this.acknowledged += this.#told.length;
  }

  /** Everything that a new reader finds is what the old ones have seen. */
  async finish(server: ServerProcess): Promise<void> {
    const over = new AbortController();
    const calls = new KinesisCalls(server.httpUrl, over.signal);
    const fresh = new Map<string, RecordFollower>();
    for (const stream of STREAMS)
      fresh.set(stream, new PollingFollower(stream, ['shardId-000000000000', 'shardId-000000000001']));
    const following = Promise.all([
      this.#follow(calls),
      ...[...fresh.values()].map((follower) => follower.run(calls)),
    ]);
    await this.#lookForTold();
    for (const [stream, followers] of this.#followers) {
      const all = [...followers, fresh.get(stream) as RecordFollower];
      const countsOf = () => all.map(({ ledger }) => ledger.count);
      await until(`${stream} read to its end`, () => new Set(countsOf()).size === 1).catch(() =>
        this.#faults.push(`${stream}: the readers saw ${countsOf().join(', ')} records`),
      );
      const [expected, ...others] = all.map(({ ledger }) => JSON.stringify([...ledger.numbers].sort()));
      if (others.some((other) => other !== expected))
        this.#faults.push(`${stream}: the readers saw different records`);
    }
    over.abort();
    await following;
    this.#faults.push(...errorLines(server));
  }

  async #makeStreams(calls: KinesisCalls): Promise<void> {
    for (const stream of STREAMS) {
      await calls.call('CreateStream', { StreamName: stream, ShardCount: 2 });
      const { StreamDescriptionSummary } = await calls.call<{
        StreamDescriptionSummary: { StreamARN: string };
      }>('DescribeStreamSummary', { StreamName: stream });
      const { Consumer } = await calls.call<{ Consumer: { ConsumerARN: string } }>('RegisterStreamConsumer', {
        StreamARN: StreamDescriptionSummary.StreamARN,
        ConsumerName: 'fan',
      });
      const shards = (await shardsOf(calls, stream)).map(({ ShardId }) => ShardId);
      this.#followers.set(stream, [
        new PollingFollower(stream, shards),
        new SubscribedFollower(stream, Consumer.ConsumerARN, shards),
      ]);
    }
  }

  async #follow(calls: KinesisCalls): Promise<void> {
    const followers = [...this.#followers.values()].flat();
    await Promise.all(
      followers.map((follower) =>
        follower.run(calls).catch((error: unknown) => this.#faults.push(String(error))),
      ),
    );
  }

  /** What was acknowledged before the kill comes to every follower after it. */
  async #lookForTold(): Promise<void> {
    const unseen = () =>
      this.#told.flatMap(({ stream, ShardId, SequenceNumber }) =>
        (this.#followers.get(stream) ?? [])
          .filter(({ ledger }) => !ledger.has(ShardId, SequenceNumber))
          .map(({ ledger }) => `${ledger.name}: ${ShardId}/${SequenceNumber}`),
      );
    await until('what was acknowledged', () => unseen().length === 0, 15_000).catch(() => {
      this.missing.push(...unseen());
    });
    this.#told = [];
  }

  /** Puts counted records, one call after the other; a count whose call was not answered is not used again. */
  async #write(calls: KinesisCalls, at: number): Promise<void> {
    const stream = STREAMS[at % STREAMS.length] as string;
    let turn = 0;
    const next = () => {
      const key = `writer-${at}-key-${turn++ % KEYS_PER_WRITER}`;
      const count = (this.#counts.get(key) ?? 0) + 1;
      this.#counts.set(key, count);
      return { PartitionKey: key, Data: Buffer.from(JSON.stringify({ key, count })).toString('base64') };
    };
    while (!calls.isOver) {
      await untilGone(calls, async () => {
        if (turn % 3 === 0) {
          const place = await calls.call<Place>('PutRecord', { StreamName: stream, ...next() });
          this.#told.push({ stream, ...place });
          return;
        }
        const records = Array.from({ length: 1 + Math.floor(Math.random() * MAX_BATCH) }, next);
        const answer = await calls.call<{ FailedRecordCount: number; Records: Place[] }>('PutRecords', {
          StreamName: stream,
          Records: records,
        });
        if (answer.FailedRecordCount > 0) this.#faults.push(`${stream}: ${JSON.stringify(answer.Records)}`);
        else for (const place of answer.Records) this.#told.push({ stream, ...place });
      });
    }
  }

  /** One split or merge at a random moment of the round. */
  async #reshard(calls: KinesisCalls, stream: string): Promise<void> {
    await delay(Math.random() * 250);
    if (calls.isOver) return;
    await untilGone(calls, async () => {
      const open = (await shardsOf(calls, stream, { Type: 'AT_LATEST' })).sort((a, b) =>
        BigInt(a.HashKeyRange.StartingHashKey) < BigInt(b.HashKeyRange.StartingHashKey) ? -1 : 1,
      );
      const at = Math.floor(Math.random() * (open.length - 1));
      const [one, other] = open.slice(at, at + 2);
      if (one === undefined || other === undefined)
        throw new KinesisRefusal('Fault', `${stream} has too few shards`);
      if (open.length >= MANY_SHARDS) {
        await calls.call('MergeShards', {
          StreamName: stream,
          ShardToMerge: one.ShardId,
          AdjacentShardToMerge: other.ShardId,
        });
      } else {
        const { StartingHashKey, EndingHashKey } = one.HashKeyRange;
        await calls.call('SplitShard', {
          StreamName: stream,
          ShardToSplit: one.ShardId,
          NewStartingHashKey: String((BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n),
        });
      }
      this.reshards++;
    });
  }
}

/** What the server itself called an error. */
function errorLines(server: ServerProcess): string[] {
  return server
    .stderr()
    .split('\n')
    .filter((line) => /"level":(?:"(?:error|fatal)"|[56]0)/.test(line));
}

async function shardsOf(calls: KinesisCalls, stream: string, filter?: object): Promise<ShardDescription[]> {
  const { Shards } = await calls.call<{ Shards: ShardDescription[] }>('ListShards', {
    StreamName: stream,
    ...(filter === undefined ? {} : { ShardFilter: filter }),
  });
  return Shards;
}
