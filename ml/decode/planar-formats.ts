/** Where the planes of a picture lie in its bytes. */
export interface PlaneAt {
  readonly offset: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

interface PlanarFormat {
  /** Luma samples for each of chroma. */
  readonly across: 1 | 2;
  readonly down: 1 | 2;
  readonly bits: 8 | 10 | 12;
}

/** Formats of `VideoFrame` that have a plane each for luma and the two chromas: `I420`, `I422`, `I444P10`... */
export function planarFormatOf(name: string): PlanarFormat | undefined {
  const [, sampling, bits = '8'] = /^I4(20|22|44)A?(?:P(10|12))?$/.exec(name) ?? [];
  if (sampling === undefined) return undefined;
  return {
    across: sampling === '44' ? 1 : 2,
    down: sampling === '20' ? 2 : 1,
    bits: Number(bits) as PlanarFormat['bits'],
  };
}

/** Any planar picture as I420 with eight bits: of chroma that is finer, every second sample. */
export function toI420(
  bytes: Uint8Array,
  planes: readonly PlaneAt[],
  format: PlanarFormat,
  width: number,
  height: number,
): Uint8Array {
  const [chromaWidth, chromaHeight] = [(width + 1) >> 1, (height + 1) >> 1];
  const i420 = new Uint8Array(width * height + 2 * chromaWidth * chromaHeight);
  const [luma, u, v] = planes;
  if (luma === undefined || u === undefined || v === undefined) return i420;
  const steps = { across: 2 / format.across, down: 2 / format.down };
  copyPlane(bytes, luma, format.bits, i420, 0, { width, height, across: 1, down: 1 });
  const chroma = { width: chromaWidth, height: chromaHeight, ...steps };
  copyPlane(bytes, u, format.bits, i420, width * height, chroma);
  copyPlane(bytes, v, format.bits, i420, width * height + chromaWidth * chromaHeight, chroma);
  return i420;
}

interface PlaneCopy {
  readonly width: number;
  readonly height: number;
  /** Samples of the source for one of the target. */
  readonly across: number;
  readonly down: number;
}

function copyPlane(
  source: Uint8Array,
  { offset, stride }: PlaneAt,
  bits: number,
  target: Uint8Array,
  at: number,
  { width, height, across, down }: PlaneCopy,
): void {
  // More than eight bits: two bytes each, the low one first.
  const bytesPerSample = bits > 8 ? 2 : 1;
  const shift = bits - 8;
  let out = at;
  for (let row = 0; row < height; row++) {
    let from = offset + row * down * stride;
    for (let column = 0; column < width; column++, from += across * bytesPerSample) {
      const low = source[from] as number;
      target[out++] =
        bytesPerSample === 1 ? low : ((low | ((source[from + 1] as number) << 8)) >> shift) & 0xff;
    }
  }
}
