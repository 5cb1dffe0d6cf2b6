/** Unit vectors for tests: the same for the same seed; those of two seeds are about as unlike as two people's. */
export function unitVector(seed: number, dimensions: number): Float32Array {
  // mulberry32
  let state = seed * 0x9e3779b9;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  // As those of the model: nothing below zero, many zeros.
  return normalized(Float32Array.from({ length: dimensions }, () => Math.max(0, next() - 0.5)));
}

/** A unit vector beside another one, a little off. */
export function near(vector: Float32Array, off: number): Float32Array {
  return normalized(vector.map((value, i) => value + (i % 7 === 0 ? off : 0) / Math.sqrt(vector.length / 7)));
}

function normalized(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
