import { hmacSha256 } from './sigv4-hash.ts';

/** A signing key is good for a day, a region and a service; a server sees a few for each access key. */
const MAX_KEYS = 1000;

/** The keys that signatures are made with, derived from secrets; kept, since deriving takes longer than all else. */
export class SigningKeys {
  readonly #keys = new Map<string, Buffer>();

  get size(): number {
    return this.#keys.size;
  }

  /** The signing key of a secret for a scope. `dateStamp`: `YYYYMMDD`. */
  keyOf(secret: string, dateStamp: string, region: string, service: string): Buffer {
    // The secret is part of the name, so that a key with a new secret never meets the old one.
    const name = `${dateStamp}/${region}/${service}/${secret}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const parts = [region, service, 'aws4_request'];
    const key = parts.reduce(hmacSha256, hmacSha256(`AWS4${secret}`, dateStamp));
    this.#keys.set(name, key);
    // The oldest goes first: of another day, as a rule.
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size <= MAX_KEYS) break;
      this.#keys.delete(oldest);
    }
    return key;
  }
}
