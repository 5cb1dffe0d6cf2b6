/** Deterministic mutations of byte strings, so that a failing input can be found again by its seed. */

/** A small fast generator (mulberry32); the fuzzers need repeatability, not unpredictability. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, bound). */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * bound);
  }
}

const INTERESTING_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];
const INTERESTING_WORDS = [0, 1, 7, 8, 0x7fffffff, 0x80000000, 0xffffffff, 0x00ffffff, 0x00010000];
const MAX_INPUT_BYTES = 1 << 16;

/** Makes one mutated copy of `seed`; `other` is a second input for splices. */
export function mutate(seed: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes = Uint8Array.from(seed.subarray(0, MAX_INPUT_BYTES));
  const rounds = 1 + random.below(4);
  for (let round = 0; round < rounds; round += 1) bytes = mutateOnce(bytes, other, random);
  return bytes;
}

function mutateOnce(
  bytes: Uint8Array<ArrayBuffer>,
  other: Uint8Array,
  random: Random,
): Uint8Array<ArrayBuffer> {
  if (bytes.length === 0) return Uint8Array.of(random.below(256));
  const at = random.below(bytes.length);
  switch (random.below(8)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.below(256);
      return bytes;
    case 2:
      bytes[at] = INTERESTING_BYTES[random.below(INTERESTING_BYTES.length)] ?? 0;
      return bytes;
    case 3:
      if (bytes.length >= 4) {
        const view = new DataView(bytes.buffer);
        view.setUint32(
          random.below(bytes.length - 3),
          INTERESTING_WORDS[random.below(INTERESTING_WORDS.length)] ?? 0,
        );
      }
      return bytes;
    case 4:
      return bytes.slice(0, at);
    case 5: {
      const length = Math.min(1 + random.below(32), bytes.length - at);
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    }
    case 6: {
      const length = Math.min(1 + random.below(64), bytes.length - at);
      return joined(bytes.subarray(0, at + length), bytes.subarray(at)).slice(0, MAX_INPUT_BYTES);
    }
    default: {
      if (other.length === 0) return bytes;
      const from = random.below(other.length);
      return joined(bytes.subarray(0, at), other.subarray(from)).slice(0, MAX_INPUT_BYTES);
    }
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(head.length + tail.length);
  all.set(head);
  all.set(tail, head.length);
  return all;
}
