import type { StreamSettings } from './stream-settings.ts';
import type { TimedSample } from './timed-sample.ts';

/**
 * The start of a session with video: waits for the first key frame, since nothing before it can be decoded. Video
 * before it is dropped and counted, and so is audio that came before dropped video; other audio is held, so that the
 * tracks' start offsets stay. Bounded by time and bytes: then the session goes on without a key frame.
 */
export class FirstKeyWait {
  /** Samples dropped. */
  dropped = 0;
  /** Samples that wait for the key frame, in decode order. */
  #held: TimedSample[] = [];
  #heldBytes = 0;
  #sinceServerMs: number | undefined;
  #sinceSeconds: number | undefined;
  readonly #waitMs: number;
  readonly #maxBytes: number;

  constructor(settings: Pick<StreamSettings, 'keyFrameWaitMs' | 'chunkBytes'>) {
    this.#waitMs = settings.keyFrameWaitMs;
    this.#maxBytes = settings.chunkBytes;
  }

  /** Takes a sample; answers those with which the session begins when the wait is over, `undefined` while it goes on. */
  add(sample: TimedSample, isVideo: boolean): TimedSample[] | undefined {
    this.#sinceServerMs ??= sample.serverMs;
    this.#sinceSeconds ??= sample.dtsSeconds;
    const waitedMs = sample.serverMs - this.#sinceServerMs;
    const mediaMs = (sample.dtsSeconds - this.#sinceSeconds) * 1000;
    const isOver =
      (isVideo && sample.isSync) ||
      waitedMs >= this.#waitMs ||
      mediaMs >= this.#waitMs ||
      this.#heldBytes > this.#maxBytes;
    if (isVideo && !isOver) {
      this.dropped += this.#held.length + 1;
      this.#held = [];
      this.#heldBytes = 0;
      return undefined;
    }
    this.#held.push(sample);
    this.#heldBytes += sample.data.length;
    return isOver ? this.#held : undefined;
  }

  /** The run ended while waiting: answers what is worth keeping. */
  endRun(): TimedSample[] {
    this.#sinceSeconds = undefined;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }
}
