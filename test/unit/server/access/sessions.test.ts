import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCookie, Sessions } from '../../../../server/access/sessions.ts';

const make = (maxSessions = 10) =>
  new Sessions({ cookieName: 'framelog_1', lifetimeMs: 60_000, maxSessions });
/** What a browser sends back. */
const cookieOf = (setCookie: string) => setCookie.slice(0, setCookie.indexOf(';'));

describe('sessions', () => {
  it('are found by their cookie until they expire', () => {
    const sessions = make();
    const cookie = cookieOf(sessions.create('KEY', false, 1000));
    const session = sessions.find(`a=b; ${cookie}; c=d`, 60_999);
    assert.ok(typeof session === 'object');
    assert.equal(session.keyId, 'KEY');
    assert.equal(session.expiresMs, 61_000);
    assert.equal(sessions.find(cookie, 61_000), 'expired');
    assert.equal(sessions.find(`${cookie}x`, 1000), undefined);
    assert.equal(sessions.find(undefined, 1000), undefined);
  });

  it('have a cookie that scripts and other sites cannot use', () => {
    const plain = make().create('KEY', false, 0);
    assert.match(plain, /^framelog_1=[\w-]{43}; Path=\/; Max-Age=60; HttpOnly; SameSite=Lax$/);
    assert.match(make().create('KEY', true, 0), /; Secure$/);
  });

  it('have a public id that does not tell the cookie', () => {
    const sessions = make();
    const cookie = cookieOf(sessions.create('KEY', false, 0));
    const session = sessions.find(cookie, 0);
    assert.ok(typeof session === 'object');
    assert.match(session.publicId, /^[0-9a-f]{8}$/);
    assert.ok(!cookie.includes(session.publicId));
  });

  it('end with the logout', () => {
    const sessions = make();
    const cookie = cookieOf(sessions.create('KEY', false, 0));
    assert.equal(sessions.end(cookie, false), 'framelog_1=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax');
    assert.equal(sessions.find(cookie, 0), undefined);
    sessions.end(undefined, true);
  });

  it('are bounded: expired ones go first, then the oldest', () => {
    const sessions = make(3);
    const cookies = [0, 1, 2, 3].map((ms) => cookieOf(sessions.create('KEY', false, ms)));
    assert.equal(sessions.size, 3);
    assert.equal(sessions.find(cookies[0], 3), undefined);
    assert.ok(sessions.find(cookies[1], 3));
    sessions.create('KEY', false, 60_002);
    assert.equal(sessions.size, 2, 'two had expired');
  });
});

describe('readCookie', () => {
  it('reads the header of RFC 6265', () => {
    assert.equal(readCookie('a=1; b=2', 'b'), '2');
    assert.equal(readCookie('a=1;b=2=3', 'b'), '2=3');
    assert.equal(readCookie('ab=1', 'b'), undefined);
    assert.equal(readCookie('b=; b=2', 'b'), undefined, 'the first of a name counts');
    assert.equal(readCookie('=;;;', 'b'), undefined);
  });
});
