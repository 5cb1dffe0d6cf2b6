import { isIPv6 } from 'node:net';

/** How fast one address may guess. */
export interface FailureLimits {
  /** Wrong guesses that are free after a quiet time. */
  readonly burst: number;
  /** Time in which one more guess is allowed, ms. */
  readonly refillMs: number;
  /** Addresses remembered at once; the one that failed longest ago is forgotten first. */
  readonly maxAddresses: number;
}

/** 20 guesses at once, then one in two seconds: nothing against 200-bit secrets, little even against short ones. */
export const DEFAULT_FAILURE_LIMITS: FailureLimits = { burst: 20, refillMs: 2000, maxAddresses: 10_000 };

/** Wrong guesses remembered for an address, so that a camera which repeats one old key does not use up its budget. */
const REMEMBERED_GUESSES = 16;

interface Bucket {
  /** Guesses left at `atMs`. */
  tokens: number;
  atMs: number;
  readonly guesses: Set<string>;
}

/**
 * A token bucket of wrong guesses for each address (IPv6: each /64, which is what one subscriber has). Repeating the same wrong guess
 * is not a new guess and costs nothing: a camera that keeps a revoked key must not lock out its neighbours behind
 * the same address.
 */
export class FailureLimiter {
  readonly #limits: FailureLimits;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: FailureLimits = DEFAULT_FAILURE_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** May this address try a secret now? `keyId`: a key that it named, whose guesses are counted apart. */
  allows(remoteAddress: string, nowMs: number, keyId = ''): boolean {
    const bucket = this.#buckets.get(bucketOf(remoteAddress, keyId));
    return bucket === undefined || this.#tokensAt(bucket, nowMs) >= 1;
  }

  /** Counts a wrong guess. `guess`: something that tells guesses apart, e.g. a digest of the secret. */
  failed(remoteAddress: string, guess: string, nowMs: number, keyId = ''): void {
    const name = bucketOf(remoteAddress, keyId);
    const bucket = this.#buckets.get(name) ?? {
      tokens: this.#limits.burst,
      atMs: nowMs,
      guesses: new Set(),
    };
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    this.#forgetOldest();
    if (bucket.guesses.has(guess)) return;
    bucket.tokens = Math.max(0, this.#tokensAt(bucket, nowMs) - 1);
    bucket.atMs = nowMs;
    bucket.guesses.add(guess);
    if (bucket.guesses.size > REMEMBERED_GUESSES) bucket.guesses.delete(first(bucket.guesses));
  }

  #tokensAt(bucket: Bucket, nowMs: number): number {
    // A clock that was set back refills nothing, and takes nothing.
    const refilled = Math.max(0, nowMs - bucket.atMs) / this.#limits.refillMs;
    return Math.min(this.#limits.burst, bucket.tokens + refilled);
  }

  #forgetOldest(): void {
    if (this.#buckets.size > this.#limits.maxAddresses) this.#buckets.delete(first(this.#buckets.keys()));
  }
}

function first(values: Iterable<string>): string {
  for (const value of values) return value;
  return '';
}

/** One who signs with a wrong secret of a known key must not lock out others, behind the same address, with their own keys. */
function bucketOf(remoteAddress: string, keyId: string): string {
  return keyId === '' ? groupOf(remoteAddress) : `${groupOf(remoteAddress)} ${keyId}`;
}

/** The addresses that count as one: an IPv4 address (also when mapped into IPv6), or the /64 of an IPv6 address. */
function groupOf(remoteAddress: string): string {
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
