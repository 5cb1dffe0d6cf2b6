import type { LogFraming } from '../../../fragments/log/log-writer.ts';
import type { BatchPlace, RecordBatch } from './record.ts';
import { fileNameOf } from './record-file.ts';
import { encodeRecords, recordBytes } from './record-frame.ts';
import { FILE_HEAD, RecordIndex } from './record-index.ts';

/** A batch on its way through the writer. `place` is set when it is written. */
export class PendingBatch {
  readonly batch: RecordBatch;
  readonly sizeBytes: number;
  place: BatchPlace | undefined;

  constructor(batch: RecordBatch) {
    this.batch = batch;
    this.sizeBytes = batch.records.reduce((sum, record) => sum + recordBytes(record), 0);
  }
}

/** When a shard begins a new file. */
export interface RecordFileLimits {
  readonly maxBytes: number;
  readonly maxMs: number;
}

interface StagedBatch {
  readonly pending: PendingBatch;
  readonly place: BatchPlace;
  readonly offsetBytes: number;
}

/** Puts batches into log files and gives records their ordinals, in the order in which they are written. */
export class RecordFraming implements LogFraming<PendingBatch> {
  readonly #limits: RecordFileLimits;
  readonly #onBegun: (name: string, index: RecordIndex, firstOrdinal: number, arrivalMs: number) => void;
  #index = new RecordIndex();
  #takenRows = 0;
  #fileBytes = 0;
  #nextOrdinal: number;
  #lastArrivalMs: number;
  #rollAtMs = Number.POSITIVE_INFINITY;
  #staged: StagedBatch[] = [];

  constructor(
    limits: RecordFileLimits,
    end: { readonly nextOrdinal: number; readonly lastArrivalMs: number },
    onBegun: (name: string, index: RecordIndex, firstOrdinal: number, arrivalMs: number) => void,
  ) {
    this.#limits = limits;
    this.#nextOrdinal = end.nextOrdinal;
    this.#lastArrivalMs = end.lastArrivalMs;
    this.#onBegun = onBegun;
  }

  /** Server time from which on the open file takes no more. */
  get rollAtMs(): number {
    return this.#rollAtMs;
  }

  /** Written bytes of the file that was begun last; stays when it is sealed. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  fits({ batch, sizeBytes }: PendingBatch, fileBytes: number): boolean {
    return batch.nowMs < this.#rollAtMs && fileBytes + sizeBytes <= this.#limits.maxBytes;
  }

  begin({ batch }: PendingBatch): { name: string; head: readonly Uint8Array[] } {
    const { firstOrdinal, arrivalMs } = this.#placeOf(batch);
    const name = fileNameOf(firstOrdinal, arrivalMs);
    this.#index = new RecordIndex();
    this.#takenRows = 0;
    this.#fileBytes = FILE_HEAD.length;
    this.#rollAtMs = arrivalMs + this.#limits.maxMs;
    this.#onBegun(name, this.#index, firstOrdinal, arrivalMs);
    return { name, head: [FILE_HEAD] };
  }

  frame(pending: PendingBatch, offsetBytes: number): readonly Uint8Array[] {
    const place = this.#placeOf(pending.batch);
    this.#staged.push({ pending, place, offsetBytes });
    const { records } = pending.batch;
    return [encodeRecords(records, place.firstOrdinal, place.arrivalMs, pending.sizeBytes)];
  }

  commit(): void {
    for (const { pending, place, offsetBytes } of this.#staged) {
      pending.place = place;
      this.#nextOrdinal = place.firstOrdinal + pending.batch.records.length;
      this.#lastArrivalMs = place.arrivalMs;
      this.#fileBytes = offsetBytes + pending.sizeBytes;
      this.#addRows(pending.batch, place, offsetBytes);
    }
    this.#staged = [];
  }

  rollback(): void {
    this.#staged = [];
  }

  takeIndexBytes(): Uint8Array {
    const bytes = this.#index.encode(this.#takenRows);
    this.#takenRows = this.#index.count;
    return bytes;
  }

  seal(sizeBytes: number): Uint8Array | undefined {
    this.#rollAtMs = Number.POSITIVE_INFINITY;
    this.#fileBytes = sizeBytes;
    return sizeBytes > FILE_HEAD.length ? this.#index.encode() : undefined;
  }

  #placeOf({ nowMs }: RecordBatch): BatchPlace {
    const last = this.#staged.at(-1);
    return {
      firstOrdinal:
        last === undefined ? this.#nextOrdinal : last.place.firstOrdinal + last.pending.batch.records.length,
      arrivalMs: Math.max(last?.place.arrivalMs ?? this.#lastArrivalMs, Math.floor(nowMs)),
    };
  }

  #addRows({ records }: RecordBatch, { firstOrdinal, arrivalMs }: BatchPlace, startBytes: number): void {
    let offsetBytes = startBytes;
    for (const [index, record] of records.entries()) {
      this.#index.add({ ordinal: firstOrdinal + index, arrivalMs, offsetBytes });
      offsetBytes += recordBytes(record);
    }
  }
}
