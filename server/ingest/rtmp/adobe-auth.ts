import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal, Signers } from '../../access/access.ts';

/**
 * How encoders with a user and a password prove that they know it ("authmod=adobe"): their `connect` is refused with a challenge in
 * words, and they connect anew with the answer in the query of the application. ffmpeg (libavformat/rtmpproto.c), OBS (librtmp) and GStreamer do so.
 * The user is the id of a key, the password its secret.
 */
export type AuthVerdict =
  | { readonly type: 'accepted'; readonly principal: Principal }
  /** To be sent as the description of the error that answers `connect`. */
  | { readonly type: 'challenged'; readonly description: string }
  | { readonly type: 'refused'; readonly description: string; readonly reason: string };

const REJECT = '[ AccessManager.Reject ] : ';
const NEED_AUTH = `${REJECT}[ code=403 need auth; authmod=adobe ] : `;
const FAILED = `${REJECT}[ authmod=adobe ] : ?reason=authfailed`;
/** From the challenge to the connection that answers it. */
const LIFETIME_MS = 60_000;
/** Answers that were taken, remembered until their challenge is over; more than that in a minute are no encoders. */
const MAX_ANSWERED = 10_000;
const USER = /^[\w.-]{1,128}$/;

/** Does the application part of a URL ask for a challenge, or answer one? */
export function speaksAdobeAuth(app: string): boolean {
  return /[?&]authmod=/.test(app);
}

/** Challenges need no memory: a challenge carries its time and a MAC. What was answered is remembered, so that no answer is good twice. */
export class AdobeAuth {
  readonly #signers: Signers;
  readonly #secret = randomBytes(32);
  /** Time of expiry by challenge, oldest first. */
  readonly #answered = new Map<string, number>();

  constructor(signers: Signers) {
    this.#signers = signers;
  }

  /** Judges the application part of a `connect`. */
  judge(app: string, remoteAddress: string, nowMs: number): AuthVerdict {
    const open = this.#signers.openPrincipal;
    if (open !== undefined) return { type: 'accepted', principal: open };
    const query = readQuery(app);
    const user = query.get('user');
    if (user === undefined) return { type: 'challenged', description: NEED_AUTH };
    if (query.get('authmod') !== 'adobe') return refused('another authentication method');
    if (!USER.test(user)) return refused('malformed user');
    const response = query.get('response');
    if (response === undefined) return { type: 'challenged', description: this.#challenge(user, nowMs) };
    const challenge = query.get('opaque') ?? '';
    if (!this.#isOpen(challenge, user, nowMs)) return refused('unknown challenge');
    const signer = this.#signers.signer(user, remoteAddress, nowMs);
    if (!signer.ok) return refused(signer.reason);
    const own = answerTo({
      user,
      salt: this.#saltOf(user),
      password: signer.secret,
      challenge,
      clientChallenge: query.get('challenge') ?? '',
    });
    if (!isEqual(own, response)) {
      this.#signers.signatureFailed(user, response, remoteAddress, nowMs);
      return refused('wrong password');
    }
    this.#remember(challenge, nowMs);
    return { type: 'accepted', principal: signer.principal };
  }

  /** The same text as `challenge` and as `opaque`: some clients hash the one, some the other, and all send `opaque` back. */
  #challenge(user: string, nowMs: number): string {
    const stamp = `${Math.floor(nowMs).toString(16).padStart(12, '0')}${randomBytes(4).toString('hex')}`;
    const challenge = `${stamp}${this.#mac(`${stamp} ${user}`, 16)}`;
    const salt = this.#saltOf(user);
    return `${REJECT}[ authmod=adobe ] : ?reason=needauth&user=${user}&salt=${salt}&challenge=${challenge}&opaque=${challenge}`;
  }

  /** Was it made here, for this user, not long ago, and not answered yet? */
  #isOpen(challenge: string, user: string, nowMs: number): boolean {
    const stamp = challenge.slice(0, 20);
    if (!isEqual(this.#mac(`${stamp} ${user}`, 16), challenge.slice(20))) return false;
    const ageMs = nowMs - Number.parseInt(stamp.slice(0, 12), 16);
    return ageMs >= 0 && ageMs <= LIFETIME_MS && !this.#answered.has(challenge);
  }

  #remember(challenge: string, nowMs: number): void {
    this.#answered.set(challenge, nowMs + LIFETIME_MS);
    for (const [oldest, expiresMs] of this.#answered) {
      if (expiresMs >= nowMs && this.#answered.size <= MAX_ANSWERED) break;
      this.#answered.delete(oldest);
    }
  }

  #saltOf(user: string): string {
    return this.#mac(`salt ${user}`, 4);
  }

  #mac(text: string, bytes: number): string {
    return createHmac('sha256', this.#secret).update(text).digest().toString('hex', 0, bytes);
  }
}

/** The answer that a client gives which knows the password. */
export function answerTo(parts: {
  readonly user: string;
  readonly salt: string;
  readonly password: string;
  /** The server's, ... */
  readonly challenge: string;
  /** ... and the client's own. */
  readonly clientChallenge: string;
}): string {
  const md5 = (text: string) => createHash('md5').update(text).digest('base64');
  const known = md5(parts.user + parts.salt + parts.password);
  return md5(known + parts.challenge + parts.clientChallenge);
}

function refused(reason: string): AuthVerdict {
  return { type: 'refused', description: FAILED, reason };
}

/** Values are taken as they stand: Base64 with its plus signs is not encoded by any client. */
function readQuery(app: string): ReadonlyMap<string, string> {
  const query = app.slice(app.indexOf('?') + 1);
  if (query === app) return new Map();
  return new Map(
    query.split('&').flatMap((pair): [string, string][] => {
      const equals = pair.indexOf('=');
      return equals < 0 ? [] : [[pair.slice(0, equals), pair.slice(equals + 1)]];
    }),
  );
}

function isEqual(own: string, given: string): boolean {
  const [a, b] = [Buffer.from(own), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
