import type { OpenStream, StreamService } from '../../streams/stream-service.ts';
import { ArchivePlaylist, type PlaylistRange } from './archive-playlist.ts';
import type { HlsSettings } from './hls-settings.ts';
import { HlsStream } from './hls-stream.ts';

/** Archive and DVR playlists kept at once. */
const MAX_ARCHIVES = 256;

interface KeptArchive {
  readonly hls: HlsStream;
  readonly playlist: ArchivePlaylist;
  lastUsedMs: number;
}

/** What playback needs of the StreamService. */
export type PlayableStreams = Pick<StreamService, 'open' | 'peek'>;

/** What is held of streams and of ranges while they have viewers; bounded, and let go when nobody comes any more. */
export class HlsStreams {
  readonly #service: PlayableStreams;
  readonly #settings: HlsSettings;
  readonly #now: () => number;
  readonly #streams = new Map<string, HlsStream>();
  readonly #opening = new Map<string, Promise<HlsStream>>();
  /** In order of last use. */
  readonly #archives = new Map<string, KeptArchive>();
  readonly #sweeper: NodeJS.Timeout;
  #isClosed = false;

  constructor(service: PlayableStreams, settings: HlsSettings, now: () => number) {
    this.#service = service;
    this.#settings = settings;
    this.#now = now;
    this.#sweeper = setInterval(() => this.sweep(), Math.max(1000, settings.idleMs / 4)).unref();
  }

  /** Requests waiting now, over all streams. */
  get waiting(): number {
    let sum = 0;
    for (const hls of this.#streams.values()) sum += hls.waiting.size;
    return sum;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws StreamError, LogReadError */
  get(name: string): HlsStream | Promise<HlsStream> {
    const known = this.#streams.get(name);
    if (known !== undefined && this.#service.peek(name) === known.stream) {
      known.lastUsedMs = this.#now();
      return known;
    }
    if (known !== undefined) this.#forget(name, known);
    let opening = this.#opening.get(name);
    if (opening === undefined) {
      opening = this.#open(name).finally(() => this.#opening.delete(name));
      this.#opening.set(name, opening);
    }
    return opening;
  }

  /** The playlist of a range, kept from one request to the next. */
  archive(hls: HlsStream, range: PlaylistRange): ArchivePlaylist {
    const { name } = hls.stream.record;
    const key = [name, range.kind, range.startMs, range.endMs ?? '', range.suffix].join('\n');
    const known = this.#archives.get(key);
    this.#archives.delete(key);
    const playlist =
      known?.hls === hls ? known.playlist : new ArchivePlaylist(hls, range, this.#settings.maxSegments);
    this.#archives.set(key, { hls, playlist, lastUsedMs: this.#now() });
    this.#boundArchives();
    return playlist;
  }

  /** Lets go what nobody asked for in a while. */
  sweep(): void {
    const beforeMs = this.#now() - this.#settings.idleMs;
    for (const [key, kept] of this.#archives) {
      if (kept.lastUsedMs < beforeMs) this.#archives.delete(key);
    }
    for (const [name, hls] of this.#streams) {
      if (hls.lastUsedMs < beforeMs && hls.waiting.size === 0) this.#forget(name, hls);
    }
  }

  /** Releases all waiting requests; nothing can be opened any more. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#sweeper);
    for (const [name, hls] of this.#streams) this.#forget(name, hls);
  }

  async #open(name: string): Promise<HlsStream> {
    const stream: OpenStream = this.#service.peek(name) ?? (await this.#service.open(name));
    const hls = await HlsStream.open(stream, this.#settings, this.#now);
    if (this.#isClosed) hls.close();
    else this.#streams.set(name, hls);
    return hls;
  }

  #forget(name: string, hls: HlsStream): void {
    this.#streams.delete(name);
    hls.close();
    for (const [key, kept] of this.#archives) {
      if (kept.hls === hls) this.#archives.delete(key);
    }
  }

  #boundArchives(): void {
    let bytes = 0;
    for (const { playlist } of this.#archives.values()) bytes += playlist.sizeBytes;
    for (const [key, { playlist }] of this.#archives) {
      if (this.#archives.size <= MAX_ARCHIVES && bytes <= this.#settings.maxRangeBytes) break;
      // The newest stays whatever its size: it is about to be sent.
      if (this.#archives.size === 1) break;
      this.#archives.delete(key);
      bytes -= playlist.sizeBytes;
    }
  }
}
