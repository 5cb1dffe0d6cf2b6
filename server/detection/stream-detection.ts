import type { DetectionSupervisor, WatchStatus } from '../../ml/supervisor/supervisor.ts';
import type { WatchResult } from '../../ml/supervisor/watch-result.ts';
import type { WatchSettings } from '../../ml/watch/watch-settings.ts';
import { CatalogError } from '../catalog/catalog-error.ts';
import type { ConfigurationCatalog, DetectionConfiguration } from '../catalog/configuration-catalog.ts';
import { type OpenStream, StreamError, type StreamService } from '../streams/stream-service.ts';
import type { AttachedWatch, AttachOptions, DetectionService } from './detection-service.ts';
import type { EventStore } from './event-store.ts';
import { StreamWatcher, type StreamWatcherOptions, type WatcherCounters } from './stream-watcher.ts';

/** The name of a stream's own watch. */
export const OWN_WATCH = 'live';

export interface StreamDetectionOptions
  extends Pick<StreamWatcherOptions, 'commits' | 'eventsOf' | 'clock' | 'logger'> {
  readonly supervisor: DetectionSupervisor;
  readonly store: Pick<EventStore, 'watchState' | 'watchedStreams' | 'retire'>;
  readonly streams: Pick<StreamService, 'peek' | 'record'>;
  readonly configurations: ConfigurationCatalog;
  /** For streams of which nothing was set. */
  readonly defaults: { readonly settings: WatchSettings; readonly dataStream: string | null };
}

/** All watches of the streams that are live: their own, and those that were attached. */
export class StreamDetection implements DetectionService {
  readonly counters: WatcherCounters = { results: 0, fellBehind: 0, readErrors: 0 };
  readonly supervisor: DetectionSupervisor;
  readonly #options: StreamDetectionOptions;
  readonly #own = new Map<string, StreamWatcher>();
  readonly #attached = new Map<string, Set<StreamWatcher>>();
  readonly #listeners = new Map<string, Set<(result: WatchResult) => void>>();
  /** What was set, by stream: asked for with every fragment and result. */
  readonly #configured: Map<string, DetectionConfiguration>;
  #isClosed = false;

  /** Throws CatalogError `damaged`. */
  constructor(options: StreamDetectionOptions) {
    this.#options = options;
    this.supervisor = options.supervisor;
    const configured = options.configurations.list('detection');
    this.#configured = new Map(configured.map(({ stream, configuration }) => [stream, configuration]));
  }

  /** Takes up what was watched when the server stopped; from now on streams are watched as they are opened. */
  start(): void {
    for (const stream of this.#options.store.watchedStreams(OWN_WATCH)) {
      if (this.#options.streams.record(stream) !== undefined) this.#apply(stream);
    }
  }

  /** A stream's log was opened: somebody publishes it, or looks at it. */
  onOpened(stream: OpenStream): void {
    const { name } = stream.record;
    this.#aside(name, () => {
      this.#apply(name);
      this.#own.get(name)?.follow(stream);
      for (const watcher of this.#attached.get(name) ?? []) watcher.follow(stream);
    });
  }

  /** A stream and its files are gone. */
  onDeleted(stream: string): void {
    this.#own.get(stream)?.drop();
    this.#own.delete(stream);
    this.#configured.delete(stream);
    this.#aside(stream, () => this.#options.store.retire(stream));
  }

  settingsOf(stream: string): WatchSettings {
    return this.#configured.get(stream)?.watch ?? this.#options.defaults.settings;
  }

  dataStreamOf(stream: string): string | null {
    return this.#configured.get(stream)?.dataStream ?? this.#options.defaults.dataStream;
  }

  isConfigured(stream: string): boolean {
    return this.#configured.has(stream);
  }

  configure(
    stream: string,
    settings: WatchSettings | undefined,
    dataStream?: string | null | undefined,
  ): void {
    const { streams, configurations } = this.#options;
    if (streams.record(stream) === undefined) throw noStream(stream);
    if (settings === undefined) {
      configurations.remove(stream, 'detection');
      this.#configured.delete(stream);
    } else {
      const own = dataStream === undefined ? this.#configured.get(stream)?.dataStream : dataStream;
      const configuration = { watch: settings, dataStream: own ?? null };
      try {
        configurations.put(stream, 'detection', configuration);
      } catch (error) {
        if (error instanceof CatalogError && error.code === 'not-found') throw noStream(stream, error);
        throw error;
      }
      this.#configured.set(stream, configuration);
    }
    this.#apply(stream);
  }

  statusOf(stream: string): WatchStatus | undefined {
    return this.#own.get(stream)?.status;
  }

  onResult(stream: string, listener: (result: WatchResult) => void): () => void {
    const entry = (result: WatchResult) => listener(result);
    const listeners = this.#listeners.get(stream) ?? new Set();
    this.#listeners.set(stream, listeners.add(entry));
    return () => {
      listeners.delete(entry);
      if (listeners.size === 0 && this.#listeners.get(stream) === listeners) this.#listeners.delete(stream);
    };
  }

  attach({ stream, watch, settings, storesEvents, onResult }: AttachOptions): AttachedWatch {
    const watcher = new StreamWatcher({ ...this.#shared(), stream, watch, settings, storesEvents, onResult });
    const watchers = this.#attached.get(stream) ?? new Set();
    this.#attached.set(stream, watchers.add(watcher));
    const open = this.#options.streams.peek(stream);
    if (open !== undefined && !this.#isClosed) watcher.follow(open);
    return {
      get status() {
        return watcher.status;
      },
      configure: (next) => watcher.configure(next),
      stop: () => {
        watchers.delete(watcher);
        if (watchers.size === 0 && this.#attached.get(stream) === watchers) this.#attached.delete(stream);
        return watcher.stop();
      },
    };
  }

  /** Streams that are watched and live, by what is in force. */
  levels(): Readonly<Record<WatchStatus['state'], number>> {
    const levels = { watching: 0, degraded: 0, quarantined: 0, failed: 0 };
    for (const watcher of this.#watchers()) {
      if (watcher.status !== undefined) levels[watcher.status.state] += 1;
    }
    return levels;
  }

  /** What is known is kept for the next start. The commits are still to be closed after. */
  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers()) watcher.close();
    this.#own.clear();
    this.#attached.clear();
  }

  /** What goes wrong here is no reason to refuse a camera, or to keep a stream. */
  #aside(stream: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.logger.error({ err: error, stream }, 'detection failed');
    }
  }

  *#watchers(): Generator<StreamWatcher> {
    yield* this.#own.values();
    for (const watchers of this.#attached.values()) yield* watchers;
  }

  /** Brings a stream's own watch to what is set. */
  #apply(stream: string): void {
    if (this.#isClosed) return;
    const settings = this.settingsOf(stream);
    const watcher = this.#own.get(stream);
    if (settings.tier === 'off') {
      const isLeftOver =
        watcher === undefined && this.#options.store.watchState(stream, OWN_WATCH) !== undefined;
      const ended = isLeftOver ? this.#watch(stream, settings) : watcher;
      this.#own.delete(stream);
      void ended?.stop();
      return;
    }
    if (watcher !== undefined) {
      watcher.configure(settings);
      return;
    }
    const begun = this.#watch(stream, settings);
    this.#own.set(stream, begun);
    const open = this.#options.streams.peek(stream);
    if (open !== undefined) begun.follow(open);
  }

  #watch(stream: string, settings: WatchSettings): StreamWatcher {
    return new StreamWatcher({
      ...this.#shared(),
      stream,
      watch: OWN_WATCH,
      settings,
      storesEvents: true,
      onResult: (result) => {
        for (const listener of [...(this.#listeners.get(stream) ?? [])]) listener(result);
      },
    });
  }

  #shared() {
    const { supervisor, store, commits, eventsOf, clock, logger } = this.#options;
    return { supervisor, store, commits, eventsOf, clock, logger, counters: this.counters };
  }
}

function noStream(stream: string, cause?: unknown): StreamError {
  return new StreamError('not-found', `there is no stream ${stream}`, { cause });
}
