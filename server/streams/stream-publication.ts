import type { Sample, Track } from '../../fragments/media/track.ts';
import type { StreamWriter, WriterCounters } from '../../fragments/stream/stream-writer.ts';
import type { OpenStream, Publication, PublishRequest } from './stream-service.ts';

/** What a publication needs of its stream. */
export interface PublicationHost {
  readonly stream: OpenStream;
  readonly writer: StreamWriter;
  /** Whether this process may still write; looked at often. */
  mayWrite(nowMs: number): boolean;
  /** Something went wrong that the stream's watchers should know. */
  noteError(message: string, nowMs: number): void;
  /** It takes no more samples: the stream is free for the next one. */
  ended(publication: StreamPublication): void;
  /** All of it is persisted or reported lost. */
  settled(publication: StreamPublication): void;
}

/** One producer's hold on a stream, until it ends or is revoked. */
export class StreamPublication implements Publication {
  readonly request: PublishRequest;
  readonly writer: StreamWriter;
  readonly #host: PublicationHost;
  #end: Promise<void> | undefined;

  constructor(request: PublishRequest, host: PublicationHost) {
    this.request = request;
    this.writer = host.writer;
    this.#host = host;
  }

  get stream(): OpenStream {
    return this.#host.stream;
  }

  get counters(): WriterCounters {
    return this.writer.counters;
  }

  get pendingBytes(): number {
    return this.writer.pendingBytes;
  }

  setTracks(tracks: readonly Track[], _nowMs: number): void {
    this.writer.setTracks(tracks);
  }

  write(sample: Sample, nowMs: number, producerMs?: number): void {
    if (this.#end !== undefined) return;
    if (!this.#host.mayWrite(nowMs)) {
      this.#host.noteError('another server has taken the stream over', nowMs);
      void this.revoke('taken-over', nowMs);
      return;
    }
    this.writer.write(sample, nowMs, producerMs);
  }

  fail(message: string, nowMs: number): void {
    this.#host.noteError(message, nowMs);
  }

  end(_nowMs: number): Promise<void> {
    this.#end ??= this.#finish();
    return this.#end;
  }

  /** Ends it and tells the producer to hang up. Resolves as `end` does. */
  revoke(reason: 'taken-over' | 'deleted' | 'closing', nowMs: number): Promise<void> {
    const isNews = this.#end === undefined;
    const end = this.end(nowMs);
    if (isNews) this.request.onRevoked(reason);
    return end;
  }

  async #finish(): Promise<void> {
    const settled = this.writer.end();
    this.#host.ended(this);
    await settled;
    this.#host.settled(this);
  }
}
