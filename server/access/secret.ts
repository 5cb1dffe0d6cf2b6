import { createHash, randomBytes } from 'node:crypto';

/** A new secret that nobody can guess: 256 random bits as 43 characters that need no escaping in URLs and cookies. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** The name under which a secret is kept in memory: a look-up by it leaks timing about hashes only. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
