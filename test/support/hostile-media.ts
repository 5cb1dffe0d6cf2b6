import type { OfferedSample } from '../../ml/supervisor/supervisor.ts';

/** Sessions of a camera whose media is broken or hostile, made of good ones. The same seed makes the same session. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0;
  }

  /** 0 to 1, without 1. */
  next(): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
}

type Mutation = (data: Buffer, random: Random) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  // Bits flip.
  (data, random) => {
    for (let flips = 1 + random.below(20); flips > 0; flips--) {
      const at = random.below(data.length);
      data[at] = (data[at] ?? 0) ^ (1 << random.below(8));
    }
    return data;
  },
  // The end is missing.
  (data, random) => data.subarray(0, 1 + random.below(data.length)),
  // Something else is in its place.
  (data, random) => Buffer.from(data.map(() => random.below(256))),
  // A stretch is something else: lengths of NAL units, headers.
  (data, random) => {
    const at = random.below(Math.min(data.length, 64));
    for (let i = at; i < Math.min(at + 8, data.length); i++) data[i] = random.below(256);
    return data;
  },
  // Twice the same, and once more.
  (data) => Buffer.concat([data, data, data]),
  () => new Uint8Array(0),
];

/** Samples of a session of which some are not what they were; sometimes its decoder configuration, order or key frames neither. */
export function mutatedSession(samples: readonly OfferedSample[], seed: number): OfferedSample[] {
  const random = new Random(seed);
  const share = 0.05 + 0.4 * random.next();
  const mutated = samples.map((sample) => {
    if (random.next() > share) return sample;
    const mutation = MUTATIONS[random.below(MUTATIONS.length)];
    const data = mutation?.(Buffer.from(sample.data), random) ?? sample.data;
    return { ...sample, data };
  });
  const kind = random.next();
  if (kind < 0.15) return withBrokenConfig(mutated, random);
  if (kind < 0.25)
    return mutated.map((sample) => ({ ...sample, isSync: random.next() < 0.3 || sample === mutated[0] }));
  if (kind < 0.35) return mutated.filter((_, i) => i === 0 || random.next() > 0.3);
  if (kind < 0.45) return swapped(mutated, random);
  return mutated;
}

function withBrokenConfig(samples: readonly OfferedSample[], random: Random): OfferedSample[] {
  const [first] = samples;
  if (first === undefined) return [];
  const config = Buffer.from(first.track.config);
  for (let flips = 1 + random.below(6); flips > 0 && config.length > 0; flips--) {
    config[random.below(config.length)] = random.below(256);
  }
  const track = {
    ...first.track,
    config: random.next() < 0.2 ? config.subarray(0, random.below(config.length + 1)) : config,
  };
  return samples.map((sample) => ({ ...sample, track }));
}

/** Payloads change places; times stay. */
function swapped(samples: readonly OfferedSample[], random: Random): OfferedSample[] {
  const data = samples.map((sample) => sample.data);
  for (let swaps = 4; swaps > 0; swaps--) {
    const [a, b] = [1 + random.below(data.length - 1), 1 + random.below(data.length - 1)];
    [data[a], data[b]] = [data[b] ?? new Uint8Array(0), data[a] ?? new Uint8Array(0)];
  }
  return samples.map((sample, i) => ({ ...sample, data: data[i] ?? sample.data }));
}
