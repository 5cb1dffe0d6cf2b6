import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionFacts } from '../../../../../server/playback/session/session-facts.ts';
import {
  signSessionToken,
  verifySessionToken,
} from '../../../../../server/playback/session/session-token.ts';
import { sessionRequest } from './session-rig.ts';

const SECRET = Buffer.alloc(32, 1);

function facts(of: Partial<SessionFacts> = {}): SessionFacts {
  const { expiresS: _, ...request } = sessionRequest({ mode: 'LIVE' });
  return {
    ...request,
    stream: 'front-door',
    streamCreatedMs: 1_700_000_000_123,
    startedMs: 1000,
    expiresMs: 301_000,
    firstOrdinal: 17,
    endOrdinal: 22,
    tracks: [
      { id: 1, codec: 'h264' },
      { id: 2, codec: 'aac' },
    ],
    ...of,
  };
}

test('a token carries the session, in base64url with ~ for padding', () => {
  for (const each of [
    facts(),
    facts({ startMs: 1.5, endMs: 86_400_001.5, mode: 'ON_DEMAND', clock: 'producer', container: 'ts' }),
    facts({ protocol: 'dash', showNumbers: true, showTimestamps: true, stream: 'x'.repeat(256) }),
  ]) {
    const token = signSessionToken(SECRET, each);
    assert.match(token, /^[A-Za-z0-9_-]+~{0,2}$/);
    assert.equal(token.length % 4, 0);
    assert.deepEqual(verifySessionToken(SECRET, token, 2000), { ok: true, facts: each });
  }
});

test('two sessions of the same request have tokens of their own', () => {
  assert.notEqual(signSessionToken(SECRET, facts()), signSessionToken(SECRET, facts()));
});

test('a token ends when it says', () => {
  const token = signSessionToken(SECRET, facts());
  assert.equal(verifySessionToken(SECRET, token, 300_999).ok, true);
  assert.deepEqual(verifySessionToken(SECRET, token, 301_000), { ok: false, reason: 'expired' });
});

test('no other bytes are taken', () => {
  const token = signSessionToken(SECRET, facts());
  const refused = { ok: false, reason: 'invalid' };
  assert.deepEqual(verifySessionToken(Buffer.alloc(32, 2), token, 0), refused);
  const padding = token.length - token.replaceAll('~', '').length;
  for (let i = 0; i < token.length - padding - 1; i++) {
    const other = token[i] === 'A' ? 'B' : 'A';
    assert.deepEqual(verifySessionToken(SECRET, token.slice(0, i) + other + token.slice(i + 1), 0), refused);
  }
  for (const text of ['', '~', 'a'.repeat(2000), token.slice(0, 80), `${token}\n`, 'ü'.repeat(80)]) {
    assert.deepEqual(verifySessionToken(SECRET, text, 0), refused);
  }
});
