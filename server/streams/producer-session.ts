import type { Sample, Track } from '../../fragments/media/track.ts';
import { DelimitedWriter, type DelimitedWriterOptions } from '../../fragments/stream/delimited-writer.ts';
import type { FragmentTag } from '../../fragments/stream/fragment.ts';
import type { WriterCounters } from '../../fragments/stream/stream-writer.ts';
import type {
  ProducerFragmentStart,
  ProducerFragments,
  PublishFragmentsRequest,
} from './producer-fragments.ts';
import type { ProducerGroup } from './producer-group.ts';
import type { OpenStream } from './stream-service.ts';

/** What a session needs of its stream. */
export interface ProducerSessionHost extends Omit<DelimitedWriterOptions, 'delivery'> {
  readonly stream: OpenStream;
  readonly group: ProducerGroup<ProducerSession>;
  /** Whether this process may still write; looked at often. */
  mayWrite(nowMs: number): boolean;
  noteError(message: string, nowMs: number): void;
  /** All of it is persisted or reported lost. */
  settled(session: ProducerSession): void;
}

/** One of the sessions that write a stream fragment by fragment, until it ends or is revoked. */
export class ProducerSession implements ProducerFragments {
  readonly request: PublishFragmentsRequest;
  /** When it last began a fragment or wrote to it, epoch ms. */
  lastActivityMs = 0;
  readonly #host: ProducerSessionHost;
  readonly #group: ProducerGroup<ProducerSession>;
  readonly #writer: DelimitedWriter;
  /** Ordinals of fragments that are not settled. */
  readonly #unsettled = new Set<number>();
  #openOrdinal = -1;
  #lost = 0;
  #end: PromiseWithResolvers<void> | undefined;

  constructor(request: PublishFragmentsRequest, host: ProducerSessionHost) {
    this.request = request;
    this.#host = host;
    this.#group = host.group;
    this.#writer = new DelimitedWriter({ ...host, delivery: host.group.delivery });
    this.#group.join(this);
  }

  get stream(): OpenStream {
    return this.#host.stream;
  }

  get pendingBytes(): number {
    return this.#group.delivery.pendingBytes;
  }

  get isOpen(): boolean {
    return this.#writer.isOpen;
  }

  get tracks(): readonly Track[] {
    return this.#writer.tracks;
  }

  get counters(): WriterCounters {
    const { nudged, unknownTrack } = this.#writer.counters;
    return {
      nudged,
      unknownTrack,
      lostFragments: this.#lost,
      jumps: 0,
      realigned: 0,
      madeUp: 0,
      silences: 0,
      overflows: 0,
      late: 0,
      droppedBeforeKey: 0,
      configChanges: 0,
    };
  }

  rates(nowMs: number): { readonly bitrateBps: number; readonly videoFps: number } {
    return this.#writer.rates(nowMs);
  }

  setTracks(tracks: readonly Track[], header: Uint8Array | undefined, _nowMs: number): void {
    this.#writer.setTracks(tracks, header);
  }

  mayBegin(nowMs: number): boolean {
    return this.#end === undefined && this.#group.mayBegin(this, nowMs);
  }

  beginFragment(
    start: ProducerFragmentStart,
    nowMs: number,
  ): { readonly number: string; readonly ordinal: number; readonly serverMs: number } {
    if (this.#end !== undefined) throw new Error('the session has ended');
    const name = this.#writer.beginFragment(start, nowMs);
    this.lastActivityMs = nowMs;
    this.#openOrdinal = name.ordinal;
    this.#unsettled.add(name.ordinal);
    this.#group.opened(this, name.ordinal);
    return name;
  }

  write(sample: Sample, nowMs: number, producerMs: number): void {
    if (this.#end !== undefined) return;
    if (!this.#host.mayWrite(nowMs)) {
      this.#host.noteError('another server has taken the stream over', nowMs);
      void this.revoke('taken-over', nowMs);
      return;
    }
    this.lastActivityMs = nowMs;
    this.#writer.write(sample, nowMs, producerMs);
  }

  addTags(tags: readonly FragmentTag[]): void {
    this.#writer.addTags(tags);
  }

  endFragment(_nowMs: number, nextDtsTicks?: ReadonlyMap<number, number>): void {
    if (!this.#writer.isOpen) return;
    const hasSamples = this.#writer.endFragment(nextDtsTicks);
    if (!hasSamples) this.#unsettled.delete(this.#openOrdinal);
    this.#group.closed(this, hasSamples ? undefined : this.#openOrdinal);
  }

  fail(message: string, nowMs: number): void {
    this.#host.noteError(message, nowMs);
  }

  end(nowMs: number): Promise<void> {
    if (this.#end !== undefined) return this.#end.promise;
    this.#end = Promise.withResolvers<void>();
    this.endFragment(nowMs);
    this.#group.leave(this);
    this.#resolveWhenSettled();
    return this.#end.promise;
  }

  /** Ends it and tells the producer to hang up. Resolves as `end` does. */
  revoke(reason: 'taken-over' | 'deleted' | 'closing', nowMs: number): Promise<void> {
    const isNews = this.#end === undefined;
    const end = this.end(nowMs);
    if (isNews) this.request.onRevoked(reason);
    return end;
  }

  /** One of its fragments is persisted, or lost. */
  settle(ordinal: number, isLost: boolean): void {
    if (isLost) this.#lost++;
    this.#unsettled.delete(ordinal);
    this.#resolveWhenSettled();
  }

  #resolveWhenSettled(): void {
    if (this.#end === undefined || this.#unsettled.size > 0) return;
    this.#host.settled(this);
    this.#end.resolve();
  }
}
