import type { ServerResponse } from 'node:http';
import type { MediaCounters } from '../../playback/matroska/media-counters.ts';
import type { MediaPiece } from '../../playback/matroska/media-renderer.ts';
import { type AwsCall, AwsError } from '../aws-call.ts';
import { MediaOutput } from './media-output.ts';
import type { StreamReference, VideoResources, VideoStream } from './video-resources.ts';

export interface MediaConnectionsOptions {
  readonly resources: Pick<VideoResources, 'find'>;
  readonly now: () => number;
  /** The server closes: connections end. */
  readonly closing: AbortSignal;
  /** For each stream; AWS has 3. */
  readonly maxPerStream: number;
  /** `undefined`: as long as the consumer wants; AWS has about 45 minutes. */
  readonly maxDurationMs: number | undefined;
}

/** How often it is looked whether connections may go on. */
const CHECK_MS = 1000;
/** A consumer that takes no piece (256 KiB at most) for so long is dead. */
const STALL_MS = 60_000;

/** What a connection serves. */
export interface MediaRequest {
  readonly call: AwsCall<StreamReference>;
  readonly video: VideoStream;
  readonly counters: MediaCounters;
  /** Told that the consumer is still there, once a check. */
  readonly onCheck?: (nowMs: number) => void;
}

/** The open connections that media flow out of, each for as long as its consumer may and wants to have them. */
export class MediaConnections {
  readonly #options: MediaConnectionsOptions;
  readonly #open = new Set<MediaConnection>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MediaConnectionsOptions) {
    this.#options = options;
    options.closing.addEventListener('abort', () => {
      for (const connection of this.#open) connection.stop('closing');
    });
  }

  /**
   * Opens a connection and sends what `media` yields until that ends or the connection has to. Throws AwsError
   * `ConnectionLimitExceededException` before the first byte, and whatever `media` throws.
   */
  async serve(
    request: MediaRequest,
    response: ServerResponse,
    media: (signal: AbortSignal) => AsyncIterable<MediaPiece>,
  ): Promise<void> {
    const { counters, video } = request;
    const { maxPerStream, now } = this.#options;
    const others = Array.from(this.#open).filter((each) => each.video.arn === video.arn);
    if (others.length >= maxPerStream) {
      counters.connectionErrors += 1;
      throw new AwsError(
        'ConnectionLimitExceededException',
        `Stream ${video.name} has ${maxPerStream} consumers already.`,
      );
    }
    const connection = new MediaConnection(request, response, this.#options);
    if (this.#options.closing.aborted) connection.stop('closing');
    this.#open.add(connection);
    this.#timer ??= setInterval(() => this.#check(now()), CHECK_MS).unref();
    try {
      await connection.run(media);
    } finally {
      this.#open.delete(connection);
      if (this.#open.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  #check(nowMs: number): void {
    for (const connection of this.#open) connection.check(nowMs);
  }
}

type StopReason = 'client-gone' | 'closing' | 'time-limit' | 'right-lost' | 'stream-gone' | 'stalled';

class MediaConnection {
  readonly #request: MediaRequest;
  readonly #output: MediaOutput;
  readonly #options: MediaConnectionsOptions;
  readonly #stopped = new AbortController();
  readonly #endsAtMs: number;

  constructor(request: MediaRequest, response: ServerResponse, options: MediaConnectionsOptions) {
    this.#request = request;
    this.#output = new MediaOutput(response);
    this.#options = options;
    this.#endsAtMs = request.call.nowMs + (options.maxDurationMs ?? Number.POSITIVE_INFINITY);
    request.call.signal.addEventListener('abort', () => this.stop('client-gone'), { once: true });
  }

  get video(): VideoStream {
    return this.#request.video;
  }

  async run(media: (signal: AbortSignal) => AsyncIterable<MediaPiece>): Promise<void> {
    const { counters } = this.#request;
    counters.connections += 1;
    try {
      if (this.#request.call.signal.aborted) return;
      this.#output.begin();
      for await (const piece of media(this.#stopped.signal)) {
        if (!(await this.#output.write(piece.pieces, this.#options.now()))) return;
        this.#count(piece);
      }
      this.#output.end();
    } finally {
      counters.connections -= 1;
    }
  }

  #count({ pieces, frames, ends }: MediaPiece): void {
    const { counters } = this.#request;
    for (const { length } of pieces) counters.outgoingBytes += length;
    counters.outgoingFrames += frames;
    if (ends === undefined) return;
    counters.millisBehindNow = Math.max(0, this.#options.now() - ends.info.serverMs);
    if (ends.isReadable) {
      counters.outgoingFragments += 1;
      counters.successes += 1;
    } else {
      counters.failures += 1;
    }
  }

  /** Ends the connection when it may not go on: its time, its key, its stream or its consumer is gone. */
  check(nowMs: number): void {
    const { call, onCheck } = this.#request;
    if (this.#output.stalledMs(nowMs) > STALL_MS) this.stop('stalled');
    else if (nowMs >= this.#endsAtMs) this.stop('time-limit');
    else if (call.principal.isOver?.(nowMs) === true) this.stop('right-lost');
    else if (!this.#isStreamThere()) this.stop('stream-gone');
    else onCheck?.(nowMs);
  }

  /** The stream of that very ARN: one that was made anew under its name is another. */
  #isStreamThere(): boolean {
    const { call, video } = this.#request;
    try {
      return this.#options.resources.find({ StreamARN: video.arn }, 'view', call.principal).arn === video.arn;
    } catch (error) {
      if (error instanceof AwsError) return false;
      throw error;
    }
  }

  /** No more is read; what is on its way still goes out, but for consumers that do not take it. */
  stop(reason: StopReason): void {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort();
    const { call, counters, video } = this.#request;
    call.logger.debug({ stream: video.name, reason }, 'media connection ends');
    if (reason !== 'stalled') return;
    counters.connectionErrors += 1;
    call.logger.warn({ stream: video.name }, 'a consumer that takes no media is hung up on');
    this.#output.destroy();
  }
}
