import { once } from 'node:events';
import type { Response } from 'express';

/** One server-sent event (WHATWG HTML section 9.2). */
export interface ServerSentEvent {
  readonly event: string;
  /** Becomes `Last-Event-ID` of a reconnect. */
  readonly id?: string;
  readonly data: object;
}

export interface EventStreamOptions {
  /** How often an idle stream says that it is still there. */
  readonly heartbeatMs: number;
  /** A client that has not read what was sent for so long is hung up on; default: never. */
  readonly stallMs?: number;
}

const RECONNECT_MS = 2000;

/** The text of an event: JSON has no line breaks, so its data is one line. */
export function formatEvent({ event, id, data }: ServerSentEvent): string {
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return `event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`;
}

/** An answer that stays open and carries events. Sends no faster than the client reads. */
export class EventStream {
  readonly #response: Response;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #closed = new AbortController();
  readonly #stallMs: number | undefined;
  #isStalled = false;

  constructor(response: Response, { heartbeatMs, stallMs }: EventStreamOptions) {
    this.#response = response;
    this.#stallMs = stallMs;
    response.on('close', () => this.#end());
    response.status(200).set({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx would collect events until its buffer is full.
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${RECONNECT_MS}\n\n`);
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#heartbeat.unref();
  }

  /** Aborted when the client has gone or the stream was closed. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** The client was hung up on, since it does not read. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Resolves when the next event may be sent: at once, or when a slow client has read what waits for it. */
  async send(event: ServerSentEvent): Promise<void> {
    if (this.closed.aborted || this.#response.write(formatEvent(event))) return;
    const stalled = this.#stallMs === undefined ? undefined : setTimeout(() => this.#stall(), this.#stallMs);
    await once(this.#response, 'drain', { signal: this.closed }).catch((error: unknown) => {
      if (!this.closed.aborted) throw error;
    });
    clearTimeout(stalled);
  }

  /** Ends the answer after what was sent. */
  end(): void {
    this.#end();
    this.#response.end();
  }

  /** Cuts the connection, with what a slow client has not read yet. */
  hangUp(): void {
    this.#end();
    this.#response.destroy();
  }

  #stall(): void {
    this.#isStalled = true;
    this.hangUp();
  }

  #beat(): void {
    if (!this.#response.writableNeedDrain) this.#response.write(': still here\n\n');
  }

  #end(): void {
    clearInterval(this.#heartbeat);
    this.#closed.abort();
  }
}
