import { hash } from 'node:crypto';

/** Crockford's digits, in lower case: no i, l, o, u. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * The first `length` base32 digits of the SHA-256 of the parts. They are told apart by their lengths, so that no two lists of
 * parts are written alike. At most 51 digits.
 */
export function shortHash(parts: readonly (string | number)[], length: number): string {
  const bytes = hash('sha256', parts.map((part) => `${String(part).length}:${part}`).join(''), 'buffer');
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < length) {
      bits -= 5;
      text += DIGITS.charAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return text;
}
