import type { PlayedCodec } from './played-codec.ts';

/** What clients ask for (kvs.md §4.3, §4.4), with the defaults filled in. */
export interface SessionRequest {
  readonly protocol: 'hls' | 'dash';
  readonly mode: 'LIVE' | 'LIVE_REPLAY' | 'ON_DEMAND';
  /** Which of a fragment's two timestamps ranges and timelines go by. */
  readonly clock: 'server' | 'producer';
  /** Epoch ms, both ends included; none for LIVE, no end for a LIVE_REPLAY that goes on. */
  readonly startMs?: number;
  readonly endMs?: number;
  readonly container: 'mp4' | 'ts';
  readonly discontinuity: 'ALWAYS' | 'NEVER' | 'ON_DISCONTINUITY';
  readonly showTimestamps: boolean;
  readonly showNumbers: boolean;
  /** Fragments that a playlist lists at most. */
  readonly maxFragments: number;
  readonly expiresS: number;
}

/** A track that a session plays. */
export interface SessionTrack {
  readonly id: number;
  readonly codec: PlayedCodec;
}

/**
 * All that makes a session. It travels in the session's token: any process can answer from it, and a restart ends no
 * session. What else is known of a session is derived from this and the log.
 */
export interface SessionFacts extends Omit<SessionRequest, 'expiresS'> {
  readonly stream: string;
  /** Of the stream: a session does not go over to a new stream of the same name. */
  readonly streamCreatedMs: number;
  readonly startedMs: number;
  readonly expiresMs: number;
  /** The first fragment that a LIVE session lists. */
  readonly firstOrdinal: number;
  /** What was recorded when the session began ends before this: it is selected as a whole, what comes later is added in order. */
  readonly endOrdinal: number;
  /** Video first. */
  readonly tracks: readonly SessionTrack[];
}
