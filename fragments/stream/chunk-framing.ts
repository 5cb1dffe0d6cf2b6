import { crc32cOf } from '../log/crc32c.ts';
import { LogWriteError } from '../log/log-error.ts';
import type { LogFraming } from '../log/log-writer.ts';
import { FragmentAssembler } from './fragment-assembler.ts';
import { encodeFragmentBox, FragmentBoxError, fragmentBoxBytes } from './fragment-box.ts';
import { FragmentIndex, ROW_BYTES, type StoredFragment } from './fragment-index.ts';
import type { ChunkToAppend } from './fragment-log.ts';

/** When a stream begins a new file. */
export interface FileLimits {
  readonly maxBytes: number;
  readonly maxMs: number;
  /** Files end at times that are this much past a multiple of `maxMs`, so that streams do not roll all at once. */
  readonly phaseMs: number;
}

/** Puts chunks into log files: the fragment box in front of each, the index row behind each fragment. */
export class ChunkFraming implements LogFraming<ChunkToAppend> {
  readonly #limits: FileLimits;
  readonly #onGrown: (index: FragmentIndex, firstNewRow: number) => void;
  #index: FragmentIndex | undefined;
  #assembler: FragmentAssembler;
  #staged: { assembler: FragmentAssembler; finished: StoredFragment[] } | undefined;
  #rollAtMs = Number.POSITIVE_INFINITY;
  /** Bytes of the index that were handed out. */
  #takenBytes = 0;

  /** `lastOrdinal`: of the last stored fragment, -1 when there is none. `onGrown`: fragments became findable. */
  constructor(
    limits: FileLimits,
    lastOrdinal: number,
    onGrown: (index: FragmentIndex, firstNewRow: number) => void,
  ) {
    this.#limits = limits;
    this.#onGrown = onGrown;
    this.#assembler = new FragmentAssembler(lastOrdinal);
  }

  /** The fragments of the open file, or of the one that was sealed last. */
  get index(): FragmentIndex | undefined {
    return this.#index;
  }

  /** Server time from which on the open file takes no more. */
  get rollAtMs(): number {
    return this.#rollAtMs;
  }

  fits(chunk: ChunkToAppend, sizeBytes: number): boolean {
    // A fragment never spans files: only a first chunk begins one.
    if (chunk.chunkIndex > 0) return true;
    return (
      chunk.init.id === this.#index?.initId &&
      chunk.fragment.serverMs < this.#rollAtMs &&
      sizeBytes + chunkBytesOf(chunk) <= this.#limits.maxBytes
    );
  }

  begin(chunk: ChunkToAppend): { name: string; head: readonly Uint8Array[] } {
    if (chunk.chunkIndex > 0) throw doesNotFollow(chunk);
    const { serverMs } = chunk.fragment;
    const { maxMs, phaseMs } = this.#limits;
    this.#index = new FragmentIndex(chunk.init.bytes.length, chunk.init.id);
    this.#takenBytes = 0;
    this.#rollAtMs = (Math.floor((serverMs - phaseMs) / maxMs) + 1) * maxMs + phaseMs;
    return { name: chunk.fragment.number, head: [chunk.init.bytes] };
  }

  frame(chunk: ChunkToAppend, offsetBytes: number): readonly Uint8Array[] {
    this.#staged ??= { assembler: this.#assembler.clone(), finished: [] };
    const { assembler, finished } = this.#staged;
    const { chunkIndex, fragment, isLast, tags, chunkDurationTicks } = chunk;
    if (
      !assembler.accepts({ ordinal: fragment.ordinal, chunkIndex }, offsetBytes) ||
      fragment.initId !== this.#index?.initId
    ) {
      throw doesNotFollow(chunk);
    }
    const boxBytes = fragmentBoxBytes(tags);
    const chunkBytes = chunkBytesOf(chunk);
    const sizeBytes = assembler.segmentBytes(chunkIndex, offsetBytes, boxBytes, chunkBytes);
    const box = {
      fragment: { ...fragment, sizeBytes },
      chunkIndex,
      isLast,
      chunkDurationTicks,
      tags,
      chunkBytes,
      chunkCrc: crc32cOf(chunk.buffers),
    };
    const encoded = encodeOrRefuse(box);
    finished.push(...assembler.take(box, offsetBytes, boxBytes));
    return [encoded, ...chunk.buffers];
  }

  commit(): void {
    if (this.#staged === undefined) return;
    this.#assembler = this.#staged.assembler;
    this.#add(this.#staged.finished);
    this.#staged = undefined;
  }

  #add(finished: readonly StoredFragment[]): void {
    if (this.#index === undefined || finished.length === 0) return;
    const firstNewRow = this.#index.count;
    for (const stored of finished) this.#index.add(stored);
    this.#onGrown(this.#index, firstNewRow);
  }

  rollback(): void {
    this.#staged = undefined;
  }

  takeIndexBytes(): Uint8Array {
    const bytes = this.#index?.bytes ?? Buffer.alloc(0);
    const rest = bytes.subarray(this.#takenBytes);
    this.#takenBytes = bytes.length;
    return rest;
  }

  seal(sizeBytes: number): Uint8Array | undefined {
    const index = this.#index;
    const unfinished = this.#assembler.finish();
    this.#rollAtMs = Number.POSITIVE_INFINITY;
    if (index === undefined) return undefined;
    if (unfinished !== undefined) this.#add([unfinished]);
    index.cut(sizeBytes);
    this.#takenBytes = Math.min(this.#takenBytes, ROW_BYTES * (1 + index.count));
    return index.count === 0 ? undefined : index.bytes;
  }
}

/** Bytes of a chunk without its box. */
export function chunkBytesOf(chunk: ChunkToAppend): number {
  let bytes = 0;
  for (const buffer of chunk.buffers) bytes += buffer.length;
  return bytes;
}

function encodeOrRefuse(box: Parameters<typeof encodeFragmentBox>[0]): Buffer {
  try {
    return encodeFragmentBox(box);
  } catch (cause) {
    if (!(cause instanceof FragmentBoxError)) throw cause;
    throw new LogWriteError('invalid', cause.message, { cause });
  }
}

function doesNotFollow(chunk: ChunkToAppend): LogWriteError {
  const { ordinal, number } = chunk.fragment;
  return new LogWriteError(
    'invalid',
    `chunk ${chunk.chunkIndex} of fragment ${ordinal} (${number}) does not follow what is stored`,
  );
}
