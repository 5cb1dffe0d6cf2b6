import { parseAvcC } from './avc.ts';
import { parseAvcSps } from './avc-sps.ts';
import { CodecError } from './codec-error.ts';
import { parseHvcC } from './hevc.ts';
import { parseHevcSps } from './hevc-sps.ts';
import type { Track } from './track.ts';

/** Decode times for media that carry presentation times only, in decode order (Matroska, RTP). */

/** No stream reorders by more frames (H.264 §A.3.1, H.265 §A.4.2). */
const MAX_DEPTH = 16;

/**
 * How many frames may come before a frame in decode order and after it in output order, as the track's first SPS
 * states; 0 where nothing is stated: most of those cameras reorder nothing, and DecodeTimes learns it of the others.
 */
export function reorderDepth(track: Track): number {
  try {
    if (track.codec === 'h264') {
      const [sps] = parseAvcC(track.config).sps;
      return (sps && parseAvcSps(sps).reorderFrames) ?? 0;
    }
    if (track.codec === 'h265') {
      const [sps] = parseHvcC(track.config).sps;
      return sps === undefined ? 0 : parseHevcSps(sps).reorderFrames;
    }
  } catch (error) {
    // A track may have been described from its container alone; its frames are as good.
    if (!(error instanceof CodecError)) throw error;
  }
  return 0;
}

/**
 * Makes decode times of presentation times that come in decode order, without waiting for later frames: with `depth`
 * frames reordered, frame i is decoded at the (i - depth)th smallest presentation time. Decode times are never
 * negative, always increase, and are no later than the presentation time; only when a stream reorders more than it
 * said, the frames that should have come earlier are late, once: the depth grows.
 */
export class DecodeTimes {
  readonly #frameTicks: number;
  #depth: number;
  /** Presentation times not yet given out as decode times, ascending. */
  readonly #waiting: number[] = [];
  #warmUp: number[] | undefined;
  #last = -1;
  /** The presentation times of the last frames. */
  readonly #recent: number[] = [];

  /** `frameTicks`: usual time between frames, where it is known: decode times ahead of the first frame are spaced by it. */
  constructor(depth: number, frameTicks = 1) {
    this.#depth = Math.min(depth, MAX_DEPTH);
    this.#frameTicks = Math.max(1, Math.round(frameTicks));
  }

  /** Frames held back now: as told, or as learned. */
  get depth(): number {
    return this.#depth;
  }

  /** The decode time of the next frame in decode order, in the ticks of its presentation time. */
  next(ptsTicks: number): number {
    this.#learn(ptsTicks);
    this.#insert(ptsTicks);
    const settled = this.#waiting.length > this.#depth ? this.#waiting.shift() : undefined;
    const dtsTicks = settled ?? this.#beforeFirst(ptsTicks);
    this.#last = Math.max(dtsTicks, this.#last + 1);
    return this.#last;
  }

  /** Forgets the past: the next frame begins another timeline. What was learned of the depth stays. */
  restart(): void {
    this.#waiting.length = 0;
    this.#warmUp = undefined;
    this.#last = -1;
    this.#recent.length = 0;
  }

  /** As many frames are reordered as came before this one and are shown after it. */
  #learn(ptsTicks: number): void {
    let needed = 0;
    for (const recent of this.#recent) if (recent > ptsTicks) needed += 1;
    if (needed > this.#depth) this.#depth = needed;
    if (this.#recent.push(ptsTicks) > MAX_DEPTH) this.#recent.shift();
  }

  /** The first `depth` frames are decoded before the first is shown. */
  #beforeFirst(ptsTicks: number): number {
    this.#warmUp ??= Array.from(
      { length: this.#depth },
      (_, i) => ptsTicks - (this.#depth - i) * this.#frameTicks,
    );
    return Math.max(0, this.#warmUp.shift() ?? 0);
  }

  #insert(ptsTicks: number): void {
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1] ?? 0) > ptsTicks) at -= 1;
    this.#waiting.splice(at, 0, ptsTicks);
  }
}
