import { randomBytes } from 'node:crypto';

const COUNTERS_PER_MS = 0x1000;

/**
 * Ids of faces: UUIDs of version 7 (RFC 9562 section 5.7) that grow, so that their order is the order of their making, also when
 * the clock is set back. The counter is that of section 6.2, method 1.
 */
export class FaceIds {
  #lastMs = 0;
  #counter = 0;

  /** `last`: the greatest id that exists. */
  constructor(last: string | undefined) {
    if (last === undefined) return;
    this.#lastMs = Number.parseInt(last.slice(0, 8) + last.slice(9, 13), 16);
    this.#counter = Number.parseInt(last.slice(15, 18), 16);
  }

  next(nowMs: number): string {
    if (nowMs > this.#lastMs) {
      this.#lastMs = Math.floor(nowMs);
      this.#counter = 0;
    } else if (++this.#counter === COUNTERS_PER_MS) {
      this.#lastMs++;
      this.#counter = 0;
    }
    const time = this.#lastMs.toString(16).padStart(12, '0');
    const counter = this.#counter.toString(16).padStart(3, '0');
    const random = randomBytes(8);
    // The variant of RFC 9562: 10 in the two highest bits.
    random[0] = ((random[0] ?? 0) & 0x3f) | 0x80;
    const tail = random.toString('hex');
    return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-${tail.slice(0, 4)}-${tail.slice(4)}`;
  }
}
