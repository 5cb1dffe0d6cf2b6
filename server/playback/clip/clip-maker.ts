import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import type { FragmentLog } from '../../../fragments/stream/fragment-log.ts';
import { Clip, type ClipLimits } from './clip.ts';

/** What the making of clips has counted since the start; read by the metrics. */
export interface ClipCounters {
  made: number;
  /** Bytes of the files that were made, whether all were sent or not. */
  bytes: number;
  /** Refused because too many were being made. */
  refused: number;
}

/** Too many clips are being made: try again. */
export class ClipsBusyError extends Error {
  constructor() {
    super('Too many clips are being made; try again.');
    this.name = 'ClipsBusyError';
  }
}

/** Heads of thousands of fragments may have to be read for one clip: so many at once... */
const MAX_AT_ONCE = 4;
/** ... and so many that wait for their turn. */
const MAX_WAITING = 64;

/** Makes clips, a bounded number at a time. */
export class ClipMaker {
  readonly counters: ClipCounters = { made: 0, bytes: 0, refused: 0 };
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** See Clip.of. Throws ClipsBusyError, ClipError, LogReadError. */
  async make(log: FragmentLog, fragments: readonly FragmentInfo[], limits: ClipLimits): Promise<Clip> {
    await this.#enter();
    try {
      const clip = await Clip.of(log, fragments, limits);
      this.counters.made += 1;
      this.counters.bytes += clip.sizeBytes;
      return clip;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  #enter(): Promise<void> | undefined {
    if (this.#running < MAX_AT_ONCE) {
      this.#running += 1;
      return undefined;
    }
    if (this.#waiting.length >= MAX_WAITING) {
      this.counters.refused += 1;
      throw new ClipsBusyError();
    }
    // Who leaves hands its place on.
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
