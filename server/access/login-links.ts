import { digestOf, newSecret } from './secret.ts';

interface LoginLink {
  readonly keyId: string;
  readonly expiresMs: number;
}

/** More links than an operator ever has open; the oldest goes first. */
const MAX_LINKS = 100;

/** One-time links that log a browser in, as Jupyter prints them: whoever opens one first gets a session of its key. */
export class LoginLinks {
  readonly #lifetimeMs: number;
  readonly #links = new Map<string, LoginLink>();

  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
  }

  /** A new token for `/login?token=…`, good for one use before it expires. */
  create(keyId: string, nowMs: number): string {
    for (const [digest, link] of this.#links) {
      if (link.expiresMs > nowMs && this.#links.size < MAX_LINKS) break;
      this.#links.delete(digest);
    }
    const token = newSecret();
    this.#links.set(digestOf(token), { keyId, expiresMs: nowMs + this.#lifetimeMs });
    return token;
  }

  /** Uses the token up; answers the id of its key. */
  redeem(token: string, nowMs: number): { readonly keyId: string } | 'expired' | undefined {
    const digest = digestOf(token);
    const link = this.#links.get(digest);
    if (link === undefined) return undefined;
    this.#links.delete(digest);
    return link.expiresMs <= nowMs ? 'expired' : { keyId: link.keyId };
  }
}
