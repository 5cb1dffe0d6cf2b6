import { fragmentDurationMs } from '../../fragments/stream/fragment.ts';
import type { FragmentNews } from '../../fragments/stream/fragment-delivery.ts';
import type { FragmentLog } from '../../fragments/stream/fragment-log.ts';
import { MemoryLiveWindow } from '../../fragments/stream/memory-live-window.ts';
import { StreamNumbering } from '../../fragments/stream/stream-numbering.ts';
import type { StreamSettings } from '../../fragments/stream/stream-settings.ts';
import { StreamWriter, type WriterCounters } from '../../fragments/stream/stream-writer.ts';
import type { StreamRecord } from '../catalog/catalog.ts';
import type { PublishFragmentsRequest } from './producer-fragments.ts';
import { ProducerGroup } from './producer-group.ts';
import { ProducerSession } from './producer-session.ts';
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

/**
 * Sessions of whole fragments on a stream at once: "1 (5 in the config, to allow for streaming token rotation, retries)", as the
 * first list of PutMedia's limits said (kvs.md §2.5).
 */
const MAX_PRODUCER_SESSIONS = 5;

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
  readonly #unsettled = new Set<StreamPublication | ProducerSession>();
  #publication: StreamPublication | undefined;
  readonly #producers: ProducerGroup<ProducerSession>;
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
    this.#producers = new ProducerGroup({
      log: this.log,
      window: this.window,
      numbering: this.#numbering,
      isAwaited: true,
      onFragment: (news) => this.#report(news),
    });
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
    const { sessions } = this.#producers;
    const publisher = this.#publication ?? sessions[0];
    const writers = this.#publication === undefined ? sessions : [this.#publication.writer];
    const rates = writers.map((writer) => writer.rates(nowMs));
    return {
      publisher: publisher?.request.publisher,
      tracks: writers.findLast(({ tracks }) => tracks.length > 0)?.tracks ?? [],
      bitrateBps: rates.reduce((sum, { bitrateBps }) => sum + bitrateBps, 0),
      videoFps: rates.reduce((sum, { videoFps }) => sum + videoFps, 0),
      viewers: this.#viewers.at(nowMs),
      lastFragmentMs: this.#lastFragmentMs,
      lastError: this.#lastError,
    };
  }

  /** Counters of the sessions that are not over. */
  sessionCounters(): WriterCounters[] {
    return Array.from(this.#unsettled, ({ counters }) => counters);
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
    const { settings } = this.#options;
    this.#claim(
      [...this.#producers.sessions, ...(this.#publication === undefined ? [] : [this.#publication])],
      nowMs,
    );
    const writer = new StreamWriter({
      log: this.log,
      window: this.window,
      numbering: this.#numbering,
      settings,
      onFragment: (news) => this.#report(news),
    });
    const publication: StreamPublication = new StreamPublication(request, {
      ...this.#host(),
      writer,
      ended: () => {
        if (this.#publication === publication) this.#publication = undefined;
      },
    });
    this.#publication = publication;
    this.#unsettled.add(publication);
    return publication;
  }

  /** Lets a producer of whole fragments join those that write the stream. Throws as `publish`. */
  publishFragments(request: PublishFragmentsRequest, nowMs: number): ProducerSession {
    const { sessions } = this.#producers;
    const tooMany = sessions.slice(0, Math.max(0, sessions.length + 1 - MAX_PRODUCER_SESSIONS));
    this.#claim(this.#publication === undefined ? tooMany : [this.#publication], nowMs);
    const session = new ProducerSession(request, {
      ...this.#host(),
      group: this.#producers,
      window: this.window,
      numbering: this.#numbering,
      settings: this.#options.settings,
    });
    this.#unsettled.add(session);
    return session;
  }

  /** Makes sure that a new producer may write; `inTheWay` must go before. */
  #claim(inTheWay: readonly (StreamPublication | ProducerSession)[], nowMs: number): void {
    if (this.#isClosed) throw new StreamError('not-found', `stream ${this.record.name} was deleted`);
    const { lease, takeover } = this.#options;
    if (inTheWay.length > 0 && !takeover) throw this.#busy();
    for (const producer of inTheWay) void producer.revoke('taken-over', nowMs);
    if (!lease.hold(nowMs)) throw this.#busy();
  }

  /** What every kind of producer needs of this stream. */
  #host() {
    const { lease, onSessionEnd } = this.#options;
    return {
      stream: this,
      mayWrite: (atMs: number): boolean => {
        this.#latestNowMs = atMs;
        return lease.hold(atMs);
      },
      noteError: (message: string, atMs: number) => this.#noteError(message, atMs),
      settled: (producer: StreamPublication | ProducerSession) => {
        this.#unsettled.delete(producer);
        onSessionEnd(this.record.name, producer.counters);
        if (this.#unsettled.size === 0) lease.release();
      },
    };
  }

  /** Revokes its producers, waits for what is on its way to the disk, closes the log. */
  async close(reason: 'deleted' | 'closing', nowMs: number): Promise<void> {
    this.#isClosed = true;
    void this.#publication?.revoke(reason, nowMs);
    for (const session of [...this.#producers.sessions]) void session.revoke(reason, nowMs);
    await Promise.all(Array.from(this.#unsettled, (producer) => producer.end(nowMs)));
    await this.log.close();
  }

  #busy(): StreamError {
    return new StreamError('busy', `stream ${this.record.name} is being published`);
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
