import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PutMediaSession } from './put-media-session.ts';

type Action = (session: PutMediaSession, nowMs: number) => void;

/** How often a session looks at the clock, ms. */
const TICK_MS = 250;

export interface PutMediaConnectionOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Epoch ms. */
  readonly now: () => number;
  /** Whether the key behind the session is no good any more. */
  readonly isExpired: (nowMs: number) => boolean;
  /** The server closes. */
  readonly closing: AbortSignal;
  /** Something failed in the session that should not. */
  readonly onCrash: (error: unknown) => void;
}

/**
 * The socket's side of a PutMedia session: the body goes in at the pace that the session takes, acknowledgements go out, each by
 * a write of its own, while the body still comes (kvs.md §2.2).
 */
export class PutMediaConnection {
  readonly #options: PutMediaConnectionOptions;
  #session: PutMediaSession | undefined;
  /** What happened before there was a session. */
  #early: Action[] = [];

  constructor(options: PutMediaConnectionOptions) {
    this.#options = options;
  }

  /** Writes an acknowledgement; to nobody when the producer has gone. */
  send(ack: string): void {
    const { response } = this.#options;
    if (!response.writableEnded && !response.destroyed) response.write(ack);
  }

  /** Lets the session do something at this moment. */
  step(action: Action): void {
    const session = this.#session;
    if (session === undefined) {
      this.#early.push(action);
      return;
    }
    const nowMs = this.#options.now();
    try {
      action(session, nowMs);
    } catch (error) {
      this.#options.onCrash(error);
      session.crash(nowMs);
    }
    this.#regulate(session, nowMs);
  }

  /**
   * Answers 200 at once and carries the body into the session. Resolves when the session is over and the response has ended,
   * always with the last chunk: without it the Java client takes the acknowledgements for broken off.
   */
  async carry(session: PutMediaSession): Promise<void> {
    const { request, response, closing, isExpired } = this.#options;
    this.#session = session;
    response.setHeader('Content-Type', 'application/json');
    response.writeHead(200);
    response.flushHeaders();

    const onData = (bytes: Buffer) => this.step((to, nowMs) => to.push(bytes, nowMs));
    const onEnd = () => this.step((to, nowMs) => to.endOfBody(nowMs));
    const onBroken = () => this.step((to, nowMs) => to.abort(nowMs));
    const onClosing = () => this.step((to, nowMs) => to.revoke('closing', nowMs));
    const onDrain = () => this.step(() => {});
    request.on('data', onData).once('end', onEnd).once('error', onBroken).once('close', onBroken);
    response.on('drain', onDrain);
    closing.addEventListener('abort', onClosing, { once: true });
    const timer = setInterval(() => {
      this.step((to, nowMs) => (isExpired(nowMs) ? to.expire(nowMs) : to.tick(nowMs)));
    }, TICK_MS);
    for (const action of this.#early.splice(0)) this.step(action);
    if (request.destroyed) onBroken();
    if (closing.aborted) onClosing();
    try {
      await session.over;
    } finally {
      clearInterval(timer);
      closing.removeEventListener('abort', onClosing);
      response.off('drain', onDrain);
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      // An abandoned body may still break off.
      request.on('error', () => {});
    }
    response.end();
  }

  /** Reads on, or lets the producer wait: for its turn, the disk, a rate, or until it reads what it is told. */
  #regulate(session: PutMediaSession, nowMs: number): void {
    const { request, response } = this.#options;
    const isPaused = session.isEnding || session.isPaused(nowMs) || response.writableNeedDrain;
    if (isPaused === request.isPaused()) return;
    if (isPaused) request.pause();
    else request.resume();
  }
}
