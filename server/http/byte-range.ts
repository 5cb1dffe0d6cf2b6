/**
 * The `Range` request header (RFC 9110 §14.2), as far as media needs it: one range of bytes. Several ranges in one
 * request are answered with the whole body, which the RFC allows.
 */

/** Bytes `[startBytes, endBytes)` of a body. */
export interface ByteRange {
  readonly startBytes: number;
  readonly endBytes: number;
}

const ONE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/**
 * Reads a `Range` header against a body of `sizeBytes`. `undefined`: send everything (no header, another unit,
 * several ranges, or nonsense: an invalid Range is ignored). `unsatisfiable`: answer 416.
 */
export function parseByteRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | 'unsatisfiable' | undefined {
  if (header === undefined) return undefined;
  const match = ONE_RANGE.exec(header);
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '') {
    // "bytes=-N": the last N bytes. "If the selected representation is shorter than the specified suffix-length,
    // the entire representation is used."
    if (last === '') return undefined;
    const suffixBytes = Number(last);
    if (suffixBytes === 0 || sizeBytes === 0) return 'unsatisfiable';
    return { startBytes: Math.max(0, sizeBytes - suffixBytes), endBytes: sizeBytes };
  }
  const startBytes = Number(first);
  const endBytes = last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  if (last !== '' && Number(last) < startBytes) return undefined;
  if (startBytes >= sizeBytes) return 'unsatisfiable';
  return { startBytes, endBytes };
}

/** The part of a list of buffers that a range names, by reference. */
export function sliceBuffers(buffers: readonly Uint8Array[], range: ByteRange): Uint8Array[] {
  const slices: Uint8Array[] = [];
  let offsetBytes = 0;
  for (const buffer of buffers) {
    const from = Math.max(0, range.startBytes - offsetBytes);
    const to = Math.min(buffer.length, range.endBytes - offsetBytes);
    if (from < to) slices.push(buffer.subarray(from, to));
    offsetBytes += buffer.length;
    if (offsetBytes >= range.endBytes) break;
  }
  return slices;
}
