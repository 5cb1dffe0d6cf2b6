import { createHmac } from 'node:crypto';
import type { KeyCatalog, KeyRecord, SettingCatalog } from '../catalog/catalog.ts';
import type {
  Access,
  HttpCredentials,
  PlaybackTokenScope,
  Principal,
  Recognition,
  SignerLookup,
  Signers,
} from './access.ts';
import { FailureLimiter, type FailureLimits } from './failure-limiter.ts';
import { LoginLinks } from './login-links.ts';
import { signPlaybackToken, verifyPlaybackToken } from './playback-token.ts';
import {
  eitherPrincipal,
  keyPrincipal,
  openPrincipal,
  sessionPrincipal,
  tokenPrincipal,
} from './principals.ts';
import { digestOf, newSecret } from './secret.ts';
import { Sessions } from './sessions.ts';

/** Bound of sessions at once; each takes about 300 bytes. */
const MAX_SESSIONS = 10_000;
/** Longer than any secret; what is longer is refused before it is hashed. */
const MAX_SECRET_LENGTH = 256;
/** Catalog setting that holds the server's own secret. */
const SERVER_SECRET = 'server-secret';

type Refusal = Extract<Recognition, { ok: false }>['reason'];

export interface AccessOptions {
  /** Nobody needs a key. Only for servers that are bound to loopback: see bind-rule.ts. */
  readonly open: boolean;
  readonly sessionLifetimeMs: number;
  readonly loginLinkLifetimeMs: number;
  readonly failureLimits?: FailureLimits;
  /** Told of every refusal, for a counter. */
  readonly onRefused?: (reason: Refusal) => void;
}

/** What came of a login: the session's `Set-Cookie` header. */
export type LoginResult =
  | { readonly ok: true; readonly setCookie: string }
  | { readonly ok: false; readonly reason: Refusal };

/**
 * Access control on the keys of the catalog. Keys are read from the catalog at every check, so that a key made or revoked
 * by another process counts at once.
 */
export class AccessControl implements Access, Signers {
  readonly #keys: KeyCatalog;
  readonly #options: AccessOptions;
  readonly #serverSecret: string;
  readonly #tokenSecret: Uint8Array;
  readonly #sessions: Sessions;
  readonly #links: LoginLinks;
  readonly #limiter: FailureLimiter;

  constructor(catalog: KeyCatalog & SettingCatalog, options: AccessOptions) {
    const serverSecret = serverSecretOf(catalog);
    this.#keys = catalog;
    this.#options = options;
    this.#serverSecret = serverSecret;
    this.#tokenSecret = derive(serverSecret, 'playback-token');
    this.#sessions = new Sessions({
      cookieName: `framelog_${derive(serverSecret, 'cookie-name').toString('hex', 0, 4)}`,
      lifetimeMs: options.sessionLifetimeMs,
      maxSessions: MAX_SESSIONS,
    });
    this.#links = new LoginLinks(options.loginLinkLifetimeMs);
    this.#limiter = new FailureLimiter(options.failureLimits);
  }

  recognizeHttp(credentials: HttpCredentials, nowMs: number): Recognition {
    if (this.#options.open) return { ok: true, principal: openPrincipal };
    const bearer = /^Bearer +(\S+) *$/i.exec(credentials.headers.authorization ?? '')?.[1];
    // Whoever names a key means it: a wrong one is not made good by a cookie.
    if (bearer !== undefined) return this.recognizeSecret(bearer, credentials.remoteAddress, nowMs);
    const session = this.#recognizeSession(credentials.headers.cookie, nowMs);
    const token = this.#recognizeToken(credentials.token, nowMs);
    if (session.ok && token.ok) {
      return { ok: true, principal: eitherPrincipal(session.principal, token.principal) };
    }
    if (session.ok || token.ok) return session.ok ? session : token;
    return this.#refuse(token.reason === 'no-credentials' ? session.reason : token.reason);
  }

  recognizeSecret(secret: string | undefined, remoteAddress: string, nowMs: number): Recognition {
    if (this.#options.open) return { ok: true, principal: openPrincipal };
    const key = this.#keyOfSecret(secret, remoteAddress, nowMs);
    return typeof key === 'string'
      ? this.#refuse(key)
      : { ok: true, principal: keyPrincipal(key, this.#keys) };
  }

  get openPrincipal(): Principal | undefined {
    return this.#options.open ? openPrincipal : undefined;
  }

  signer(keyId: string | undefined, remoteAddress: string, nowMs: number): SignerLookup {
    if (keyId === undefined) return this.#refuse('no-credentials');
    const key = this.#keys.key(keyId);
    if (key === undefined || key.revokedMs !== null) {
      if (!this.#limiter.allows(remoteAddress, nowMs)) return this.#refuse('rate-limited');
      this.#limiter.failed(remoteAddress, keyId, nowMs);
      return this.#refuse('invalid');
    }
    if (!this.#limiter.allows(remoteAddress, nowMs, keyId)) return this.#refuse('rate-limited');
    if (isExpired(key, nowMs)) return this.#refuse('expired');
    return { ok: true, secret: key.secret, principal: keyPrincipal(key, this.#keys) };
  }

  signatureFailed(keyId: string, signature: string, remoteAddress: string, nowMs: number): void {
    this.#limiter.failed(remoteAddress, signature, nowMs, keyId);
    this.#refuse('invalid');
  }

  /** A secret that only this server knows, the same after a restart: another one for each purpose. */
  secretFor(purpose: string): Uint8Array {
    return derive(this.#serverSecret, purpose);
  }

  issuePlaybackToken(scope: PlaybackTokenScope): string {
    return signPlaybackToken(this.#tokenSecret, scope);
  }

  /** A one-time token for `/login?token=…` that opens a session of the key. */
  createLoginToken(keyId: string, nowMs: number): string {
    return this.#links.create(keyId, nowMs);
  }

  /** Opens a session with a one-time token. `secure`: the request came over TLS. */
  loginWithToken(token: string, secure: boolean, nowMs: number): LoginResult {
    const link = this.#links.redeem(token, nowMs);
    if (link === undefined || link === 'expired') return this.#refuse(link ?? 'invalid');
    return { ok: true, setCookie: this.#sessions.create(link.keyId, secure, nowMs) };
  }

  /** Opens a session with the secret of a key, typed into the login page. `secure`: the request came over TLS. */
  loginWithSecret(secret: string, secure: boolean, remoteAddress: string, nowMs: number): LoginResult {
    const key = this.#keyOfSecret(secret, remoteAddress, nowMs);
    if (typeof key === 'string') return this.#refuse(key);
    return { ok: true, setCookie: this.#sessions.create(key.id, secure, nowMs) };
  }

  /** Ends the session of the request; answers the `Set-Cookie` header that clears the cookie. */
  logout(cookieHeader: string | undefined, secure: boolean): string {
    return this.#sessions.end(cookieHeader, secure);
  }

  #keyOfSecret(secret: string | undefined, remoteAddress: string, nowMs: number): KeyRecord | Refusal {
    if (secret === undefined || secret === '') return 'no-credentials';
    if (!this.#limiter.allows(remoteAddress, nowMs)) return 'rate-limited';
    const key = secret.length > MAX_SECRET_LENGTH ? undefined : this.#keys.keyBySecret(secret);
    if (key === undefined || key.revokedMs !== null) {
      this.#limiter.failed(remoteAddress, digestOf(secret.slice(0, MAX_SECRET_LENGTH)), nowMs);
      return 'invalid';
    }
    return isExpired(key, nowMs) ? 'expired' : key;
  }

  #recognizeSession(cookieHeader: string | undefined, nowMs: number): Recognition {
    const session = this.#sessions.find(cookieHeader, nowMs);
    if (session === undefined) return { ok: false, reason: 'no-credentials' };
    if (session === 'expired') return { ok: false, reason: 'expired' };
    const key = this.#keys.key(session.keyId);
    if (key === undefined || key.revokedMs !== null) return { ok: false, reason: 'invalid' };
    if (isExpired(key, nowMs)) return { ok: false, reason: 'expired' };
    return { ok: true, principal: sessionPrincipal(session, key) };
  }

  #recognizeToken(token: string | undefined, nowMs: number): Recognition {
    if (token === undefined) return { ok: false, reason: 'no-credentials' };
    // A signature of 256 bits cannot be guessed, so wrong tokens are not counted as guesses.
    const verdict = verifyPlaybackToken(this.#tokenSecret, token, nowMs);
    return verdict.ok ? { ok: true, principal: tokenPrincipal(verdict.scope) } : verdict;
  }

  #refuse(reason: Refusal): { readonly ok: false; readonly reason: Refusal } {
    this.#options.onRefused?.(reason);
    return { ok: false, reason };
  }
}

function isExpired(key: KeyRecord, nowMs: number): boolean {
  return key.expiresMs !== null && key.expiresMs <= nowMs;
}

/** Made on the first start and kept, so that shared links survive restarts. */
function serverSecretOf(settings: SettingCatalog): string {
  const stored = settings.setting(SERVER_SECRET);
  if (stored !== undefined) return stored;
  const secret = newSecret();
  settings.putSetting(SERVER_SECRET, secret);
  return secret;
}

/** One secret a purpose, so that what is signed for one can never pass for another. */
function derive(serverSecret: string, purpose: string): Buffer {
  return createHmac('sha256', serverSecret).update(purpose).digest();
}
