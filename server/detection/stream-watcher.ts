import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock } from '../../fragments/log/clock.ts';
import type { LiveWindowReader } from '../../fragments/stream/live-window.ts';
import {
  livePosition,
  type ReadPosition,
  type ReadSource,
  readSamples,
} from '../../fragments/stream/stream-reader.ts';
import type { ModelIdentity } from '../../ml/detect/detector.ts';
import type { DetectionEvent } from '../../ml/events/detection-event.ts';
import {
  type DetectionSupervisor,
  type OfferedSample,
  type Watch,
  WatchError,
  type WatchStatus,
} from '../../ml/supervisor/supervisor.ts';
import type { WatchResult } from '../../ml/supervisor/watch-result.ts';
import type { FrameRef } from '../../ml/watch/frame.ts';
import type { WatchSettings } from '../../ml/watch/watch-settings.ts';
import type { WatchState } from '../../ml/watch/watch-state.ts';
import { cameraEvent } from './camera-event.ts';
import type { CommitQueue } from './commit-queue.ts';
import type { EventStore } from './event-store.ts';
import { withThumbnail } from './frame-path.ts';
import type { FurtherEvents, OpenFurtherEvents } from './further-events.ts';
import { SampleOffers } from './sample-offers.ts';

/** What a watch knows is kept this often while it says nothing; with every event at once. */
const STATE_MS = 1000;
/** After a failure of reading, it begins anew at the live edge. */
const RETRY_MS = 1000;

/** What is kept of a watch between two starts of the server: as long as it is there, the watch has not ended. */
const storedSchema = z.object({
  frame: z.object({
    fragmentNumber: z.string(),
    offsetMs: z.number(),
    producerMs: z.number(),
    serverMs: z.number(),
  }),
  state: z.custom<WatchState>((value) => typeof value === 'object' && value !== null).nullable(),
  /** Of FurtherEvents. */
  further: z.unknown().optional(),
});

/** What was counted since the start, over all watches; read by the metrics. */
export interface WatcherCounters {
  results: number;
  /** Reading fell behind what memory holds, and went on at the live edge. */
  fellBehind: number;
  readErrors: number;
}

export interface StreamWatcherOptions {
  readonly stream: string;
  /** See AttachOptions.watch. */
  readonly watch: string;
  readonly settings: WatchSettings;
  readonly storesEvents: boolean;
  readonly supervisor: Pick<DetectionSupervisor, 'watch'>;
  readonly store: Pick<EventStore, 'watchState'>;
  readonly commits: Pick<CommitQueue, 'add'>;
  /** Further events that a result gives rise to (faces). */
  readonly eventsOf?: OpenFurtherEvents | undefined;
  /** A result whose events were stored. */
  readonly onResult: (result: WatchResult) => void | Promise<void>;
  readonly counters: WatcherCounters;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/**
 * One watch of one stream over all its sessions: follows the live edge, offers what comes, stores what is said, and lets
 * everything leave when the stream has stopped. It never slows down who publishes: it reads what is there, and what it cannot
 * take is passed over.
 */
export class StreamWatcher {
  readonly #options: StreamWatcherOptions;
  #settings: WatchSettings;
  #watch: Watch | undefined;
  #following:
    | { readonly abort: AbortController; readonly source: ReadSource; readonly stop: () => void }
    | undefined;
  #state: WatchState | null;
  #further: FurtherEvents | undefined;
  /** The newest frame that was offered, here or before a restart. */
  #frame: FrameRef | undefined;
  #model: ModelIdentity;
  #storedAtMs = Number.NEGATIVE_INFINITY;
  #isStateStored = true;
  #cancelEnd: (() => void) | undefined;
  #ending: Promise<void> | undefined;
  #statusState: WatchStatus['state'] = 'watching';
  #newsOfFrame = 0;
  #isClosed = false;

  constructor(options: StreamWatcherOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#model = { name: options.settings.model, sha256: '' };
    const stored = storedSchema.safeParse(options.store.watchState(options.stream, options.watch));
    this.#state = stored.data?.state ?? null;
    this.#frame = stored.data?.frame;
    this.#further = this.#openFurther(stored.data?.further);
    // What was followed when the server stopped leaves when the stream does not come back.
    if (this.#frame !== undefined) this.#armEnd();
  }

  /** `undefined` while nothing is published. */
  get status(): WatchStatus | undefined {
    return this.#watch?.status;
  }

  /** Goes on with a stream that was opened, or opened again. */
  follow(source: ReadSource): void {
    if (this.#isClosed || this.#following?.source.window === source.window) return;
    this.#unfollow();
    const abort = new AbortController();
    const stop = source.window.listen((change) => {
      if (change === 'ended') this.#armEnd();
      else if (this.#cancelEnd !== undefined) this.#disarmEnd();
    });
    this.#following = { abort, source, stop };
    void this.#follow(source, abort.signal);
  }

  configure(settings: WatchSettings): void {
    this.#settings = settings;
    this.#watch?.configure(settings);
  }

  /** Lets everything leave, and forgets it. */
  async stop(): Promise<void> {
    this.#unfollow();
    await this.#end();
    this.#shut();
  }

  /** Keeps what is known for the next start. */
  close(): void {
    this.#unfollow();
    this.#shut();
    if (this.#frame !== undefined) void this.#commit([]);
  }

  /** The stream is no more, and nothing of it is kept. */
  drop(): void {
    this.#unfollow();
    this.#shut();
  }

  #shut(): void {
    this.#isClosed = true;
    this.#disarmEnd();
    this.#watch?.close();
    this.#watch = undefined;
  }

  /** Where no events are stored, none are made. */
  #openFurther(state: unknown): FurtherEvents | undefined {
    const { stream, watch, storesEvents, eventsOf } = this.#options;
    return storesEvents ? eventsOf?.({ stream, watch }, state) : undefined;
  }

  #unfollow(): void {
    this.#following?.abort.abort();
    this.#following?.stop();
    this.#following = undefined;
  }

  async #follow(source: ReadSource, signal: AbortSignal): Promise<void> {
    const { stream, counters, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#read(source, signal);
      } catch (error) {
        // A watch that is closed refuses; a log that is closed cannot be read.
        if (signal.aborted) return;
        counters.readErrors += 1;
        logger.warn({ err: error, stream }, 'detection cannot read its stream; trying again');
        await this.#pause(signal);
      }
    }
  }

  async #read(source: ReadSource, signal: AbortSignal): Promise<void> {
    const offers = new SampleOffers();
    const reading = readSamples(source, edgeOf(source.window), { until: 'abort', signal, tellEnds: true });
    for await (const batch of reading) {
      if (batch.live === undefined) {
        this.#options.counters.fellBehind += 1;
        return;
      }
      for (const sample of offers.of(batch)) {
        if (signal.aborted) return;
        await this.#offer(sample);
      }
    }
  }

  async #offer(sample: OfferedSample): Promise<void> {
    // The stream came back in the moment in which it was given up.
    if (this.#ending !== undefined) await this.#ending;
    this.#frame = sample.frame;
    this.#newsOfFrame = 0;
    try {
      await this.#opened().offer(sample);
    } catch (error) {
      if (!(error instanceof WatchError && error.code === 'closed' && this.#isClosed)) throw error;
    }
  }

  #opened(): Watch {
    const { stream, watch: name, supervisor } = this.#options;
    this.#watch ??= supervisor.watch({
      name,
      stream,
      pace: 'live',
      settings: this.#settings,
      state: this.#state ?? undefined,
      onResult: (result) => this.#take(result),
      onStatus: (status) => this.#tell(status),
    });
    return this.#watch;
  }

  async #take(result: WatchResult): Promise<void> {
    const { storesEvents, onResult, clock, counters } = this.#options;
    counters.results += 1;
    this.#model = result.model;
    if (result.state !== undefined) {
      this.#state = result.state;
      this.#isStateStored = false;
    }
    const more = this.#further?.observe(result, this.#settings) ?? [];
    const events = more.length === 0 ? result.events : [...result.events, ...more];
    const isStateDue = !this.#isStateStored && clock.nowMs() - this.#storedAtMs >= STATE_MS;
    if (isStateDue || (storesEvents && events.length > 0)) await this.#commit(storesEvents ? events : []);
    await onResult(more.length === 0 ? result : { ...result, events });
  }

  /** Stores events, and what is known with them. */
  async #commit(events: readonly DetectionEvent[]): Promise<void> {
    const { stream, watch, commits, clock } = this.#options;
    this.#isStateStored = true;
    this.#storedAtMs = clock.nowMs();
    const further = this.#further?.state();
    const state = this.#frame === undefined ? undefined : { frame: this.#frame, state: this.#state, further };
    await commits.add({ stream, watch, events: events.map(withThumbnail), state });
  }

  /** Detection on this stream goes, goes worse, or does not go: an event. The log has it from the supervisor. */
  #tell(status: WatchStatus): void {
    if (status.state === this.#statusState) return;
    this.#statusState = status.state;
    const { stream, watch, storesEvents } = this.#options;
    if (!storesEvents || this.#frame === undefined) return;
    const ordinal = this.#newsOfFrame++;
    const event = cameraEvent({ stream, watch, frame: this.#frame, ordinal, model: this.#model, status });
    void this.#commit([event]);
  }

  #armEnd(): void {
    this.#disarmEnd();
    if (this.#isClosed || this.#frame === undefined || this.#following?.source.window.isLive === true) return;
    this.#cancelEnd = this.#options.clock.after(this.#settings.timeoutSeconds * 1000, () => {
      this.#cancelEnd = undefined;
      this.#ending = this.#end().finally(() => {
        this.#ending = undefined;
      });
    });
  }

  #disarmEnd(): void {
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
  }

  /** Everything leaves; its events are stored, and nothing more is known. */
  async #end(): Promise<void> {
    this.#disarmEnd();
    const { stream, watch: name, commits, logger } = this.#options;
    if (this.#frame === undefined) return;
    const watch = this.#opened();
    try {
      await watch.drained();
      await watch.end(this.#frame);
    } catch (error) {
      // Closed: it goes on from here after the next start. Anything else: what was followed is lost sight of.
      if (error instanceof WatchError && error.code === 'closed') return;
      logger.error({ err: error, stream, watch: name }, 'a watch did not end as it should');
    }
    watch.close();
    this.#watch = undefined;
    this.#state = null;
    this.#further = this.#openFurther(undefined);
    this.#frame = undefined;
    this.#isStateStored = true;
    this.#statusState = 'watching';
    await commits.add({ stream, watch: name, events: [], state: null });
  }

  #pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        cancel();
        resolve();
      };
      const cancel = this.#options.clock.after(RETRY_MS, done);
      signal.addEventListener('abort', done);
    });
  }
}

/** Where a watch begins: the newest fragment of somebody who publishes that a decoder can start with, or the next one to come. */
function edgeOf(window: LiveWindowReader): ReadPosition {
  const { current } = window;
  if (current === undefined) return { ordinal: window.nextOrdinal, sampleIndex: 0 };
  const video = current.tracks.find(({ kind }) => kind === 'video');
  const first = current.samples.find(({ trackId }) => trackId === video?.id);
  return first?.isSync === true ? { ordinal: current.info.ordinal, sampleIndex: 0 } : livePosition(window);
}
