import { SessionError } from '../../../server/playback/session/session-error.ts';
import type { SessionFacts } from '../../../server/playback/session/session-facts.ts';
import { parseSessionQuery } from '../../../server/playback/session/session-query.ts';
import { signSessionToken, verifySessionToken } from '../../../server/playback/session/session-token.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const secret = Buffer.alloc(32, 7);
const facts: SessionFacts = {
  protocol: 'hls',
  mode: 'LIVE_REPLAY',
  clock: 'producer',
  startMs: 1_700_000_000_000,
  container: 'ts',
  discontinuity: 'ON_DISCONTINUITY',
  showTimestamps: true,
  showNumbers: false,
  maxFragments: 5000,
  stream: 'cam',
  streamCreatedMs: 1,
  startedMs: 1000,
  expiresMs: 2000,
  firstOrdinal: 3,
  endOrdinal: 9,
  tracks: [{ id: 1, codec: 'h264' }],
};
const tokens = [signSessionToken(secret, facts), signSessionToken(secret, { ...facts, protocol: 'dash' })];

/** The query of a session's child, and the token in it: typed refusals only, and no token that was not signed. */
export const target: FuzzTarget = {
  name: 'session-token',
  seeds: () =>
    tokens.map((token) =>
      Buffer.from(`SessionToken=${token}&TrackNumber=1&SequenceNumber=0&FragmentNumber=91343852333181`),
    ),
  run(input) {
    const { token } = parseSessionQuery(new URLSearchParams(Buffer.from(input).toString('latin1')));
    const verdict = verifySessionToken(secret, token, 1500);
    if (verdict.ok && !tokens.some((ours) => isSameToken(ours, token)))
      throw new Error('took a forged token');
  },
  isTyped: (error) => error instanceof SessionError,
};

/** Padding and what a base64 reader passes over make no other token. */
function isSameToken(ours: string, given: string): boolean {
  return Buffer.from(ours, 'base64url').equals(Buffer.from(given, 'base64url'));
}
