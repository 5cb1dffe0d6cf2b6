import type { PictureSink } from './live-decoder.ts';
import { OutputTimes } from './output-times.ts';

/**
 * Which pictures are in a decoder, and how long to wait for one: decoders do not tell that they hold a picture back until more
 * samples come. How many they hold is learnt once, by waiting in vain.
 */
export class PicturesInside {
  readonly #times = new OutputTimes();
  readonly #sink: Pick<PictureSink, 'isWanted'>;
  /** Pictures that this decoder has been seen to hold back. */
  #heldBack = 0;
  #change: (() => void) | undefined;

  constructor(sink: Pick<PictureSink, 'isWanted'>) {
    this.#sink = sink;
  }

  went(ptsUs: number): void {
    this.#times.push(ptsUs);
  }

  /** A picture came out: its time. */
  came(): number | undefined {
    const ptsUs = this.#times.next();
    this.wake();
    return ptsUs;
  }

  /** Another decoder, or another run of it. */
  clear(): void {
    this.#times.clear();
    this.wake();
  }

  /** Lets those look again who wait: something has happened. */
  wake(): void {
    this.#change?.();
  }

  /** Resolves when all has come out that is wanted and not held back, after `limitMs` at the latest, or when `isOver`. */
  async settled(limitMs: number, isOver: () => boolean): Promise<void> {
    if (!this.#isExpected()) return;
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      this.wake();
    }, limitMs);
    while (!isLate && !isOver() && this.#isExpected()) {
      await new Promise<void>((resolve) => {
        this.#change = resolve;
      });
    }
    clearTimeout(late);
    this.#change = undefined;
    if (isLate) this.#heldBack = Math.max(this.#heldBack, this.#times.inside.length);
  }

  #isExpected(): boolean {
    const { inside } = this.#times;
    return inside.length > this.#heldBack && inside.some((ptsUs) => this.#sink.isWanted(ptsUs));
  }
}
