import type { ServerResponse } from 'node:http';
import { isGone } from '../../http/media-reply.ts';

/** A connection that is idle for long, since the producer pauses, still notices when its consumer has vanished. */
const KEEP_ALIVE_MS = 30_000;

/** An endless response: media go out piece by piece, as fast as the consumer takes them. */
export class MediaOutput {
  readonly #response: ServerResponse;
  /** When the piece on its way was handed over; `undefined`: none is. */
  #waitingSinceMs: number | undefined;
  /** Answers whoever waits for a piece to go out. A write that is cancelled never calls back, but `close` always comes. */
  #settle: (isTaken: boolean) => void = () => {};

  constructor(response: ServerResponse) {
    this.#response = response;
    response.once('close', () => this.#settle(false));
  }

  /** Sends the headers, so that the consumer knows that it is connected before there are any media. */
  begin(): void {
    const response = this.#response;
    response.writeHead(200, { 'Content-Type': 'video/webm' });
    response.flushHeaders();
    if (response.req.httpVersionMajor === 1) response.socket?.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  /** Resolves true when the operating system has taken the pieces, false when the consumer has gone. */
  async write(pieces: readonly Uint8Array[], nowMs: number): Promise<boolean> {
    this.#waitingSinceMs = nowMs;
    for (const piece of pieces) {
      if (!(await this.#writeOne(piece))) return false;
      this.#waitingSinceMs = nowMs;
    }
    this.#waitingSinceMs = undefined;
    return true;
  }

  #writeOne(piece: Uint8Array): Promise<boolean> {
    if (isGone(this.#response)) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#response.write(piece, (error) => resolve(error === undefined || error === null));
    });
  }

  /** How long the consumer has not taken the piece on its way. */
  stalledMs(nowMs: number): number {
    return this.#waitingSinceMs === undefined ? 0 : nowMs - this.#waitingSinceMs;
  }

  /** The media are over: the last chunk, which says that nothing was cut off. */
  end(): void {
    if (!isGone(this.#response)) this.#response.end();
  }

  /** Hangs up. */
  destroy(): void {
    this.#response.destroy();
  }
}
