import type { DetectionSupervisor, WatchStatus } from '../../ml/supervisor/supervisor.ts';
import type { WatchResult } from '../../ml/supervisor/watch-result.ts';
import type { WatchSettings } from '../../ml/watch/watch-settings.ts';

/**
 * Detection on the streams of this server: who watches what, with which settings. The implementation is `StreamDetection` in
 * stream-detection.ts. Stream processors and jobs are watches beside the stream's own.
 */
export interface DetectionService {
  /** The stream's own watch as it is set; the server's defaults where nothing was set. */
  settingsOf(stream: string): WatchSettings;
  /** Data stream that its events are put into; `null`: none. */
  dataStreamOf(stream: string): string | null;
  /** Something was set of the stream; else it goes by the server's defaults. */
  isConfigured(stream: string): boolean;
  /**
   * Durable before it answers; `undefined` goes back to the server's defaults. `dataStream`: `null` for the server's, the one that
   * was set when absent. Throws StreamError `not-found`.
   */
  configure(
    stream: string,
    settings: WatchSettings | undefined,
    dataStream?: string | null | undefined,
  ): void;
  /** `undefined` while the stream is not watched: nothing is published, or its tier is `off`. */
  statusOf(stream: string): WatchStatus | undefined;
  /** Watches that are at work, by their state. */
  levels(): Readonly<Record<WatchStatus['state'], number>>;
  /** Tells every result of a stream's own watch, also those without events (boxes for the page), until the returned function is called. */
  onResult(stream: string, listener: (result: WatchResult) => void): () => void;
  /**
   * Watches a stream live beside its own watch, also before anybody publishes it and after; results are told after their events
   * were committed. The name stands in events as `watch`. Answers how to stop.
   */
  attach(options: AttachOptions): AttachedWatch;
  readonly supervisor: DetectionSupervisor;
}

export interface AttachOptions {
  readonly stream: string;
  /** `processor:NAME`. */
  readonly watch: string;
  readonly settings: WatchSettings;
  /** Events are kept and delivered like the stream's own. `false`: results only go to `onResult`. */
  readonly storesEvents: boolean;
  readonly onResult: (result: WatchResult) => void | Promise<void>;
}

export interface AttachedWatch {
  readonly status: WatchStatus | undefined;
  configure(settings: WatchSettings): void;
  /** Everything that is followed leaves; then it is forgotten. */
  stop(): Promise<void>;
}
