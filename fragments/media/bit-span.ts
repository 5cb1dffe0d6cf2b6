/** A stretch of coded bits, for comparing headers without the fields that do not matter. */
export interface BitSpan {
  readonly bytes: Uint8Array;
  readonly startBit: number;
  readonly endBit: number;
}

/** Do the spans hold the same bits, each as its counterpart? They may begin at different bits. */
export function sameBits(a: readonly BitSpan[], b: readonly BitSpan[]): boolean {
  return (
    a.length === b.length &&
    a.every((span, i) => {
      const other = b[i];
      return other !== undefined && sameSpan(span, other);
    })
  );
}

function sameSpan(a: BitSpan, b: BitSpan): boolean {
  const count = a.endBit - a.startBit;
  if (count !== b.endBit - b.startBit) return false;
  for (let i = 0; i < count; i++) {
    if (bitAt(a, i) !== bitAt(b, i)) return false;
  }
  return true;
}

function bitAt(span: BitSpan, index: number): number {
  const bit = span.startBit + index;
  return ((span.bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
}
