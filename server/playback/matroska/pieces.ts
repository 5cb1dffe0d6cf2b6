/** A socket is handed this much at once: enough to be cheap, little enough for a slow consumer to be seen to go on. */
export const MAX_PIECE_BYTES = 256 * 1024;
/** What is as large as this goes by reference. */
const BY_REFERENCE_BYTES = 64 * 1024;

/**
 * The same bytes in pieces of at most MAX_PIECE_BYTES: small parts are joined (250 buffers written one by one cost 1.6
 * times the CPU of one buffer of the same bytes, see joined-bytes.ts), large ones passed on as they are.
 */
export function piecesOf(parts: readonly Uint8Array[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  let smallBytes = 0;
  const flush = () => {
    if (smallBytes > 0) pieces.push(Buffer.concat(small, smallBytes));
    small = [];
    smallBytes = 0;
  };
  for (const part of parts) {
    if (part.length >= BY_REFERENCE_BYTES) {
      flush();
      for (let at = 0; at < part.length; at += MAX_PIECE_BYTES)
        pieces.push(part.subarray(at, at + MAX_PIECE_BYTES));
      continue;
    }
    if (smallBytes + part.length > MAX_PIECE_BYTES) flush();
    small.push(part);
    smallBytes += part.length;
  }
  flush();
  return pieces;
}
