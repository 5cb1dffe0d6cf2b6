import {
  type DataStreamInfo,
  type ReadLimits,
  RecordError,
  type RecordService,
  type SequencedRecord,
  type ShardInfo,
  type StartingPosition,
} from '../records/record-service.ts';
import { ApiError } from './api-error.ts';
import { formatCursor, MAX_CURSOR_SHARDS, type RecordCursor } from './record-cursor.ts';

export interface FollowedRecord {
  readonly shardId: string;
  readonly record: SequencedRecord;
}

export interface FollowRecordsOptions {
  readonly records: RecordService;
  readonly stream: DataStreamInfo;
  /** Records that arrived at this time or later end their shard: nothing behind them is of interest. */
  readonly toMs: number;
  readonly now: () => number;
}

/** A shard that is not read to its end. */
interface OpenShard {
  readonly info: ShardInfo;
  ordinal: number;
  /** `pending`: its parents come first; `ready`: there may be records; `waiting`: there were none. */
  state: 'pending' | 'ready' | 'waiting';
}

const PAGE: ReadLimits = { maxRecords: 100, maxBytes: 256 * 1024 };
/** A record that arrived in time may become durable a little later. */
const SETTLING_MS = 1000;

/**
 * Reads a stream over all its shards, children after their parents: in order within a shard, and between shards as they are read.
 * It holds a position in each, and one page of one of them: whoever reads slowly is behind, and nothing waits for it in memory.
 */
export class RecordFollower {
  readonly #options: FollowRecordsOptions;
  readonly #name: string;
  readonly #open = new Map<number, OpenShard>();
  #nextIndex: number;
  #wake = (): void => {};
  #failure: { readonly error: unknown } | undefined;

  private constructor(options: FollowRecordsOptions, nextIndex: number) {
    this.#options = options;
    this.#name = options.stream.name;
    this.#nextIndex = nextIndex;
  }

  /** Begins at a time, the end, or the beginning of what is kept. Throws ApiError `too-many-shards`, RecordError. */
  static async begin(
    options: FollowRecordsOptions,
    from: 'TRIM_HORIZON' | 'LATEST' | { readonly atMs: number },
  ): Promise<RecordFollower> {
    const { records, stream, now } = options;
    const follower = new RecordFollower(options, nextIndexOf(stream.shards));
    for (const info of stream.shards) {
      if (from === 'LATEST' && info.closed !== undefined) continue;
      if (typeof from === 'object' && info.closed !== undefined && info.closed.atMs < from.atMs) continue;
      const starting: StartingPosition =
        typeof from === 'string' ? { type: from } : { type: 'AT_TIMESTAMP', atMs: from.atMs };
      const { ordinal } = await records.position(stream.name, info.id, starting, now());
      follower.#add(info, ordinal);
    }
    follower.#begun();
    return follower;
  }

  /** Goes on at a cursor. Throws ApiError `stream-replaced`, `too-many-shards`. */
  static resume(options: FollowRecordsOptions, cursor: RecordCursor): RecordFollower {
    const { stream } = options;
    if (cursor.streamCreatedMs !== stream.createdMs) {
      throw new ApiError(410, 'stream-replaced', 'The position is of an older stream of this name.');
    }
    const follower = new RecordFollower(options, Math.max(cursor.nextIndex, nextIndexOf(stream.shards)));
    const ordinals = new Map(cursor.shards.map(({ index, ordinal }) => [index, ordinal]));
    for (const info of stream.shards) {
      const ordinal = info.index >= cursor.nextIndex ? 0 : ordinals.get(info.index);
      if (ordinal !== undefined) follower.#add(info, ordinal);
    }
    follower.#begun();
    return follower;
  }

  /** Where it is: behind the last record that `follow` gave. */
  get cursor(): string {
    return this.#cursor(false);
  }

  /** A cursor behind which nothing follows. */
  get endCursor(): string {
    return this.#cursor(true);
  }

  /** All that was asked for was read. */
  get isOver(): boolean {
    return this.#open.size === 0;
  }

  /**
   * Records until all of them were given; with `wait: false` until there are no more for now. Throws RecordError, `not-found` when the stream
   * is deleted.
   */
  async *follow(signal: AbortSignal, { wait }: { readonly wait: boolean }): AsyncGenerator<FollowedRecord> {
    while (!signal.aborted && !this.isOver) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const ready = [...this.#open.values()].filter(({ state }) => state === 'ready');
      for (const shard of ready) yield* this.#page(shard, signal, wait);
      if (ready.length > 0) continue;
      if (!wait) return;
      await this.#woken(signal);
    }
  }

  /** One page of one shard. */
  async *#page(shard: OpenShard, signal: AbortSignal, wait: boolean): AsyncGenerator<FollowedRecord> {
    const { records, toMs, now } = this.#options;
    const shardId = shard.info.id;
    const nowMs = now();
    const read = await records.read(this.#name, { shardId, ordinal: shard.ordinal }, PAGE, nowMs);
    for (const record of read.records) {
      if (signal.aborted) return;
      if (record.arrivalMs >= toMs) {
        this.#done(shard);
        return;
      }
      shard.ordinal = record.ordinal + 1;
      yield { shardId, record };
    }
    shard.ordinal = read.next.ordinal;
    if (read.isAtEnd) this.#finish(shard);
    else if (read.records.length === 0) this.#rest(shard, nowMs, signal, wait);
  }

  /** There are no records for now. */
  #rest(shard: OpenShard, nowMs: number, signal: AbortSignal, wait: boolean): void {
    // A follower that was woken for nothing may read from another stream of the same name by now.
    this.#stream();
    if (nowMs >= this.#options.toMs + SETTLING_MS) {
      this.#done(shard);
      return;
    }
    shard.state = 'waiting';
    if (!wait) return;
    const position = { shardId: shard.info.id, ordinal: shard.ordinal };
    const woken = this.#options.records.waitForMore(this.#name, position, signal);
    woken
      .then(
        () => {
          shard.state = 'ready';
        },
        (error: unknown) => {
          this.#failure = { error };
        },
      )
      .finally(() => this.#wake());
  }

  /** The children of a shard may be read once all of its like are done. */
  #finish(shard: OpenShard): void {
    const { shards } = this.#stream();
    for (const each of shards) if (each.index >= this.#nextIndex) this.#add(each, 0);
    this.#nextIndex = Math.max(this.#nextIndex, nextIndexOf(shards));
    this.#done(shard);
  }

  #done({ info }: OpenShard): void {
    this.#open.delete(info.index);
    this.#begun();
  }

  #add(info: ShardInfo, ordinal: number): void {
    this.#open.set(info.index, { info, ordinal, state: 'pending' });
  }

  /** Shards whose parents are done, or gone, are read from now on. */
  #begun(): void {
    if (this.#open.size > MAX_CURSOR_SHARDS) {
      throw new ApiError(
        400,
        'too-many-shards',
        `The stream has more than ${MAX_CURSOR_SHARDS} shards to read: read them one by one.`,
      );
    }
    const unread = new Set([...this.#open.values()].map(({ info }) => info.id));
    for (const shard of this.#open.values()) {
      const { parentId = '', adjacentParentId = '' } = shard.info;
      if (shard.state === 'pending' && !unread.has(parentId) && !unread.has(adjacentParentId)) {
        shard.state = 'ready';
      }
    }
  }

  /** Resolves when a shard has more, when `toMs` has come, and when the signal aborts. */
  async #woken(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    const restMs = this.#options.toMs + SETTLING_MS - this.#options.now();
    const timer = Number.isFinite(restMs) ? setTimeout(wake, clampTimer(restMs)) : undefined;
    const isWoken = this.#failure !== undefined || [...this.#open.values()].some(isReady);
    if (!isWoken && !signal.aborted) await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', wake);
    if (this.#options.now() < this.#options.toMs + SETTLING_MS) return;
    for (const shard of this.#open.values()) if (shard.state === 'waiting') shard.state = 'ready';
  }

  /** The stream as it is now. Throws RecordError `not-found` when it was deleted, also when one of its name was made since. */
  #stream(): DataStreamInfo {
    const { records, stream } = this.#options;
    const info = records.stream(this.#name);
    if (info?.createdMs === stream.createdMs) return info;
    throw new RecordError('not-found', `stream ${this.#name} was deleted`);
  }

  #cursor(isOver: boolean): string {
    const shards = [...this.#open.values()]
      .map(({ info: { index }, ordinal }) => ({ index, ordinal }))
      .sort((a, b) => a.index - b.index);
    return formatCursor({
      streamCreatedMs: this.#options.stream.createdMs,
      nextIndex: this.#nextIndex,
      shards: isOver ? [] : shards,
      isOver,
    });
  }
}

function isReady({ state }: OpenShard): boolean {
  return state === 'ready';
}

function nextIndexOf(shards: readonly ShardInfo[]): number {
  return (shards.at(-1)?.index ?? -1) + 1;
}

/** Timers take 31 bits. */
function clampTimer(ms: number): number {
  return Math.min(Math.max(0, ms), 2 ** 31 - 1);
}
