import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import type { PlaybackTokenScope } from '../../../../server/access/access.ts';
import {
  scopeAllows,
  signPlaybackToken,
  verifyPlaybackToken,
} from '../../../../server/access/playback-token.ts';

const secret = randomBytes(32);
const scope: PlaybackTokenScope = {
  stream: 'front-door',
  live: true,
  range: { fromMs: 1000, toMs: 2000.5 },
  expiresMs: 10_000,
};

describe('playback tokens', () => {
  it('carry their scope, with closed, open and no range', () => {
    const { NEGATIVE_INFINITY: fromMs, POSITIVE_INFINITY: toMs } = Number;
    for (const one of [
      scope,
      { ...scope, live: false, range: { fromMs, toMs } },
      { ...scope, range: null },
    ]) {
      assert.deepEqual(verifyPlaybackToken(secret, signPlaybackToken(secret, one), 9999), {
        ok: true,
        scope: one,
      });
    }
  });

  it('need no escaping in a URL and are short', () => {
    const token = signPlaybackToken(secret, { ...scope, stream: 'x'.repeat(256) });
    assert.match(token, /^[\w.-]+$/);
    assert.ok(token.length < 512);
    assert.equal(verifyPlaybackToken(secret, token, 0).ok, true);
  });

  it('expire', () => {
    const token = signPlaybackToken(secret, scope);
    assert.deepEqual(verifyPlaybackToken(secret, token, 10_000), { ok: false, reason: 'expired' });
  });

  it('are refused when a bit was changed, cut, or signed by another', () => {
    const token = signPlaybackToken(secret, scope);
    const invalid = { ok: false, reason: 'invalid' };
    for (let index = 0; index < token.length - 1; index++) {
      const changed = token.slice(0, index) + (token[index] === 'A' ? 'B' : 'A') + token.slice(index + 1);
      assert.deepEqual(verifyPlaybackToken(secret, changed, 0), invalid, `character ${index}`);
      assert.deepEqual(verifyPlaybackToken(secret, token.slice(0, index), 0), invalid, `cut at ${index}`);
    }
    assert.deepEqual(verifyPlaybackToken(randomBytes(32), token, 0), invalid);
    for (const bad of ['', '.', 'a.b', '....', `${token}${'A'.repeat(2000)}`]) {
      assert.deepEqual(verifyPlaybackToken(secret, bad, 0), invalid);
    }
  });

  it('of another purpose or version are refused although the secret is right', () => {
    const sign = (text: string, purpose: string) =>
      `${text}.${createHmac('sha256', secret).update(purpose).update(text).digest('base64url')}`;
    const payload = Buffer.from('["cam",1,null,10000]').toString('base64url');
    assert.equal(verifyPlaybackToken(secret, sign(payload, 'framelog-play-1.'), 0).ok, true);
    assert.equal(verifyPlaybackToken(secret, sign(payload, ''), 0).ok, false);
    for (const strange of ['{}', '["cam"]', '["cam",2,null,1]', 'no json']) {
      const text = Buffer.from(strange).toString('base64url');
      assert.equal(verifyPlaybackToken(secret, sign(text, 'framelog-play-1.'), 0).ok, false, strange);
    }
  });

  it('allow what they were made for', () => {
    const view = (of: 'live' | { fromMs: number; toMs: number }, stream = 'front-door') =>
      scopeAllows(scope, { action: 'view', stream, of });
    assert.equal(view('live'), true);
    assert.equal(view('live', 'back-door'), false);
    assert.equal(view({ fromMs: 1000, toMs: 2000.5 }), true);
    assert.equal(view({ fromMs: 999, toMs: 2000 }), false);
    assert.equal(view({ fromMs: 1000, toMs: Number.POSITIVE_INFINITY }), false);
    assert.equal(
      scopeAllows({ ...scope, live: false }, { action: 'view', stream: 'front-door', of: 'live' }),
      false,
    );
    assert.equal(
      scopeAllows(
        { ...scope, range: null },
        { action: 'view', stream: 'front-door', of: { fromMs: 1, toMs: 2 } },
      ),
      false,
    );
    assert.equal(scopeAllows(scope, { action: 'admin' }), false);
    assert.equal(scopeAllows(scope, { action: 'publish', stream: 'front-door' }), false);
  });
});
