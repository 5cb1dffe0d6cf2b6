import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sample, Track } from '../../../../../fragments/media/track.ts';
import type { FragmentLog } from '../../../../../fragments/stream/fragment-log.ts';
import {
  DEFAULT_STREAM_SETTINGS,
  type StreamSettings,
} from '../../../../../fragments/stream/stream-settings.ts';
import { DEFAULT_HLS_SETTINGS, type HlsSettings } from '../../../../../server/playback/hls/hls-settings.ts';
import { HlsStream } from '../../../../../server/playback/hls/hls-stream.ts';
import type { PlayableStreams } from '../../../../../server/playback/hls/hls-streams.ts';
import { ManagedStream } from '../../../../../server/streams/managed-stream.ts';
import { StreamLease } from '../../../../../server/streams/stream-lease.ts';
import { type Publication, StreamError } from '../../../../../server/streams/stream-service.ts';
import { AUDIO, NOW_MS, VIDEO } from '../../../fragments/stream/media.ts';
import { MemoryLog } from '../../../fragments/stream/memory-log.ts';

export interface StreamRigOptions {
  readonly name?: string;
  readonly settings?: Partial<StreamSettings>;
  readonly hls?: Partial<HlsSettings>;
}

/** A real stream with a real writer and live window, on a log in memory by default; time stands unless samples come. */
export class StreamRig<Log extends FragmentLog = MemoryLog> {
  readonly log: Log;
  readonly stream: ManagedStream;
  readonly hlsSettings: HlsSettings;
  nowMs = NOW_MS;
  #publication: Publication | undefined;
  /** What the clock shows at decode time 0 of the session. */
  #originMs: number | undefined;
  #tracks: readonly Track[] = [VIDEO, AUDIO];

  private constructor(log: Log, stream: ManagedStream, options: StreamRigOptions) {
    this.log = log;
    this.stream = stream;
    this.hlsSettings = { ...DEFAULT_HLS_SETTINGS, ...options.hls };
  }

  static open(options: StreamRigOptions = {}): Promise<StreamRig> {
    return StreamRig.on(new MemoryLog(), options);
  }

  static async on<Log extends FragmentLog>(
    log: Log,
    options: StreamRigOptions = {},
  ): Promise<StreamRig<Log>> {
    const name = options.name ?? 'cam';
    const catalog = { acquireLease: () => ({ fence: 1 }), releaseLease: () => {} };
    const stream = await ManagedStream.open({
      record: { name, createdMs: 0, retentionHours: null, maxBytes: null, version: 1 },
      log,
      lease: new StreamLease(name, { catalog, owner: 'test', ttlMs: 1e9 }),
      settings: { ...DEFAULT_STREAM_SETTINGS, ...options.settings },
      takeover: false,
      onFragment: () => {},
      onSessionEnd: () => {},
    });
    return new StreamRig(log, stream, options);
  }

  /** What playback finds of it by name. */
  get streams(): PlayableStreams {
    const { stream } = this;
    return {
      peek: (name) => (name === stream.record.name ? stream : undefined),
      open: async (name) => {
        if (name !== stream.record.name) throw new StreamError('not-found', `there is no stream ${name}`);
        return stream;
      },
    };
  }

  /** Follows the stream as playback does. */
  follow(): Promise<HlsStream> {
    return HlsStream.open(this.stream, this.hlsSettings, () => this.nowMs);
  }

  /** A producer comes, or declares other tracks. */
  publish(tracks: readonly Track[] = [VIDEO, AUDIO]): void {
    this.#tracks = tracks;
    this.#publication ??= this.stream.publish(
      {
        stream: this.stream.record.name,
        publisher: { protocol: 'rtmp', remoteAddress: '127.0.0.1', sinceMs: this.nowMs },
        onRevoked: () => {},
      },
      this.nowMs,
    );
    this.#publication.setTracks(tracks, this.nowMs);
  }

  /** Samples come, each when its decode time is there; the first of a session is there now. */
  write(samples: readonly Sample[]): void {
    if (this.#publication === undefined) this.publish(this.#tracks);
    this.#originMs ??= this.nowMs - this.#msOf(samples[0]);
    for (const sample of samples) {
      this.nowMs = Math.max(this.nowMs, this.#originMs + this.#msOf(sample));
      this.#publication?.write(sample, this.nowMs);
    }
  }

  /** The same, with turns of the event loop in between, in which the log does its work. */
  async writeSlowly(samples: readonly Sample[]): Promise<void> {
    for (let i = 0; i < samples.length; i += 100) {
      this.write(samples.slice(i, i + 100));
      await nextTurn();
    }
  }

  /** The producer leaves. */
  async end(): Promise<void> {
    const publication = this.#publication;
    this.#publication = undefined;
    this.#originMs = undefined;
    await publication?.end(this.nowMs);
  }

  #msOf(sample: Sample | undefined): number {
    if (sample === undefined) return 0;
    const timescale = this.#tracks.find(({ id }) => id === sample.trackId)?.timescale ?? 1000;
    return (sample.dtsTicks * 1000) / timescale;
  }
}
