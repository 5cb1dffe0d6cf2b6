import { setTimeout as sleep } from 'node:timers/promises';
import type { Track } from '../../fragments/media/track.ts';
import type { PutMediaAck } from './ack.ts';
import { AsyncQueue } from './async-queue.ts';
import { Condition } from './condition.ts';
import { Destination } from './destination.ts';
import { FragmentBuffer } from './fragment-buffer.ts';
import { FragmentCutter } from './fragment-cutter.ts';
import { mediaItems } from './media-source.ts';
import { PutMediaError } from './put-media-error.ts';
import {
  type PutMediaOptions,
  type PutMediaProgress,
  type Settings,
  settingsOf,
} from './put-media-options.ts';
import { PutMediaSession } from './put-media-session.ts';

/** Acknowledgements that nobody has taken; above it nothing more is sent. */
const MAX_UNREAD_ACKS = 4096;
/** Written to a session at once. */
const WRITE_BYTES = 256 * 1024;
const MAX_BACKOFF_MS = 30_000;

/** One upload: a task that reads the source into fragments, and one that sends them, session after session. */
export class Upload {
  readonly #options: PutMediaOptions;
  readonly #settings: Settings;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #destination: Destination;
  readonly #changed = new Condition();
  readonly #buffer = new FragmentBuffer();
  readonly #acks = new AsyncQueue<PutMediaAck>(() => this.#changed.notify());
  readonly #cutter: FragmentCutter;
  #isSourceAtEnd = false;
  #freeOn: 'RECEIVED' | 'PERSISTED' = 'PERSISTED';
  /** Broken sessions since the last acknowledgement. */
  #failures = 0;

  #fragmentsSent = 0;
  #fragmentsSentAgain = 0;
  #bytesSent = 0;
  #sessions = 0;
  #reconnections = 0;
  #receivedTimecodeMs: number | undefined;
  #persistedTimecodeMs: number | undefined;

  constructor(options: PutMediaOptions) {
    this.#options = options;
    this.#settings = settingsOf(options);
    const { signal = this.#stop.signal } = options;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#destination = new Destination(options, this.#signal);
    this.#cutter = new FragmentCutter(this.#buffer, {
      fragmentMs: this.#settings.fragmentMs,
      startMs: options.startTime?.getTime() ?? Date.now(),
      tags: options.tags,
    });
  }

  get progress(): PutMediaProgress {
    return {
      fragmentsSent: this.#fragmentsSent,
      fragmentsSentAgain: this.#fragmentsSentAgain,
      bytesSent: this.#bytesSent,
      sessions: this.#sessions,
      reconnections: this.#reconnections,
      bufferedFragments: this.#buffer.count,
      bufferedBytes: this.#buffer.sizeBytes,
      droppedSamples: this.#cutter.droppedSamples,
      receivedTimecodeMs: this.#receivedTimecodeMs,
      persistedTimecodeMs: this.#persistedTimecodeMs,
    };
  }

  /** All acknowledgements, until every fragment is acknowledged. Whoever stops iterating stops the upload. */
  async *run(): AsyncGenerator<PutMediaAck, void, undefined> {
    const tasks = Promise.all([this.#readSource(), this.#sendAll()]).then(
      () => this.#acks.end(),
      (error: unknown) => {
        this.#acks.end(this.#signal.aborted ? this.#signal.reason : error);
        this.#stop.abort(error);
      },
    );
    try {
      yield* this.#acks;
    } finally {
      this.#stop.abort();
      await tasks;
    }
  }

  async #readSource(): Promise<void> {
    const startMs = performance.now();
    let tracks: ReadonlyMap<number, Track> = new Map();
    let firstMs: number | undefined;
    for await (const item of mediaItems(this.#options.source)) {
      this.#signal.throwIfAborted();
      if ('tracks' in item) {
        this.#cutter.setTracks(item.tracks);
        tracks = new Map(item.tracks.map((track) => [track.id, track]));
        continue;
      }
      if (this.#options.realTime === true) {
        const mediaMs = (item.dtsTicks * 1000) / (tracks.get(item.trackId)?.timescale ?? 1000);
        firstMs ??= mediaMs;
        const waitMs = startMs + mediaMs - firstMs - performance.now();
        if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#signal });
      }
      this.#cutter.push(item);
      this.#changed.notify();
      // One complete fragment is always let through, however large: it is what acknowledgements come for.
      const isFull = (): boolean =>
        this.#buffer.sizeBytes > this.#settings.maxBufferBytes && this.#buffer.count > 1;
      if (isFull()) await this.#changed.until(() => !isFull(), this.#signal);
    }
    this.#cutter.end();
    this.#isSourceAtEnd = true;
    this.#changed.notify();
  }

  async #sendAll(): Promise<void> {
    await this.#changed.until(() => this.#buffer.count > 0 || this.#isSourceAtEnd, this.#signal);
    while (!this.#isDone) {
      try {
        await this.#runSession();
        // Nothing is lost while nothing is there: a service hangs up on those who are silent.
        await this.#changed.until(() => this.#buffer.peek() !== undefined || this.#isDone, this.#signal);
      } catch (error) {
        this.#signal.throwIfAborted();
        await this.#recover(error);
      }
    }
  }

  get #isDone(): boolean {
    return this.#isSourceAtEnd && this.#buffer.count === 0;
  }

  /** After a broken session: waits, and goes back to the last fragment that is safe. Rethrows what no new session can mend. */
  async #recover(error: unknown): Promise<void> {
    if (!(error instanceof PutMediaError) || !error.isRetryable) throw error;
    this.#failures += 1;
    if (this.#failures > this.#settings.maxFailures) throw error;
    this.#reconnections += 1;
    this.#destination.forget();
    const longestMs = Math.min(this.#settings.backoffMs * 2 ** (this.#failures - 1), MAX_BACKOFF_MS);
    const delayMs = Math.round(longestMs * (1 - Math.random() / 2));
    this.#options.onReconnect?.(error, delayMs);
    await sleep(delayMs, undefined, { signal: this.#signal });
    this.#fragmentsSentAgain += this.#buffer.rewind();
  }

  /** Sends until all is acknowledged, or until the session is old enough to be replaced. Throws PutMediaError when it breaks. */
  async #runSession(): Promise<void> {
    this.#freeOn = await this.#destination.freeOn();
    const { url, headers } = await this.#destination.signedRequest();
    const startedMs = performance.now();
    let heardMs = startedMs;
    const session = new PutMediaSession(url, headers, {
      onAck: (ack) => {
        heardMs = performance.now();
        this.#take(ack);
      },
      onChange: () => this.#changed.notify(),
    });
    this.#sessions += 1;
    const hangUp = (): void => session.destroy();
    this.#signal.addEventListener('abort', hangUp, { once: true });
    const { ackTimeoutMs, maxSessionMs } = this.#settings;
    const watchdog = setInterval(() => {
      if (this.#buffer.awaitingCount === 0 || performance.now() - heardMs < ackTimeoutMs) return;
      const message = `no acknowledgement for ${ackTimeoutMs} ms`;
      session.destroy(new PutMediaError('AckTimeout', message, { isRetryable: true }));
    }, ackTimeoutMs / 4);
    try {
      await this.#send(session, () => performance.now() - startedMs >= maxSessionMs);
      session.endBody();
      await this.#changed.until(() => session.isOver, this.#signal);
      if (session.error !== undefined) throw session.error;
      if (this.#buffer.awaitingCount > 0) throw unacknowledged(this.#buffer.awaitingCount);
    } finally {
      clearInterval(watchdog);
      this.#signal.removeEventListener('abort', hangUp);
      session.destroy();
    }
  }

  /** Writes the body; returns when it should end. Throws PutMediaError when the session ends before that. */
  async #send(session: PutMediaSession, isOld: () => boolean): Promise<void> {
    let header: Uint8Array | undefined;
    for (;;) {
      const canGoOn = (): boolean =>
        session.isOver ||
        this.#isDone ||
        (this.#isSourceAtEnd && this.#buffer.peek() === undefined) ||
        (this.#buffer.peek() !== undefined && session.isWritable && this.#acks.size < MAX_UNREAD_ACKS);
      await this.#changed.until(canGoOn, this.#signal);
      if (session.isOver) {
        if (session.error !== undefined) throw session.error;
        if (this.#buffer.awaitingCount > 0) throw unacknowledged(this.#buffer.awaitingCount);
        await this.#outlastSilence();
        return;
      }
      const next = this.#buffer.peek();
      if (next === undefined) return;
      if (next.isFirst) {
        if (header === undefined) this.#write(session, [next.fragment.header]);
        else if (next.fragment.header !== header || isOld()) return;
        header = next.fragment.header;
        this.#fragmentsSent += 1;
      }
      this.#write(session, this.#buffer.take(WRITE_BYTES));
      this.#options.onProgress?.(this.progress);
    }
  }

  /** The service hangs up on those who are silent (kvs.md §2.5): a source that goes on gets a new session, with all of its fragment. */
  async #outlastSilence(): Promise<void> {
    const heldBytes = this.#buffer.sizeBytes;
    await this.#changed.until(
      () => this.#buffer.sizeBytes !== heldBytes || this.#isSourceAtEnd,
      this.#signal,
    );
    this.#fragmentsSentAgain += this.#buffer.rewind();
  }

  #write(session: PutMediaSession, parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#bytesSent += part.length;
    session.write(parts);
  }

  #take(ack: PutMediaAck): void {
    if (ack.eventType === 'RECEIVED') this.#receivedTimecodeMs = ack.fragmentTimecodeMs;
    if (ack.eventType === 'PERSISTED') this.#persistedTimecodeMs = ack.fragmentTimecodeMs;
    // What is durable was received, too.
    const isFreed =
      ack.eventType === 'PERSISTED' || (ack.eventType === 'RECEIVED' && this.#freeOn === 'RECEIVED');
    if (isFreed) {
      this.#buffer.acknowledge(ack.fragmentTimecodeMs);
      this.#failures = 0;
    }
    this.#acks.push(ack);
    this.#changed.notify();
    this.#options.onProgress?.(this.progress);
  }
}

function unacknowledged(count: number): PutMediaError {
  return new PutMediaError(
    'UnacknowledgedFragments',
    `the service ended the session before it acknowledged ${count} fragments`,
    { isRetryable: true },
  );
}
