import { fragmentDurationMs } from '../../fragments/stream/fragment.ts';
import type { FragmentNews } from '../../fragments/stream/fragment-delivery.ts';
import type { FragmentLog } from '../../fragments/stream/fragment-log.ts';
import { MemoryLiveWindow } from '../../fragments/stream/memory-live-window.ts';
import { StreamNumbering } from '../../fragments/stream/stream-numbering.ts';
import type { StreamSettings } from '../../fragments/stream/stream-settings.ts';
import { StreamWriter, type WriterCounters } from '../../fragments/stream/stream-writer.ts';
import type { StreamRecord } from '../catalog/catalog.ts';
import type { StreamLease } from './stream-lease.ts';
import { StreamPublication } from './stream-publication.ts';
import {
  type FragmentEvent,
  type LiveState,
  type OpenStream,
  type PublishRequest,
  StreamError,
} from './stream-service.ts';
import { ViewerCount } from './viewer-count.ts';

/** What a stream is opened with. */
export interface ManagedStreamOptions {
  readonly record: StreamRecord;
  readonly log: FragmentLog;
  readonly lease: StreamLease;
  readonly settings: StreamSettings;
  /** A second publisher replaces the first, instead of being refused. */
  readonly takeover: boolean;
  /** Follows the fragments of all streams, before the stream's own followers. */
  readonly onFragment: (event: FragmentEvent) => void;
  /** A session is over and all of it settled. */
  readonly onSessionEnd: (stream: string, counters: WriterCounters) => void;
}

/** A stream with its log open: one object for all who publish, watch or follow it. */
export class ManagedStream implements OpenStream {
  record: StreamRecord;
  readonly log: FragmentLog;
  readonly window: MemoryLiveWindow;
  readonly #options: ManagedStreamOptions;
  readonly #numbering: StreamNumbering;
  readonly #viewers = new ViewerCount();
  readonly #followers = new Set<(event: FragmentEvent) => void>();
  /** Publications whose fragments are still on their way to the disk. */
  readonly #unsettled = new Set<StreamPublication>();
  #publication: StreamPublication | undefined;
  #lastFragmentMs: number | undefined;
  #lastError: LiveState['lastError'];
  /** Time of the latest call: news from the disk come without one. */
  #latestNowMs = 0;
  #isClosed = false;

  private constructor(options: ManagedStreamOptions, lastServerMs: number | undefined) {
    this.#options = options;
    this.record = options.record;
    this.log = options.log;
    this.#numbering = new StreamNumbering(this.log.end, lastServerMs);
    this.window = new MemoryLiveWindow(options.settings, this.log.end.nextOrdinal);
    this.#lastFragmentMs = lastServerMs;
  }

  /** Makes a stream of an open log: looks up where its time has got to. Closes the log and throws LogReadError when that fails. */
  static async open(options: ManagedStreamOptions): Promise<ManagedStream> {
    const { log } = options;
    try {
      const [last] = await log.list(log.end.nextOrdinal - 1, 1);
      return new ManagedStream(options, last?.serverMs);
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  live(nowMs: number): LiveState {
    const publication = this.#publication;
    const rates = publication?.writer.rates(nowMs);
    return {
      publisher: publication?.request.publisher,
      tracks: publication?.writer.tracks ?? [],
      bitrateBps: rates?.bitrateBps ?? 0,
      videoFps: rates?.videoFps ?? 0,
      viewers: this.#viewers.at(nowMs),
      lastFragmentMs: this.#lastFragmentMs,
      lastError: this.#lastError,
    };
  }

  /** Counters of the sessions that are not over. */
  sessionCounters(): WriterCounters[] {
    return Array.from(this.#unsettled, ({ writer }) => writer.counters);
  }

  onFragment(listener: (event: FragmentEvent) => void): () => void {
    const entry = (event: FragmentEvent) => listener(event);
    this.#followers.add(entry);
    return () => this.#followers.delete(entry);
  }

  countViewer(key: string, nowMs: number): void {
    this.#viewers.add(key, nowMs);
  }

  /** Gives the stream to a producer. Throws StreamError `busy`, or `not-found` when it was closed meanwhile. */
  publish(request: PublishRequest, nowMs: number): StreamPublication {
    if (this.#isClosed) throw new StreamError('not-found', `stream ${this.record.name} was deleted`);
    const { lease, settings, takeover } = this.#options;
    if (this.#publication !== undefined) {
      if (!takeover) throw this.#busy();
      void this.#publication.revoke('taken-over', nowMs);
    }
    if (!lease.hold(nowMs)) throw this.#busy();
    const writer = new StreamWriter({
      log: this.log,
      window: this.window,
      numbering: this.#numbering,
      settings,
      onFragment: (news) => this.#report(news),
    });
    const publication = new StreamPublication(request, {
      stream: this,
      writer,
      mayWrite: (atMs) => {
        this.#latestNowMs = atMs;
        return lease.hold(atMs);
      },
      noteError: (message, atMs) => this.#noteError(message, atMs),
      ended: (ended) => {
        if (this.#publication === ended) this.#publication = undefined;
      },
      settled: (settled) => {
        this.#unsettled.delete(settled);
        this.#options.onSessionEnd(this.record.name, settled.writer.counters);
        if (this.#unsettled.size === 0) lease.release();
      },
    });
    this.#publication = publication;
    this.#unsettled.add(publication);
    return publication;
  }

  /** Revokes its publication, waits for what is on its way to the disk, closes the log. */
  async close(reason: 'deleted' | 'closing', nowMs: number): Promise<void> {
    this.#isClosed = true;
    void this.#publication?.revoke(reason, nowMs);
    await Promise.all(Array.from(this.#unsettled, (publication) => publication.end(nowMs)));
    await this.log.close();
  }

  #busy(): StreamError {
    return new StreamError('busy', `stream ${this.record.name} has a publisher`);
  }

  #noteError(message: string, atMs: number): void {
    this.#lastError = { atMs, message };
  }

  #report(news: FragmentNews): void {
    const { info, type } = news;
    if (type === 'received') this.#lastFragmentMs = info.serverMs;
    if (type === 'lost') {
      this.#noteError(`fragment ${info.number} was lost: ${news.reason}`, this.#latestNowMs);
    }
    const event: FragmentEvent = {
      type,
      stream: this.record.name,
      number: info.number,
      ordinal: info.ordinal,
      producerMs: info.producerMs,
      serverMs: info.serverMs,
      durationMs: fragmentDurationMs(info),
      sizeBytes: info.sizeBytes,
      ...(type === 'lost' ? { reason: news.reason } : {}),
    };
    this.#options.onFragment(event);
    for (const follower of [...this.#followers]) follower(event);
  }
}
