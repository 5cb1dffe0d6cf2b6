import { systemClock } from '../../../../../fragments/log/clock.ts';
import { SyncGroup, type SyncPolicy } from '../../../../../fragments/log/sync-group.ts';
import type { RecordToAppend, StoredRecord } from '../../../../../server/records/log/record.ts';
import type { ReadLimits, RecordLog } from '../../../../../server/records/log/record-log.ts';
import type { RecordLogEvent } from '../../../../../server/records/log/record-log-options.ts';
import { RecordStore, type RecordStoreOptions } from '../../../../../server/records/log/record-store.ts';
import { MemoryStore } from '../../../fragments/log/support/memory-store.ts';

export const ALL: ReadLimits = { maxRecords: 1_000_000, maxBytes: 2 ** 40, notBeforeMs: 0 };
export const START_MS = 1_800_000_000_000;

/** A record store on a disk in memory, with its events. */
export function makeStore(
  disk = new MemoryStore(),
  options: Partial<RecordStoreOptions> & { readonly policy?: SyncPolicy } = {},
) {
  const events: RecordLogEvent[] = [];
  const { policy = 'fragment', ...rest } = options;
  const store = new RecordStore({
    store: disk,
    syncGroup: new SyncGroup({ policy, intervalMs: 100, clock: systemClock }),
    onEvent: (event) => events.push(event),
    ...rest,
  });
  return { disk, store, events };
}

/** A record whose content tells which one it is. */
export function makeRecord(number: number, dataBytes = 100): RecordToAppend {
  const data = Buffer.alloc(dataBytes, number & 255);
  if (dataBytes >= 4) data.writeUInt32BE(number);
  const hasHashKey = number % 3 === 0;
  return {
    partitionKey: `schlüssel-${number}`,
    ...(hashKeyOf(hasHashKey, number) ?? {}),
    data,
  };
}

function hashKeyOf(hasOne: boolean, number: number): { explicitHashKey: string } | undefined {
  return hasOne ? { explicitHashKey: String(number) } : undefined;
}

/** What was put, of records as they come back. */
export function contentsOf(records: readonly (RecordToAppend | StoredRecord)[]): unknown[] {
  return records.map(({ partitionKey, explicitHashKey, data }) => [
    partitionKey,
    explicitHashKey,
    Buffer.from(data).toString('hex'),
  ]);
}

/** Everything that is durable. */
export async function readAll(log: RecordLog, from = 0): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for (let next = from; next < log.nextOrdinal; ) {
    const read = await log.read(next, { ...ALL, maxRecords: 7 });
    records.push(...read.records);
    if (read.nextOrdinal <= next) throw new Error('a read did not go on');
    next = read.nextOrdinal;
  }
  return records;
}
