/** Records of data streams as their logs keep them. */

/** What a producer puts. The bytes are shared by reference; nobody writes to them after the record was put. */
export interface RecordToAppend {
  /** 1 to 256 characters. */
  readonly partitionKey: string;
  /** Decimal digits, at most 39; absent when the producer gave none. */
  readonly explicitHashKey?: string;
  readonly data: Uint8Array;
}

/** A record that is durable. Views of a buffer that holds its neighbours too. */
export interface StoredRecord extends RecordToAppend {
  /** Counts the shard's records from 0, growing; holes where a write failed. */
  readonly ordinal: number;
  /** When it was accepted, epoch ms, never falling within a shard. */
  readonly arrivalMs: number;
}

/** Records put together: written together, durable together, in this order. */
export interface RecordBatch {
  readonly records: readonly RecordToAppend[];
  readonly nowMs: number;
}

/** Where the records of a batch have got to. */
export interface BatchPlace {
  /** Of the first; the others follow one by one. */
  readonly firstOrdinal: number;
  readonly arrivalMs: number;
}
