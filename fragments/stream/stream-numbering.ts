import type { FragmentInfo } from './fragment.ts';
import type { LogEnd } from './fragment-log.ts';
import { formatFragmentNumber, nextSessionSequence } from './fragment-number.ts';

/** What identifies a fragment in its stream. */
export type FragmentName = Pick<FragmentInfo, 'ordinal' | 'number' | 'serverMs'>;

/**
 * What only grows in a stream, over all its sessions: ordinals, runs, sequences and server time. Kept apart from the log's
 * end, which knows of a fragment only when it is written.
 */
export class StreamNumbering {
  readonly #random28: () => number;
  #nextOrdinal: number;
  #nextRun: number;
  #lastSequence: number;
  #lastServerMs: number;
  #lastFragmentMs: number;

  /** `lastServerMs`: server time of the last stored fragment, 0 when none. `random28`: 28 random bits, for tests to choose. */
  constructor(end: LogEnd, lastServerMs = 0, random28 = () => Math.floor(Math.random() * 0x1000_0000)) {
    this.#nextOrdinal = end.nextOrdinal;
    this.#nextRun = end.nextRun;
    this.#lastSequence = end.lastSequence;
    this.#lastServerMs = lastServerMs;
    this.#lastFragmentMs = lastServerMs;
    this.#random28 = random28;
  }

  /** Ordinal that the next fragment gets. */
  get nextOrdinal(): number {
    return this.#nextOrdinal;
  }

  /** `nowMs`, but never before an earlier answer: a clock set back 30 s makes no fragment older than its predecessor. */
  serverTime(nowMs: number): number {
    if (nowMs > this.#lastServerMs) this.#lastServerMs = Math.floor(nowMs);
    return this.#lastServerMs;
  }

  /** A producer's session begins: sequences go on at the next multiple of 1000, plus one. */
  startSession(): void {
    this.#lastSequence = nextSessionSequence(this.#lastSequence) - 1;
  }

  /** Number of the run that begins. */
  startRun(): number {
    return this.#nextRun++;
  }

  /** Names the fragment whose first sample arrived at `arrivedMs`; its server time is not before its predecessor's. */
  startFragment(arrivedMs: number): FragmentName {
    const serverMs = Math.max(this.#lastFragmentMs, arrivedMs);
    this.#lastFragmentMs = serverMs;
    this.#lastSequence++;
    const number = formatFragmentNumber({
      sequence: this.#lastSequence,
      serverMs,
      random28: this.#random28(),
    });
    return { ordinal: this.#nextOrdinal++, number, serverMs };
  }

  /** The fragment that was named last never came: the next one gets its ordinal, so that there is no hole. Its number is not given again. */
  takeBack(name: FragmentName): void {
    if (name.ordinal !== this.#nextOrdinal - 1)
      throw new Error(`fragment ${name.ordinal} was not named last`);
    this.#nextOrdinal--;
  }
}
