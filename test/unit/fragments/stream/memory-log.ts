import type { FragmentInfo, FragmentTag } from '../../../../fragments/stream/fragment.ts';
import {
  type ChunkToAppend,
  type FragmentBytes,
  type FragmentLog,
  type FragmentSelector,
  type InitSegment,
  type LogEnd,
  LogReadError,
  LogWriteError,
  type LogWriteErrorCode,
  type RecordedRange,
} from '../../../../fragments/stream/fragment-log.ts';

interface Pending {
  readonly chunk: ChunkToAppend;
  readonly settled: PromiseWithResolvers<void>;
}

/** A log in memory that can be stalled and made to fail. Fragments are found when their last chunk is durable. */
export class MemoryLog implements FragmentLog {
  readonly chunks: ChunkToAppend[] = [];
  /** Appends wait for `flush` while true. */
  isStalled = false;
  /** Decides about each append: an error code loses it. */
  failure: (chunk: ChunkToAppend) => LogWriteErrorCode | undefined = () => undefined;
  end: LogEnd = { nextOrdinal: 0, nextRun: 0, lastSequence: 0 };
  readonly sizeBytes = 0;
  opens = 0;
  closed = false;
  #pending: Pending[] = [];

  get firstOrdinal(): number {
    return this.fragments[0]?.ordinal ?? this.end.nextOrdinal;
  }

  get pendingBytes(): number {
    return this.#pending.reduce((sum, { chunk }) => sum + sizeOf(chunk.buffers), 0);
  }

  /** Complete durable fragments. */
  get fragments(): FragmentInfo[] {
    return this.chunks.filter(({ isLast }) => isLast).map(({ fragment }) => fragment);
  }

  append(chunk: ChunkToAppend): Promise<void> {
    const settled = Promise.withResolvers<void>();
    this.#pending.push({ chunk, settled });
    if (!this.isStalled) this.flush();
    return settled.promise;
  }

  /** Decides about all appends that wait. */
  flush(): void {
    for (const { chunk, settled } of this.#pending.splice(0)) {
      const code = this.failure(chunk);
      if (code !== undefined) {
        settled.reject(new LogWriteError(code, 'as the test wants it'));
        continue;
      }
      this.chunks.push(chunk);
      settled.resolve();
    }
  }

  /** Media bytes of a durable fragment. */
  bytesOf(ordinal: number): Buffer {
    return Buffer.concat(
      this.chunks
        .filter(({ fragment }) => fragment.ordinal === ordinal)
        .flatMap(({ buffers }) => buffers as Uint8Array[]),
    );
  }

  async find(selector: FragmentSelector): Promise<FragmentInfo | undefined> {
    return this.fragments.find((info) => {
      if (selector.by === 'ordinal') return info.ordinal >= selector.ordinal;
      if (selector.by === 'number') return info.number === selector.number;
      const startMs = selector.by === 'serverMs' ? info.serverMs : info.producerMs;
      return startMs + (info.durationTicks * 1000) / info.timescale > selector.atMs;
    });
  }

  async list(fromOrdinal: number, limit: number): Promise<FragmentInfo[]> {
    return this.fragments.filter(({ ordinal }) => ordinal >= fromOrdinal).slice(0, limit);
  }

  async startingIn(
    clock: 'server' | 'producer',
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
    fromOrdinal: number,
    limit: number,
  ): Promise<FragmentInfo[]> {
    const startOf = (info: FragmentInfo) => (clock === 'server' ? info.serverMs : info.producerMs);
    return this.fragments
      .filter((info) => info.ordinal >= fromOrdinal && startOf(info) >= fromMs && startOf(info) <= toMs)
      .slice(0, limit);
  }

  async ranges(): Promise<RecordedRange[]> {
    return [];
  }

  async open(ordinal: number): Promise<FragmentBytes> {
    const info = this.fragments.find((each) => each.ordinal === ordinal);
    if (info === undefined) throw new LogReadError('not-found', `no fragment ${ordinal}`);
    this.opens++;
    const bytes = this.bytesOf(ordinal);
    return {
      info,
      sizeBytes: bytes.length,
      read: async (target, offsetBytes, lengthBytes) => {
        target.set(bytes.subarray(offsetBytes, offsetBytes + lengthBytes));
      },
      close: () => {},
    };
  }

  async tags(ordinal: number): Promise<readonly FragmentTag[]> {
    return this.chunks.filter(({ fragment }) => fragment.ordinal === ordinal).flatMap(({ tags }) => tags);
  }

  async init(initId: string): Promise<InitSegment | undefined> {
    return this.chunks.find(({ init }) => init.id === initId)?.init;
  }

  async deleteBefore(): Promise<number> {
    return 0;
  }

  async deleteOldest(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function sizeOf(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}
