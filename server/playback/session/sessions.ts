import { createHash } from 'node:crypto';
import type { OpenStream, StreamService } from '../../streams/stream-service.ts';
import { InitTracks } from './init-tracks.ts';
import { openSession } from './open-session.ts';
import { SessionError } from './session-error.ts';
import type { SessionFacts, SessionRequest } from './session-facts.ts';
import { SessionFragments } from './session-fragments.ts';
import { signSessionToken, verifySessionToken } from './session-token.ts';

/** Sessions whose fragments are kept in memory, and fragments of all of them; the rest is derived again when asked for. */
const MAX_KEPT_SESSIONS = 2048;
const MAX_KEPT_FRAGMENTS = 200_000;

/** What sessions need of the StreamService. */
export type SessionStreams = Pick<StreamService, 'open' | 'peek' | 'record'>;

/** A session as its token names it. */
export interface Session {
  readonly facts: SessionFacts;
  readonly fragments: SessionFragments;
  /** For log lines and counting viewers: says nothing of the token. */
  readonly id: string;
}

/** Playback sessions: made as tokens, and found again by them. Only what can be derived anew is kept, in bounded memory. */
export class Sessions {
  readonly inits = new InitTracks();
  readonly #streams: SessionStreams;
  readonly #secret: Uint8Array;
  /** In order of last use. */
  readonly #kept = new Map<string, Session>();

  /** `secret`: the server's, for this purpose alone. */
  constructor(streams: SessionStreams, secret: Uint8Array) {
    this.#streams = streams;
    this.#secret = secret;
  }

  /** Sessions in memory. */
  get size(): number {
    return this.#kept.size;
  }

  /** Makes a session and answers its token. Throws SessionError and LogReadError (open-session.ts). */
  async create(stream: OpenStream, request: SessionRequest, nowMs: number, endsMs?: number): Promise<string> {
    return signSessionToken(this.#secret, await openSession(stream, this.inits, request, nowMs, endsMs));
  }

  /**
   * The session of a token, its fragments as of now. Throws SessionError (a token that is wrong or expired, a stream that is not
   * there any more, media that changed), StreamError, LogReadError.
   */
  async find(token: string, protocol: SessionFacts['protocol'], nowMs: number): Promise<Session> {
    const known = this.#kept.get(token);
    const facts =
      known === undefined || known.facts.expiresMs <= nowMs ? this.#verify(token, nowMs) : known.facts;
    if (facts.protocol !== protocol) {
      throw new SessionError('InvalidArgumentException', `This is the token of a ${facts.protocol} session.`);
    }
    const stream = await this.#streamOf(facts);
    const session = known?.fragments.stream === stream ? known : this.#make(token, facts, stream);
    this.#kept.delete(token);
    this.#kept.set(token, session);
    try {
      await session.fragments.update(nowMs);
    } catch (error) {
      // What was read in part is read anew; what is refused stays refused.
      if (!(error instanceof SessionError)) this.#kept.delete(token);
      throw error;
    }
    if (session !== known) this.#bound(nowMs);
    return session;
  }

  /** What the token says, when this server has signed it and it holds. */
  #verify(token: string, nowMs: number): SessionFacts {
    const verdict = verifySessionToken(this.#secret, token, nowMs);
    if (verdict.ok) return verdict.facts;
    // The words of the service (kvs.md §4.3).
    const state = verdict.reason === 'expired' ? 'expired' : 'invalid';
    throw new SessionError('AccessDeniedException', `Streaming session token is ${state}`);
  }

  async #streamOf({ stream: name, streamCreatedMs }: SessionFacts): Promise<OpenStream> {
    const isThere = this.#streams.record(name)?.createdMs === streamCreatedMs;
    if (!isThere)
      throw new SessionError('ResourceNotFoundException', 'The stream of this session was deleted.');
    return this.#streams.peek(name) ?? (await this.#streams.open(name));
  }

  #make(token: string, facts: SessionFacts, stream: OpenStream): Session {
    const id = createHash('sha256').update(token).digest('hex').slice(0, 12);
    return { facts, fragments: new SessionFragments(facts, stream, this.inits), id };
  }

  /** Lets the sessions go that are over, and then those that were not asked for the longest. */
  #bound(nowMs: number): void {
    let fragments = 0;
    for (const [token, { facts, fragments: its }] of this.#kept) {
      if (facts.expiresMs <= nowMs) this.#kept.delete(token);
      else fragments += its.size;
    }
    for (const [oldest, { fragments: its }] of this.#kept) {
      const isWithin = this.#kept.size <= MAX_KEPT_SESSIONS && fragments <= MAX_KEPT_FRAGMENTS;
      if (isWithin || this.#kept.size === 1) break;
      this.#kept.delete(oldest);
      fragments -= its.size;
    }
  }
}
