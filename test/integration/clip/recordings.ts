import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openMp4 } from '../../../fragments/cmaf/mp4-file.ts';
import type { Sample, Track } from '../../../fragments/media/track.ts';
import { LogStore } from '../../../fragments/stream/log-store.ts';
import { DEFAULT_STREAM_SETTINGS } from '../../../fragments/stream/stream-settings.ts';
import { SqliteCatalog } from '../../../server/catalog/sqlite-catalog.ts';
import { StreamRegistry } from '../../../server/streams/stream-registry.ts';
import type { FragmentEvent, OpenStream } from '../../../server/streams/stream-service.ts';

const DAY_MS = 86_400_000;

export interface Media {
  readonly tracks: readonly Track[];
  readonly samples: readonly Sample[];
}

/** All samples of an MP4 file. */
export async function mediaOf(path: string): Promise<Media> {
  const bytes = readFileSync(path);
  const file = await openMp4({
    sizeBytes: bytes.length,
    read: async (offsetBytes, lengthBytes) => bytes.subarray(offsetBytes, offsetBytes + lengthBytes),
  });
  const samples: Sample[] = [];
  for await (const sample of file.samples()) samples.push(sample);
  return { tracks: file.tracks, samples };
}

/** Streams on a real disk, into which media is recorded as if in real time; gone with its test. */
export class Recordings {
  readonly directory = mkdtempSync(join(tmpdir(), 'framelog-recordings-'));
  readonly streams: StreamRegistry;
  readonly events: FragmentEvent[] = [];
  nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  readonly #catalog = SqliteCatalog.open(join(this.directory, 'catalog.db'));
  readonly #logs = new LogStore({
    directory: this.directory,
    syncPolicy: 'fragment',
    fileMaxMs: 3650 * DAY_MS,
  });

  constructor(t: Pick<TestContext, 'after'>) {
    this.streams = new StreamRegistry({
      catalog: this.#catalog,
      logs: this.#logs,
      settings: DEFAULT_STREAM_SETTINGS,
      owner: 'test',
      leaseTtlMs: 60_000,
      autoCreate: true,
      takeover: false,
      maxStreams: 100,
      retention: { retentionHours: null, maxBytes: null },
      now: () => this.nowMs,
      onFragment: (event) => this.events.push(event),
    });
    t.after(async () => {
      await this.streams.close(this.nowMs);
      await this.#logs.close();
      this.#catalog.close();
      rmSync(this.directory, { recursive: true });
    });
  }

  /** Publishes media; time goes on with it, and stands at its end. */
  async record(stream: string, { tracks, samples }: Media): Promise<OpenStream> {
    const startMs = this.nowMs;
    const publisher = { protocol: 'rtmp', remoteAddress: '127.0.0.1', sinceMs: startMs } as const;
    const publication = await this.streams.publish({ stream, publisher, onRevoked: () => {} }, startMs);
    publication.setTracks(tracks, startMs);
    const timescales = new Map(tracks.map(({ id, timescale }) => [id, timescale]));
    const startTicks = new Map<number, number>();
    for (const sample of samples) {
      if (!startTicks.has(sample.trackId)) startTicks.set(sample.trackId, sample.dtsTicks);
      const ticks = sample.dtsTicks - (startTicks.get(sample.trackId) ?? 0);
      this.nowMs = Math.max(this.nowMs, startMs + (ticks * 1000) / (timescales.get(sample.trackId) ?? 1));
      publication.write(sample, this.nowMs);
    }
    await publication.end(this.nowMs);
    return publication.stream;
  }
}
