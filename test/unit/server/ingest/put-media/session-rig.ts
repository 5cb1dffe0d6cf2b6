import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { readInitSegment } from '../../../../../fragments/cmaf/init-segment.ts';
import { samplesOf } from '../../../../../fragments/cmaf/read-chunk.ts';
import type { Sample } from '../../../../../fragments/media/track.ts';
import { DEFAULT_STREAM_SETTINGS } from '../../../../../fragments/stream/stream-settings.ts';
import { SqliteCatalog } from '../../../../../server/catalog/sqlite-catalog.ts';
import { PutMediaCounters } from '../../../../../server/ingest/put-media/put-media-counters.ts';
import { PutMediaSession } from '../../../../../server/ingest/put-media/put-media-session.ts';
import {
  DEFAULT_PUT_MEDIA_SETTINGS,
  type PutMediaSettings,
} from '../../../../../server/ingest/put-media/put-media-settings.ts';
import type { ProducerFragments } from '../../../../../server/streams/producer-fragments.ts';
import { StreamRegistry, type StreamRegistryOptions } from '../../../../../server/streams/stream-registry.ts';
import type { OpenStream } from '../../../../../server/streams/stream-service.ts';
import { MemoryLog } from '../../../fragments/stream/memory-log.ts';

export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
export const STREAM = 'cam';

export interface Ack {
  readonly EventType: string;
  readonly FragmentTimecode?: number;
  readonly FragmentNumber?: string;
  readonly ErrorCode?: string;
  readonly ErrorId?: number;
}

/** One session and what it said. */
export interface RigSession {
  readonly session: PutMediaSession;
  readonly fragments: ProducerFragments;
  readonly acks: readonly Ack[];
  /** `BUFFERING 0`, `ERROR 4004 2000`...: types, error ids and timecodes. */
  said(): string[];
}

/** A stream on a log in memory, and sessions that write it. */
export class SessionRig {
  readonly log = new MemoryLog();
  readonly counters = new PutMediaCounters();
  readonly streams: StreamRegistry;
  readonly settings: PutMediaSettings;
  nowMs = NOW_MS;
  readonly #folder = mkdtempSync(join(tmpdir(), 'framelog-put-media-'));
  readonly #catalog = SqliteCatalog.open(join(this.#folder, 'catalog.db'));

  constructor(settings: Partial<PutMediaSettings> = {}, options: Partial<StreamRegistryOptions> = {}) {
    this.settings = { ...DEFAULT_PUT_MEDIA_SETTINGS, ...settings };
    this.streams = new StreamRegistry({
      catalog: this.#catalog,
      logs: { open: async () => this.log, delete: async () => {} },
      settings: DEFAULT_STREAM_SETTINGS,
      owner: 'here',
      leaseTtlMs: 60_000,
      autoCreate: true,
      takeover: false,
      maxStreams: 10,
      retention: { retentionHours: 24, maxBytes: null },
      now: () => this.nowMs,
      ...options,
    });
  }

  async session(baseMs = 0): Promise<RigSession> {
    const acks: Ack[] = [];
    let session: PutMediaSession | undefined;
    const fragments = await this.streams.publishFragments(
      {
        stream: STREAM,
        publisher: { protocol: 'put-media', remoteAddress: '192.0.2.1', sinceMs: this.nowMs },
        onRevoked: (reason) => session?.revoke(reason, this.nowMs),
        onTurn: () => session?.turn(this.nowMs),
      },
      this.nowMs,
    );
    session = new PutMediaSession({
      fragments,
      baseMs,
      settings: this.settings,
      counters: this.counters.of(STREAM),
      send: (line) => {
        if (!/^\{.*\}\n$/.test(line)) throw new Error(`not a line: ${line}`);
        acks.push(JSON.parse(line) as Ack);
      },
      nowMs: this.nowMs,
    });
    const { onFragment } = fragments.stream;
    onFragment.call(fragments.stream, (event) => session?.follow(event, this.nowMs));
    return { session, fragments, acks, said: () => acks.map(shortOf) };
  }

  get stream(): OpenStream {
    const stream = this.streams.peek(STREAM);
    if (stream === undefined) throw new Error('nobody has opened the stream');
    return stream;
  }

  /** Lets the log's answers arrive. */
  async settle(): Promise<void> {
    await setImmediate();
  }

  /** The samples of a stored fragment. */
  samplesOf(ordinal: number): Sample[] {
    const init = this.log.chunks.find(({ fragment }) => fragment.ordinal === ordinal)?.init;
    return init === undefined ? [] : samplesOf(this.log.bytesOf(ordinal), readInitSegment(init.bytes));
  }

  async close(): Promise<void> {
    await this.streams.close(this.nowMs);
    this.#catalog.close();
    rmSync(this.#folder, { recursive: true });
  }
}

function shortOf({ EventType, FragmentTimecode, ErrorId }: Ack): string {
  return [EventType, ErrorId, FragmentTimecode].filter((part) => part !== undefined).join(' ');
}
