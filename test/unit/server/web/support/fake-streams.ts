import type { Track } from '../../../../../fragments/media/track.ts';
import type { FragmentInfo } from '../../../../../fragments/stream/fragment.ts';
import type {
  FragmentLog,
  FragmentSelector,
  LogReadError,
  RecordedRange,
} from '../../../../../fragments/stream/fragment-log.ts';
import { formatFragmentNumber } from '../../../../../fragments/stream/fragment-number.ts';
import type { LiveWindowReader } from '../../../../../fragments/stream/live-window.ts';
import type { StreamRecord } from '../../../../../server/catalog/catalog.ts';
import {
  type FragmentEvent,
  type LiveState,
  type NewStream,
  type OpenStream,
  type StreamChange,
  StreamError,
  type StreamService,
} from '../../../../../server/streams/stream-service.ts';

/** 2026-03-01T12:00:00Z: when the fakes' fragments begin. */
export const START_MS = 1_772_366_400_000;

export const VIDEO: Track = {
  id: 1,
  kind: 'video',
  codec: 'h264',
  timescale: 90_000,
  config: new Uint8Array(),
  codecString: 'avc1.64001f',
  width: 1280,
  height: 720,
};

/** Two seconds of media, two seconds after the one before unless told otherwise. */
export function fakeFragment(ordinal: number, change: Partial<FragmentInfo> = {}): FragmentInfo {
  const producerMs = START_MS + ordinal * 2000;
  return {
    number: formatFragmentNumber({ sequence: ordinal + 1, serverMs: producerMs + 50, random28: 7 }),
    ordinal,
    run: 0,
    startsRun: ordinal === 0,
    gapBefore: false,
    independent: true,
    serverMs: producerMs + 50,
    producerMs,
    initId: '0123456789abcdef',
    timescale: 90_000,
    startTicks: ordinal * 180_000,
    durationTicks: 180_000,
    sizeBytes: 500_000,
    ...change,
  };
}

export class FakeStream implements OpenStream {
  record: StreamRecord;
  readonly fragments: FragmentInfo[];
  readonly log: FragmentLog;
  readonly window: LiveWindowReader;
  isLive = true;
  pendingBytes = 0;
  /** Called before each page of the log is read. */
  beforeList = (): void => {};
  listError: LogReadError | undefined;
  readonly #listeners = new Set<(event: FragmentEvent) => void>();

  constructor(record: StreamRecord, fragments: FragmentInfo[]) {
    this.record = record;
    this.fragments = fragments;
    this.log = this.#makeLog();
    this.window = this.#makeWindow();
  }

  get followers(): number {
    return this.#listeners.size;
  }

  live(nowMs: number): LiveState {
    return {
      publisher: this.isLive
        ? { protocol: 'rtmp', remoteAddress: '192.0.2.7', sinceMs: nowMs - 60_000 }
        : undefined,
      tracks: this.isLive ? [VIDEO] : [],
      bitrateBps: 2_000_000.4,
      videoFps: 29.9701,
      viewers: 3,
      lastFragmentMs: this.fragments.at(-1)?.serverMs,
      lastError: undefined,
    };
  }

  onFragment(listener: (event: FragmentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  countViewer(): void {}

  tell(type: FragmentEvent['type'], info: FragmentInfo, reason?: string): void {
    const { number, ordinal, producerMs, serverMs, sizeBytes } = info;
    const event = {
      type,
      stream: this.record.name,
      number,
      ordinal,
      producerMs,
      serverMs,
      durationMs: 2000,
      sizeBytes,
    };
    for (const listener of [...this.#listeners])
      listener(reason === undefined ? event : { ...event, reason });
  }

  /** The log has it, and its followers are told. */
  persist(info: FragmentInfo): void {
    this.fragments.push(info);
    this.tell('persisted', info);
  }

  #makeLog(): FragmentLog {
    const stream = this;
    const { fragments } = this;
    const list = async (from: number, limit: number) => {
      this.beforeList();
      if (this.listError !== undefined) throw this.listError;
      return fragments.filter(({ ordinal }) => ordinal >= from).slice(0, limit);
    };
    const unused = () => {
      throw new Error('the web app does not use this');
    };
    return {
      get firstOrdinal() {
        return fragments[0]?.ordinal ?? 0;
      },
      get end() {
        return { nextOrdinal: (fragments.at(-1)?.ordinal ?? -1) + 1, nextRun: 1, lastSequence: 1 };
      },
      get pendingBytes() {
        return stream.pendingBytes;
      },
      get sizeBytes() {
        return fragments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      },
      append: unused,
      find: async (selector) => fragments.find((info) => isFound(info, selector)),
      list,
      startingIn: unused,
      ranges: async (clock, fromMs, toMs) => rangesOf(fragments, clock, fromMs, toMs),
      open: unused,
      tags: unused,
      init: unused,
      deleteBefore: unused,
      deleteOldest: unused,
      close: unused,
    };
  }

  #makeWindow(): LiveWindowReader {
    const stream = this;
    return {
      fragments: [],
      current: undefined,
      get nextOrdinal() {
        return stream.log.end.nextOrdinal;
      },
      version: 1,
      partTargetMs: 500,
      effectivePartTargetMs: 500,
      get isLive() {
        return stream.isLive;
      },
      byOrdinal: () => undefined,
      listen: () => () => {},
    };
  }
}

function isFound(info: FragmentInfo, selector: FragmentSelector): boolean {
  if (selector.by === 'ordinal') return info.ordinal === selector.ordinal;
  if (selector.by === 'number') return info.number === selector.number;
  return info[selector.by] + 2000 > selector.atMs;
}

function rangesOf(
  fragments: readonly FragmentInfo[],
  clock: 'server' | 'producer',
  fromMs: number,
  toMs: number,
): RecordedRange[] {
  const ranges: RecordedRange[] = [];
  for (const info of fragments) {
    const startMs = clock === 'server' ? info.serverMs : info.producerMs;
    if (startMs + 2000 <= fromMs || startMs >= toMs) continue;
    const last = ranges.at(-1);
    const one = { startMs, endMs: startMs + 2000, run: info.run, sizeBytes: info.sizeBytes, fragments: 1 };
    if (last === undefined || last.run !== info.run || last.endMs < startMs) ranges.push(one);
    else {
      ranges[ranges.length - 1] = {
        ...last,
        endMs: one.endMs,
        sizeBytes: last.sizeBytes + one.sizeBytes,
        fragments: last.fragments + 1,
      };
    }
  }
  return ranges;
}

/** A stream service over a map. `opened`: what `peek` knows. */
export class FakeStreams implements StreamService {
  readonly streams = new Map<string, FakeStream>();
  readonly opened = new Set<string>();

  add(name: string, fragments: FragmentInfo[] = []): FakeStream {
    const record = { name, createdMs: START_MS, retentionHours: 24, maxBytes: null, version: 1 };
    const stream = new FakeStream(record, fragments);
    this.streams.set(name, stream);
    return stream;
  }

  list(options: { after?: string; limit?: number; prefix?: string } = {}): StreamRecord[] {
    return [...this.streams.values()]
      .map(({ record }) => record)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .filter(({ name }) => name > (options.after ?? '') && name.startsWith(options.prefix ?? ''))
      .slice(0, options.limit);
  }

  record(name: string): StreamRecord | undefined {
    return this.streams.get(name)?.record;
  }

  create(name: string, settings: NewStream = {}): StreamRecord {
    if (!/^[A-Za-z0-9_.-]+$/.test(name))
      throw new StreamError('invalid-name', `${name} is not a stream name`);
    if (this.streams.has(name)) throw new StreamError('already-exists', `${name} exists already`);
    const stream = this.add(name);
    stream.record = { ...stream.record, ...settings };
    return stream.record;
  }

  update(name: string, settings: StreamChange): StreamRecord {
    const stream = this.#known(name);
    stream.record = { ...stream.record, ...settings, version: stream.record.version + 1 };
    return stream.record;
  }

  async delete(name: string): Promise<void> {
    this.#known(name);
    this.streams.delete(name);
  }

  async open(name: string): Promise<FakeStream> {
    const stream = this.#known(name);
    this.opened.add(name);
    return stream;
  }

  peek(name: string): FakeStream | undefined {
    return this.opened.has(name) ? this.streams.get(name) : undefined;
  }

  publish(): never {
    throw new Error('the web app does not publish');
  }

  async close(): Promise<void> {}

  #known(name: string): FakeStream {
    const stream = this.streams.get(name);
    if (stream === undefined) throw new StreamError('not-found', `There is no stream ${name}`);
    return stream;
  }
}
