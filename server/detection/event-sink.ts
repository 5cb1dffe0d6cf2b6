import type { StoredEvent } from './event-store.ts';

/**
 * Somewhere events go: a data stream, an MQTT broker, a webhook. Each has its own durable place in the order of events, so
 * that one that is down loses nothing and holds up nobody else; what it was given and did not confirm comes again.
 */
export interface EventSink {
  /** Unique; its place is kept under it. */
  readonly name: string;
  /** Most events of one call. */
  readonly batchSize: number;
  /**
   * Delivers events in order; resolves when all are safe where they go. Rejects with SinkError when they are not: then the
   * whole batch comes again later. Aborted when the server closes.
   */
  deliver(events: readonly StoredEvent[], signal: AbortSignal): Promise<void>;
}

/** Not delivered. `isFinal`: these events will never be taken (refused as such); they are counted and passed over. */
export class SinkError extends Error {
  readonly isFinal: boolean;
  /** The receiver asks not to be tried again before so long; the runner's own pause when absent. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: ErrorOptions & { readonly isFinal?: boolean; readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(message, options);
    this.name = 'SinkError';
    this.isFinal = options.isFinal ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}
