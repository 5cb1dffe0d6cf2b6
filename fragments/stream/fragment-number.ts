/**
 * Fragment numbers: 47 decimal digits, so that string order is arrival order (reference kvs.md §5):
 * `N = 2^156 + sequence * 2^92 + serverMs * 2^28 + random28`.
 */

const BASE = 1n << 156n;
const DIGITS = /^[0-9]{47}$/;

/** The parts of a fragment number. */
export interface FragmentNumberParts {
  /** Grows by one a fragment; each new ingest session starts at the next multiple of 1000, plus one. */
  readonly sequence: number;
  /** Server timestamp of the fragment's first byte, epoch milliseconds. */
  readonly serverMs: number;
  /** 28 random bits. */
  readonly random28: number;
}

/** Writes the 47 digits of a fragment number. */
export function formatFragmentNumber(parts: FragmentNumberParts): string {
  const value =
    BASE + (BigInt(parts.sequence) << 92n) + (BigInt(parts.serverMs) << 28n) + BigInt(parts.random28);
  return value.toString();
}

/** Reads a fragment number back; `undefined` for anything that is not one (wrong length, digits, or range). */
export function parseFragmentNumber(text: string): FragmentNumberParts | undefined {
  if (!DIGITS.test(text)) return undefined;
  const value = BigInt(text) - BASE;
  if (value < 0n) return undefined;
  const sequence = Number(value >> 92n);
  const serverMs = Number((value >> 28n) & 0xffff_ffff_ffff_ffffn);
  if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(serverMs)) return undefined;
  return { sequence, serverMs, random28: Number(value & 0xfff_ffffn) };
}

/** The first sequence of the ingest session after one that ended at `lastSequence`. */
export function nextSessionSequence(lastSequence: number): number {
  return Math.ceil((lastSequence + 1) / 1000) * 1000 + 1;
}
