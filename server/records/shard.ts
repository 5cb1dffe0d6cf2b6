import { LogWriteError } from '../../fragments/log/log-error.ts';
import type { ShardRecord } from '../catalog/record-catalog.ts';
import type { HashKeyRange } from './hash-key.ts';
import type { RecordToAppend } from './log/record.ts';
import type { RecordLog } from './log/record-log.ts';
import { type PutPlace, RecordError, type ShardInfo } from './record-service.ts';
import { END_POSITION, parseSequenceNumber, SequenceNumbers } from './sequence-number.ts';
import { ShardHeat } from './shard-heat.ts';
import type { WriteThrottle } from './throttle.ts';

/** `shardId-` and twelve digits, counted on and never used again. */
export function shardIdOf(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`;
}

/** The bytes of a record that limits count: data and partition key. */
export function countedBytes(record: RecordToAppend): number {
  return record.data.length + Buffer.byteLength(record.partitionKey);
}

/** One shard in memory: its facts, its log once somebody needs it, and who writes to it now. */
export class Shard {
  readonly id: string;
  readonly range: HashKeyRange;
  readonly heat = new ShardHeat();
  /** `undefined`: nothing is limited. */
  readonly throttle: WriteThrottle | undefined;
  /** Resolves when the shard was split or merged, or stays after all: until then nothing is put to it. */
  changing: Promise<void> | undefined;
  #record: ShardRecord;
  /** Asked for with every call: made once for each record. */
  #info: ShardInfo | undefined;
  readonly #openLog: () => Promise<RecordLog>;
  readonly #numbers: SequenceNumbers;
  #log: Promise<RecordLog> | undefined;
  #writers = 0;
  #onIdle: (() => void) | undefined;

  constructor(record: ShardRecord, openLog: () => Promise<RecordLog>, throttle: WriteThrottle | undefined) {
    this.#record = record;
    this.id = shardIdOf(record.index);
    this.range = { start: record.rangeStart, end: record.rangeEnd };
    this.throttle = throttle;
    this.#openLog = openLog;
    this.#numbers = new SequenceNumbers({ shardCreatedS: this.#createdS, shardIndex: record.index });
  }

  get #createdS(): number {
    return Math.floor(this.record.createdMs / 1000);
  }

  get isOpen(): boolean {
    return this.record.closedMs === undefined;
  }

  get record(): ShardRecord {
    return this.#record;
  }

  set record(record: ShardRecord) {
    this.#record = record;
    this.#info = undefined;
  }

  get info(): ShardInfo {
    this.#info ??= this.#describe();
    return this.#info;
  }

  #describe(): ShardInfo {
    const { index, parentIndex, adjacentParentIndex, createdMs, closedMs } = this.record;
    return {
      id: this.id,
      index,
      parentId: parentIndex === undefined ? undefined : shardIdOf(parentIndex),
      adjacentParentId: adjacentParentIndex === undefined ? undefined : shardIdOf(adjacentParentIndex),
      range: this.range,
      createdMs,
      startingSequenceNumber: this.#numbers.at(0, createdMs),
      closed:
        closedMs === undefined
          ? undefined
          : { atMs: closedMs, endingSequenceNumber: this.#numbers.at(END_POSITION, closedMs) },
    };
  }

  /** Its log, opened once; another try after a failure. */
  log(): Promise<RecordLog> {
    if (this.#log === undefined) {
      this.#log = this.#openLog();
      this.#log.catch(() => {
        this.#log = undefined;
      });
    }
    return this.#log;
  }

  /** Its log when somebody has needed it. */
  get openedLog(): Promise<RecordLog> | undefined {
    return this.#log;
  }

  sequenceNumber(ordinal: number, arrivalMs: number): string {
    return this.#numbers.at(ordinal + 1, arrivalMs);
  }

  /** Ordinal that a sequence number of this shard names; -1 for the shard's start, `undefined` when it is none of its numbers. */
  ordinalOf(sequenceNumber: string): number | undefined {
    const parsed = parseSequenceNumber(sequenceNumber);
    if (parsed?.shardIndex !== this.record.index || parsed.shardCreatedS !== this.#createdS) return undefined;
    return parsed.position > BigInt(Number.MAX_SAFE_INTEGER)
      ? Number.MAX_SAFE_INTEGER
      : Number(parsed.position) - 1;
  }

  /** Appends records as one; resolves when they are durable. Throws RecordError. */
  async append(records: readonly RecordToAppend[], nowMs: number): Promise<PutPlace[]> {
    this.#writers++;
    try {
      const log = await this.log();
      const { firstOrdinal, arrivalMs } = await log.append(records, nowMs);
      return records.map((_, index) => ({
        shardId: this.id,
        sequenceNumber: this.sequenceNumber(firstOrdinal + index, arrivalMs),
      }));
    } catch (error) {
      throw asRecordError(error, this.id);
    } finally {
      this.#writers--;
      if (this.#writers === 0) this.#onIdle?.();
    }
  }

  /** Resolves when nobody writes to it. Set `changing` first. */
  async idle(): Promise<void> {
    if (this.#writers === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    this.#onIdle = undefined;
  }
}

function asRecordError(error: unknown, shardId: string): RecordError {
  const message = error instanceof Error ? error.message : String(error);
  const isFull = error instanceof LogWriteError && error.code === 'backlog-full';
  return new RecordError(isFull ? 'throughput-exceeded' : 'write-failed', `${shardId}: ${message}`, {
    cause: error,
  });
}
