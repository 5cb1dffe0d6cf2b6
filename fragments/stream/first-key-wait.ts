import type { StreamSettings } from './stream-settings.ts';
import type { TimedSample } from './timed-sample.ts';

/**
 * How long before the first key frame the audio of a session may begin. Players show nothing while a track is missing: hls.js takes 100 ms
 * for no hole (`maxBufferHole`), and stands still for 3 s or for good where there is one.
 */
const MAX_AUDIO_LEAD_S = 0.1;

/**
 * The start of a session with video: waits for the first key frame, since nothing before it can be decoded. Video
 * before it is dropped and counted, and so is audio from long before it; other audio is held, so that the tracks' start
 * offsets stay. Bounded by time and bytes: then the session goes on without a key frame.
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
    const isKey = isVideo && sample.isSync;
    const isOver =
      isKey || waitedMs >= this.#waitMs || mediaMs >= this.#waitMs || this.#heldBytes > this.#maxBytes;
    if (isVideo && !isOver) {
      this.dropped += this.#held.length + 1;
      this.#held = [];
      this.#heldBytes = 0;
      return undefined;
    }
    if (isKey) this.#dropBefore(sample.dtsSeconds - MAX_AUDIO_LEAD_S);
    this.#held.push(sample);
    this.#heldBytes += sample.data.length;
    return isOver ? this.#held : undefined;
  }

  #dropBefore(dtsSeconds: number): void {
    const kept = this.#held.filter((sample) => sample.dtsSeconds >= dtsSeconds);
    this.dropped += this.#held.length - kept.length;
    this.#held = kept;
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
