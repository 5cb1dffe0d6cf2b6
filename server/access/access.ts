import type { IncomingHttpHeaders } from 'node:http';

/**
 * Who may do what (design.md §6). One service answers for every door: encoders' stream keys, browsers' sessions,
 * shared playback tokens, AWS keys. The implementation is `AccessControl` in access-control.ts.
 */

/** What is asked for. A view names the time it looks at, so that a token for a range can be held to it. */
export type Wish =
  | { readonly action: 'admin' }
  | { readonly action: 'publish'; readonly stream: string }
  | {
      readonly action: 'view';
      readonly stream: string;
      /** `live`: the live edge. A range in producer epoch ms otherwise; open ends are infinite. */
      readonly of: 'live' | { readonly fromMs: number; readonly toMs: number };
    };

/** Somebody we know: a key, a session of a browser, a playback token, or anybody at all in open mode. */
export interface Principal {
  readonly kind: 'key' | 'session' | 'token' | 'open';
  /** For log lines and metrics; never a secret. */
  readonly id: string;
  /** When it ends by itself, epoch ms. A token that it makes for others ends then too. */
  readonly expiresMs?: number;
  may(wish: Wish): boolean;
  /** Was the key behind it revoked since, or has it expired? For connections that last long; absent: never. */
  readonly isOver?: (nowMs: number) => boolean;
}

/** What came with an HTTP request that may prove who it is. */
export interface HttpCredentials {
  readonly headers: IncomingHttpHeaders;
  /** `token` query parameter of a playback URL. */
  readonly token: string | undefined;
  readonly remoteAddress: string;
}

export interface PlaybackTokenScope {
  readonly stream: string;
  /** Live edge allowed. */
  readonly live: boolean;
  /** Archive range allowed, epoch ms; `null`: none. */
  readonly range: { readonly fromMs: number; readonly toMs: number } | null;
  readonly expiresMs: number;
}

/** Answer of a check that may be refused for too many failures from one address. */
export type Recognition =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly reason: 'no-credentials' | 'invalid' | 'expired' | 'rate-limited' };

export interface Access {
  /** Session cookie, `Authorization: Bearer <secret of a key>`, or playback token; the open principal in open mode. */
  recognizeHttp(credentials: HttpCredentials, nowMs: number): Recognition;
  /** A secret given by an encoder (`key=` of the URL, password). `undefined` secret is fine in open mode. */
  recognizeSecret(secret: string | undefined, remoteAddress: string, nowMs: number): Recognition;
  /** A signed token for a player's URL. */
  issuePlaybackToken(scope: PlaybackTokenScope): string;
}

/** What came of looking up the key that a request says it is signed with. */
export type SignerLookup =
  | { readonly ok: true; readonly secret: string; readonly principal: Principal }
  | Extract<Recognition, { readonly ok: false }>;

/** For clients that prove to know a secret without sending it: AWS signatures. */
export interface Signers {
  /** Whoever comes, in open mode; `undefined` otherwise. */
  readonly openPrincipal: Principal | undefined;
  /** The key with this id, when it is good and its address has not failed too often. */
  signer(keyId: string | undefined, remoteAddress: string, nowMs: number): SignerLookup;
  /** Counts a signature that this key did not make. */
  signatureFailed(keyId: string, signature: string, remoteAddress: string, nowMs: number): void;
}
