import type { DiskFragmentLog } from '../../../../../fragments/stream/disk-fragment-log.ts';
import type { FragmentInfo } from '../../../../../fragments/stream/fragment.ts';
import type { ChunkToAppend, InitSegment } from '../../../../../fragments/stream/fragment-log.ts';
import { formatFragmentNumber } from '../../../../../fragments/stream/fragment-number.ts';
import { initSegmentOf } from '../../../../../fragments/stream/init-id.ts';
import type { LogEvent, LogStoreOptions } from '../../../../../fragments/stream/log-options.ts';
import { LogStore } from '../../../../../fragments/stream/log-store.ts';
import { ManualClock } from '../../log/support/manual-clock.ts';
import { MemoryStore } from '../../log/support/memory-store.ts';

export const TIMESCALE = 90_000;

/** A box of any content; real enough for everything that looks at boxes from outside. */
export function box(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** An init segment; another `variant`, another id. */
export function makeInit(variant = 0): InitSegment {
  return initSegmentOf(
    Buffer.concat([box('ftyp', Buffer.from('iso6')), box('moov', Buffer.of(variant, 1, 2, 3))]),
  );
}

/** `prft moof mdat` whose content tells its fragment and chunk. */
export function makeMedia(ordinal: number, chunkIndex: number, sizeBytes: number): Buffer[] {
  const payload = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at++) payload[at] = (ordinal * 31 + chunkIndex * 7 + at * 13) & 255;
  return [box('prft', Buffer.alloc(24, 1)), box('moof', Buffer.alloc(40, 2)), box('mdat', payload)];
}

/** Makes the chunks of a stream, one fragment after the other. */
export class ChunkMaker {
  nextOrdinal = 0;
  sequence = 1000;
  run = 0;
  startTicks = 0;
  serverMs: number;
  /** Producer's clock less the server's. */
  producerOffsetMs = -40;
  durationMs = 2000;
  payloadBytes = 200;
  init = makeInit();

  constructor(startMs = 1_700_000_000_000) {
    this.serverMs = startMs;
  }

  startRun(): void {
    this.run++;
  }

  /** The chunks of the next fragment. */
  fragment(chunks = 1, changes: Partial<FragmentInfo> = {}): ChunkToAppend[] {
    const ordinal = this.nextOrdinal++;
    const { serverMs, init } = this;
    const made: ChunkToAppend[] = [];
    const chunkTicks = (this.durationMs * TIMESCALE) / 1000 / chunks;
    const number = formatFragmentNumber({
      sequence: ++this.sequence,
      serverMs,
      random28: (ordinal * 7919) & 0xfff,
    });
    let sizeBytes = 0;
    for (let chunkIndex = 0; chunkIndex < chunks; chunkIndex++) {
      const buffers = makeMedia(ordinal, chunkIndex, this.payloadBytes);
      for (const buffer of buffers) sizeBytes += buffer.length;
      made.push({
        fragment: {
          number,
          ordinal,
          run: this.run,
          startsRun: ordinal === 0,
          gapBefore: false,
          independent: true,
          serverMs,
          producerMs: serverMs + this.producerOffsetMs,
          initId: init.id,
          timescale: TIMESCALE,
          startTicks: this.startTicks,
          durationTicks: chunkTicks * (chunkIndex + 1),
          sizeBytes,
          ...changes,
        },
        init,
        chunkDurationTicks: chunkTicks,
        chunkIndex,
        isLast: chunkIndex === chunks - 1,
        tags: chunkIndex === 0 && ordinal % 2 === 0 ? [{ name: 'who', value: `Kamera ${ordinal} ü` }] : [],
        buffers,
      });
    }
    this.startTicks += chunkTicks * chunks;
    this.serverMs += this.durationMs;
    return made;
  }
}

/** A store of logs on a disk in memory and a clock by hand. */
export class LogRig {
  readonly clock: ManualClock;
  readonly disk: MemoryStore;
  readonly events: LogEvent[] = [];
  readonly store: LogStore;

  constructor(options: Partial<LogStoreOptions> & { disk?: MemoryStore } = {}) {
    const { disk = new MemoryStore(), ...rest } = options;
    this.disk = disk;
    this.clock = new ManualClock();
    this.store = new LogStore({
      directory: '',
      store: this.disk,
      clock: this.clock,
      syncPolicy: 'fragment',
      onEvent: (event) => this.events.push(event),
      ...rest,
    });
  }

  open(stream = 'cam'): Promise<DiskFragmentLog> {
    return this.store.open(stream);
  }

  /** Appends all chunks of `count` fragments and waits until they are durable. */
  async write(log: DiskFragmentLog, maker: ChunkMaker, count: number, chunks = 1): Promise<void> {
    const appended: Promise<void>[] = [];
    for (let fragment = 0; fragment < count; fragment++) {
      for (const chunk of maker.fragment(chunks)) appended.push(log.append(chunk));
    }
    await Promise.all(appended);
  }
}

/** All fragments of a log, as it lists them. */
export function listAll(log: DiskFragmentLog): Promise<FragmentInfo[]> {
  return log.list(0, Number.MAX_SAFE_INTEGER);
}

/** The media segment of a fragment. */
export async function readSegment(log: DiskFragmentLog, ordinal: number): Promise<Buffer> {
  const bytes = await log.open(ordinal);
  try {
    const target = Buffer.alloc(bytes.sizeBytes);
    await bytes.read(target, 0, target.length);
    return target;
  } finally {
    bytes.close();
  }
}
