import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import type {
  HttpCredentials,
  PlaybackTokenScope,
  Recognition,
} from '../../../../../server/access/access.ts';
import { scopeAllows } from '../../../../../server/access/playback-token.ts';
import { tokenPrincipal } from '../../../../../server/access/principals.ts';
import {
  requireAnything,
  requireFragment,
  requireLive,
  requireRange,
  Viewers,
} from '../../../../../server/playback/hls/viewers.ts';
import { infoAt, NOON_MS } from './infos.ts';

const requestOf = (headers: Record<string, string> = {}) =>
  ({ headers, socket: { remoteAddress: '10.0.0.1' } }) as unknown as IncomingMessage;

/** Knows tokens that start with `good`; counts how often it was asked. */
class CountingAccess {
  asked = 0;
  answer: Recognition = { ok: false, reason: 'invalid' };
  expiresMs = 1e9;

  recognizeHttp({ token }: HttpCredentials): Recognition {
    this.asked += 1;
    if (token?.startsWith('good') !== true) return this.answer;
    const scope: PlaybackTokenScope = { stream: 'cam', live: true, range: null, expiresMs: this.expiresMs };
    return { ok: true, principal: tokenPrincipal(scope) };
  }
}

test('who was recognized is not checked again for a while, whose credentials differ is', () => {
  const access = new CountingAccess();
  const viewers = new Viewers(access, 5000);
  for (let ms = 0; ms < 5000; ms += 250) viewers.recognize(requestOf(), 'good', ms);
  assert.equal(access.asked, 1);
  viewers.recognize(requestOf(), 'good', 5000);
  assert.equal(access.asked, 2);
  viewers.recognize(requestOf({ cookie: 'a' }), 'good', 5000);
  viewers.recognize(requestOf({ authorization: 'Bearer b' }), 'good', 5000);
  viewers.recognize(requestOf(), 'good2', 5000);
  assert.equal(access.asked, 5);
});

test('nobody is known for longer than the token is valid', () => {
  const access = new CountingAccess();
  access.expiresMs = 1000;
  const viewers = new Viewers(access, 5000);
  viewers.recognize(requestOf(), 'good', 0);
  viewers.recognize(requestOf(), 'good', 999);
  assert.equal(access.asked, 1);
  viewers.recognize(requestOf(), 'good', 1000);
  assert.equal(access.asked, 2);
});

test('who was refused is checked each time, and told why', () => {
  const access = new CountingAccess();
  const viewers = new Viewers(access, 5000);
  for (const [reason, status] of [
    ['invalid', 401],
    ['no-credentials', 401],
    ['expired', 401],
    ['rate-limited', 429],
  ] as const) {
    access.answer = { ok: false, reason };
    assert.throws(() => viewers.recognize(requestOf(), 'bad', 0), { status, code: reason });
  }
  assert.equal(access.asked, 4);
});

test('what is known is bounded, the oldest goes first', () => {
  const access = new CountingAccess();
  const viewers = new Viewers(access, 5000);
  for (let i = 0; i < 10_001; i++) viewers.recognize(requestOf(), `good${i}`, 0);
  viewers.recognize(requestOf(), 'good10000', 0);
  assert.equal(access.asked, 10_001);
  viewers.recognize(requestOf(), 'good0', 0);
  assert.equal(access.asked, 10_002);
});

test('what a token opens', () => {
  const range = { fromMs: NOON_MS + 3000, toMs: NOON_MS + 9000 };
  const archive = tokenPrincipal({ stream: 'cam', live: false, range, expiresMs: 0 });
  const live = tokenPrincipal({ stream: 'cam', live: true, range: null, expiresMs: 0 });
  assert.throws(() => requireLive(archive, 'cam'), { status: 403 });
  requireLive(live, 'cam');
  requireRange(archive, 'cam', range.fromMs, range.toMs);
  assert.throws(() => requireRange(archive, 'cam', range.fromMs - 1, range.toMs), { status: 403 });

  // Fragments of two seconds from NOON on: 1 to 4 touch the range.
  const allowed = (ordinal: number, isAtLiveEdge = false, principal = archive) => {
    try {
      requireFragment(principal, 'cam', infoAt(ordinal), isAtLiveEdge);
      return true;
    } catch {
      return false;
    }
  };
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((ordinal) => allowed(ordinal)),
    [false, true, true, true, true, false],
  );
  assert(allowed(5, true, live));
  assert(!allowed(5, false, live));
  assert(!allowed(5, true, archive));

  // An init segment belongs to no time, but to its stream.
  for (const principal of [archive, live]) {
    requireAnything(principal, 'cam');
    assert.throws(() => requireAnything(principal, 'other'), { status: 403 });
  }
  const nothing = { stream: 'cam', live: false, range: null, expiresMs: 0 };
  assert.throws(() => requireAnything(tokenPrincipal(nothing), 'cam'), { status: 403 });
  assert(!scopeAllows(nothing, { action: 'view', stream: 'cam', of: 'live' }));
});
