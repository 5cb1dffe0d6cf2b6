import { createHash, createHmac, hash } from 'node:crypto';

/** SHA-256 of nothing: what is signed when the body is not. */
export const EMPTY_SHA256 = createHash('sha256').digest('hex');

export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

export function hmacSha256(key: string | Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
