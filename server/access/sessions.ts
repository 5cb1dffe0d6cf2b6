import { digestOf, newSecret } from './secret.ts';

/** A browser that logged in with a key. What it may do is asked of the key each time, so a revoked key ends its sessions. */
export interface Session {
  readonly keyId: string;
  readonly expiresMs: number;
  /** For log lines: tells sessions apart, opens nothing. */
  readonly publicId: string;
}

/** What a session store is set up with. */
export interface SessionOptions {
  /** Cookies of one host are shared by all its ports: the name keeps two servers on one machine apart. */
  readonly cookieName: string;
  readonly lifetimeMs: number;
  /** Bound of sessions at once; the oldest goes first. */
  readonly maxSessions: number;
}

/** The sessions of this server. In memory: a restart asks browsers to log in again. */
export class Sessions {
  readonly #options: SessionOptions;
  /** By digest of the cookie's value, in order of creation; one lifetime for all makes that the order of expiry too. */
  readonly #sessions = new Map<string, Session>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Starts a session and answers the `Set-Cookie` header for it. `secure`: the page came over TLS. */
  create(keyId: string, secure: boolean, nowMs: number): string {
    this.#makeRoom(nowMs);
    const value = newSecret();
    const digest = digestOf(value);
    const expiresMs = nowMs + this.#options.lifetimeMs;
    this.#sessions.set(digest, { keyId, expiresMs, publicId: digest.slice(0, 8) });
    return this.#setCookie(value, Math.floor(this.#options.lifetimeMs / 1000), secure);
  }

  /** The session of a `Cookie` header. */
  find(cookieHeader: string | undefined, nowMs: number): Session | 'expired' | undefined {
    const digest = this.#digestIn(cookieHeader);
    const session = digest === undefined ? undefined : this.#sessions.get(digest);
    if (session === undefined) return undefined;
    return session.expiresMs <= nowMs ? 'expired' : session;
  }

  /** Ends the session of a `Cookie` header; answers the `Set-Cookie` header that makes the browser forget it. */
  end(cookieHeader: string | undefined, secure: boolean): string {
    const digest = this.#digestIn(cookieHeader);
    if (digest !== undefined) this.#sessions.delete(digest);
    return this.#setCookie('', 0, secure);
  }

  #makeRoom(nowMs: number): void {
    for (const [digest, session] of this.#sessions) {
      if (session.expiresMs > nowMs && this.#sessions.size < this.#options.maxSessions) return;
      this.#sessions.delete(digest);
    }
  }

  #digestIn(cookieHeader: string | undefined): string | undefined {
    const value = readCookie(cookieHeader, this.#options.cookieName);
    return value === undefined ? undefined : digestOf(value);
  }

  #setCookie(value: string, maxAgeSeconds: number, secure: boolean): string {
    const base = `${this.#options.cookieName}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax`;
    return secure ? `${base}; Secure` : base;
  }
}

/** The value of a cookie in a `Cookie` header (RFC 6265 §5.4), `undefined` when it is not there or is empty. */
export function readCookie(cookieHeader: string | undefined, name: string): string | undefined {
  for (const pair of cookieHeader?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name)
      return pair.slice(equals + 1).trim() || undefined;
  }
  return undefined;
}
