import type { IncomingMessage, ServerResponse } from 'node:http';
import { sliceBuffers } from './byte-range.ts';
import { pumpFragment, type StoredBody } from './fragment-pump.ts';
import type { HttpCounters } from './http-counters.ts';
import type { HttpLogger } from './http-logger.ts';
import { decideReply, isGone, type MediaHead, writeReplyHead, writeUnboundedHead } from './media-reply.ts';
import { ReadBuffers } from './read-buffers.ts';

export interface MediaSenderOptions {
  readonly counters: HttpCounters;
  readonly logger: HttpLogger;
  /** A viewer whose socket takes no byte for this long is dropped. */
  readonly stallMs?: number;
  /** A viewer slower than this over one response is dropped: it would hold the response's buffers for ever. */
  readonly minBytesPerSecond?: number;
  readonly buffers?: ReadBuffers;
}

/**
 * The one place that writes media bytes to viewers. Bytes in memory go by reference, shared by all who ask for them;
 * stored bytes go through pooled reads. A slow viewer holds what is left of one response, nothing is queued behind it,
 * and it is dropped when it makes no progress.
 */
export class MediaSender {
  readonly #counters: HttpCounters;
  readonly #logger: HttpLogger;
  readonly #stallMs: number;
  readonly #minBytesPerSecond: number;
  readonly #buffers: ReadBuffers;

  constructor(options: MediaSenderOptions) {
    this.#counters = options.counters;
    this.#logger = options.logger;
    this.#stallMs = options.stallMs ?? 15_000;
    this.#minBytesPerSecond = options.minBytesPerSecond ?? 16 * 1024;
    this.#buffers = options.buffers ?? new ReadBuffers();
  }

  /** Answers with bytes in memory, by reference: nobody may write to them afterwards. Knows HEAD, Range and 304. */
  sendBytes(
    request: IncomingMessage,
    response: ServerResponse,
    head: MediaHead,
    buffers: readonly Uint8Array[],
    sizeBytes: number,
  ): void {
    if (isGone(response)) return;
    const reply = decideReply(request, head, sizeBytes);
    writeReplyHead(response, head, reply, sizeBytes);
    if (!reply.sendsBody) {
      response.end();
      return;
    }
    const lengthBytes = reply.range.endBytes - reply.range.startBytes;
    const pieces = lengthBytes === sizeBytes ? buffers : sliceBuffers(buffers, reply.range);
    this.#counters.hotBytes += lengthBytes;
    // One buffer leaves with the headers in one system call; corking does the same for several.
    if (pieces.length > 1) response.cork();
    for (let i = 0; i < pieces.length - 1; i++) response.write(pieces[i]);
    response.end(pieces.at(-1));
    // The common case, all taken by the kernel at once, needs no watching.
    if (response.writableLength > 0) this.#watch(response, lengthBytes);
  }

  /**
   * Answers with bytes that are stored (a fragment, a clip), read in pooled pieces, and closes it.
   *
   * @throws LogReadError: nothing was sent yet when `response.headersSent` is false, else the response was destroyed.
   */
  async sendStored(
    request: IncomingMessage,
    response: ServerResponse,
    head: MediaHead,
    source: StoredBody,
  ): Promise<void> {
    try {
      if (isGone(response)) return;
      const { sizeBytes } = source;
      const reply = decideReply(request, head, sizeBytes);
      if (!reply.sendsBody || sizeBytes === 0) {
        writeReplyHead(response, head, reply, sizeBytes);
        response.end();
        return;
      }
      const lengthBytes = reply.range.endBytes - reply.range.startBytes;
      const begin = () => {
        if (isGone(response)) return;
        writeReplyHead(response, head, reply, sizeBytes);
        this.#counters.coldBytes += lengthBytes;
      };
      let isWatched = false;
      const onWait = () => {
        if (!isWatched) this.#watch(response, lengthBytes);
        isWatched = true;
      };
      await pumpFragment(source, reply.range, this.#buffers, response, begin, onWait);
    } finally {
      source.close();
    }
  }

  /**
   * Answers with bytes that are made as they are sent, of a length that is not known before: the next block is asked for when
   * the socket has taken the last one. Errors of `blocks` reach the caller; `response.headersSent` is as in `sendStored`.
   */
  async sendBlocks(
    request: IncomingMessage,
    response: ServerResponse,
    head: MediaHead,
    blocks: AsyncIterable<Buffer>,
  ): Promise<void> {
    // Node restarts this timer whenever the kernel took bytes.
    response.setTimeout(this.#stallMs, () => {
      this.#counters.slowViewersDropped += 1;
      response.destroy();
    });
    try {
      for await (const block of blocks) {
        if (isGone(response)) return;
        if (!response.headersSent) writeUnboundedHead(response, head);
        if (request.method === 'HEAD') break;
        this.#counters.hotBytes += block.length;
        if (!response.write(block)) await drained(response);
      }
      if (!isGone(response)) response.end();
    } catch (error) {
      if (response.headersSent) response.destroy();
      throw error;
    }
  }

  /** Drops the viewer when its socket stalls, or when it is too slow to ever get to the end. */
  #watch(response: ServerResponse, lengthBytes: number): void {
    const { remoteAddress } = response.req.socket;
    const drop = (reason: string) => {
      if (response.writableFinished || response.destroyed) return;
      this.#counters.slowViewersDropped += 1;
      this.#logger.warn({ remoteAddress, lengthBytes, reason }, 'viewer dropped');
      response.destroy();
    };
    // Node restarts this timer whenever the kernel took more bytes of what is being written.
    response.setTimeout(this.#stallMs, () => drop('no progress'));
    const deadlineMs = this.#stallMs + (lengthBytes * 1000) / this.#minBytesPerSecond;
    const deadline = setTimeout(() => drop('too slow'), deadlineMs);
    response.once('close', () => {
      clearTimeout(deadline);
      if (!response.writableFinished) this.#counters.aborted += 1;
    });
  }
}

/** Resolves when the socket has taken what was written, or is closed. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
