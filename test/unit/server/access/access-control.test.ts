import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { HttpCredentials, Recognition, Wish } from '../../../../server/access/access.ts';
import { AccessControl, type AccessOptions } from '../../../../server/access/access-control.ts';
import { makeKey } from '../../../../server/access/key-factory.ts';
import type { KeyRecord, Right } from '../../../../server/catalog/catalog.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';

const live = (stream: string): Wish => ({ action: 'view', stream, of: 'live' });
const options: AccessOptions = { open: false, sessionLifetimeMs: 3_600_000, loginLinkLifetimeMs: 60_000 };

let folder: string;
let catalog: SqliteCatalog;
let access: AccessControl;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'framelog-access-'));
  catalog = SqliteCatalog.open(join(folder, 'catalog.db'));
  access = new AccessControl(catalog, options);
});

afterEach(() => {
  catalog.close();
  rmSync(folder, { recursive: true });
});

function addKey(rights: readonly Right[], expiresMs: number | null = null): KeyRecord {
  const key = makeKey({ name: 'test', rights, expiresMs }, 0);
  catalog.insertKey(key);
  return key;
}

function http(given: { authorization?: string; cookie?: string; token?: string }): HttpCredentials {
  const { token, ...headers } = given;
  return { headers, token, remoteAddress: '10.0.0.1' };
}

const outcome = (recognition: Recognition) =>
  recognition.ok ? `${recognition.principal.kind} ${recognition.principal.id}` : recognition.reason;

function may(recognition: Recognition, wish: Wish): boolean {
  assert.ok(recognition.ok);
  return recognition.principal.may(wish);
}

function cookieOf(login: ReturnType<AccessControl['loginWithToken']>): string {
  assert.ok(login.ok);
  return login.setCookie.slice(0, login.setCookie.indexOf(';'));
}

describe('AccessControl with secrets', () => {
  it('recognizes an encoder by the secret of a key', () => {
    const key = addKey([{ action: 'publish', stream: 'cam-*' }]);
    const recognition = access.recognizeSecret(key.secret, '10.0.0.1', 1);
    assert.equal(outcome(recognition), `key ${key.id}`);
    assert.equal(may(recognition, { action: 'publish', stream: 'cam-1' }), true);
    assert.equal(may(recognition, { action: 'publish', stream: 'door' }), false);
    assert.equal(may(recognition, live('cam-1')), false);
  });

  it('refuses none, wrong, revoked and expired ones', () => {
    const expiring = addKey([{ action: 'admin' }], 100);
    const revoked = addKey([{ action: 'admin' }]);
    catalog.revokeKey(revoked.id, 5);
    const ask = (secret: string | undefined, nowMs = 99) =>
      outcome(access.recognizeSecret(secret, '10.0.0.1', nowMs));
    assert.equal(ask(undefined), 'no-credentials');
    assert.equal(ask(''), 'no-credentials');
    assert.equal(ask('wrong'), 'invalid');
    assert.equal(ask('x'.repeat(100_000)), 'invalid');
    assert.equal(ask(revoked.secret), 'invalid');
    assert.equal(ask(expiring.secret), `key ${expiring.id}`);
    assert.equal(ask(expiring.secret, 100), 'expired');
  });

  it('takes Authorization: Bearer, and no cookie makes a wrong one good', () => {
    const key = addKey([{ action: 'admin' }]);
    assert.equal(
      outcome(access.recognizeHttp(http({ authorization: `Bearer ${key.secret}` }), 1)),
      `key ${key.id}`,
    );
    assert.equal(
      outcome(access.recognizeHttp(http({ authorization: `bearer  ${key.secret} ` }), 1)),
      `key ${key.id}`,
    );
    const cookie = cookieOf(access.loginWithSecret(key.secret, false, '10.0.0.1', 1));
    assert.equal(outcome(access.recognizeHttp(http({ authorization: 'Bearer x', cookie }), 1)), 'invalid');
    assert.equal(outcome(access.recognizeHttp(http({ authorization: 'Basic eA==' }), 1)), 'no-credentials');
  });

  it('slows down whoever guesses, even when the guess is right, and counts each refusal', () => {
    const refusals: string[] = [];
    access = new AccessControl(catalog, {
      ...options,
      failureLimits: { burst: 2, refillMs: 1000, maxAddresses: 10 },
      onRefused: (reason) => refusals.push(reason),
    });
    const key = addKey([{ action: 'admin' }]);
    const ask = (secret: string, nowMs: number, address = '10.0.0.1') =>
      outcome(access.recognizeSecret(secret, address, nowMs));
    assert.equal(ask('guess 1', 0), 'invalid');
    assert.equal(ask('guess 2', 0), 'invalid');
    assert.equal(ask(key.secret, 0), 'rate-limited');
    assert.equal(ask(key.secret, 0, '10.0.0.2'), `key ${key.id}`);
    assert.equal(ask(key.secret, 1000), `key ${key.id}`);
    assert.deepEqual(refusals, ['invalid', 'invalid', 'rate-limited']);
  });
});

describe('AccessControl with sessions', () => {
  it('logs in with a one-time token, once', () => {
    const key = addKey([{ action: 'admin' }]);
    const token = access.createLoginToken(key.id, 0);
    const cookie = cookieOf(access.loginWithToken(token, false, 1));
    assert.match(
      outcome(access.recognizeHttp(http({ cookie }), 2)),
      new RegExp(`^session ${key.id}/[0-9a-f]{8}$`),
    );
    assert.deepEqual(access.loginWithToken(token, false, 2), { ok: false, reason: 'invalid' });
    const late = access.createLoginToken(key.id, 0);
    assert.deepEqual(access.loginWithToken(late, false, 60_000), { ok: false, reason: 'expired' });
  });

  it('logs in with a secret, with the rights of its key', () => {
    const key = addKey([{ action: 'view', stream: 'a' }]);
    const cookie = cookieOf(access.loginWithSecret(key.secret, true, '10.0.0.1', 0));
    const recognition = access.recognizeHttp(http({ cookie }), 1);
    assert.equal(may(recognition, live('a')), true);
    assert.equal(may(recognition, live('b')), false);
    assert.deepEqual(access.loginWithSecret('wrong', true, '10.0.0.1', 0), { ok: false, reason: 'invalid' });
  });

  it('ends sessions with the logout, with time, and with their key', () => {
    const key = addKey([{ action: 'admin' }], 7_200_000);
    const login = () => cookieOf(access.loginWithSecret(key.secret, false, '10.0.0.1', 0));
    const ask = (cookie: string, nowMs = 1) => outcome(access.recognizeHttp(http({ cookie }), nowMs));
    const [first, second] = [login(), login()];
    assert.match(access.logout(first, false), /Max-Age=0/);
    assert.equal(ask(first), 'no-credentials');
    assert.match(ask(second), /^session/);
    assert.equal(ask(second, 3_600_000), 'expired');
    catalog.revokeKey(key.id, 1);
    assert.equal(ask(second), 'invalid');
  });

  it('names its cookie by the data folder, so that two servers on a host do not mix', () => {
    const other = SqliteCatalog.open(join(folder, 'other.db'));
    const nameOf = (control: AccessControl) => control.logout(undefined, false).split('=')[0];
    assert.notEqual(nameOf(access), nameOf(new AccessControl(other, options)));
    assert.equal(nameOf(access), nameOf(new AccessControl(catalog, options)), 'the same after a restart');
    other.close();
  });
});

describe('AccessControl with playback tokens', () => {
  const scope = { stream: 'a', live: true, range: null, expiresMs: 1000 };

  it('takes its own, also after a restart, and no others', () => {
    const token = access.issuePlaybackToken(scope);
    const recognition = new AccessControl(catalog, options).recognizeHttp(http({ token }), 1);
    assert.equal(outcome(recognition), 'token token/a');
    assert.equal(may(recognition, live('a')), true);
    assert.equal(may(recognition, live('b')), false);
    assert.equal(outcome(access.recognizeHttp(http({ token }), 1000)), 'expired');
    assert.equal(outcome(access.recognizeHttp(http({ token: `${token}x` }), 1)), 'invalid');
    assert.equal(outcome(access.recognizeHttp(http({}), 1)), 'no-credentials');
  });

  it('lets a browser with a session and a shared link do what either may', () => {
    const key = addKey([{ action: 'view', stream: 'b' }]);
    const cookie = cookieOf(access.loginWithSecret(key.secret, false, '10.0.0.1', 0));
    const both = access.recognizeHttp(http({ cookie, token: access.issuePlaybackToken(scope) }), 1);
    assert.deepEqual(
      ['a', 'b', 'c'].map((stream) => may(both, live(stream))),
      [true, true, false],
    );
    assert.match(outcome(access.recognizeHttp(http({ cookie, token: 'bad' }), 1)), /^session/);
    const token = access.issuePlaybackToken(scope);
    assert.match(outcome(access.recognizeHttp(http({ cookie: 'x=y', token }), 1)), /^token/);
  });
});

describe('AccessControl in open mode', () => {
  it('lets anybody do anything, whatever they bring', () => {
    access = new AccessControl(catalog, { ...options, open: true });
    assert.equal(outcome(access.recognizeSecret(undefined, '127.0.0.1', 0)), 'open open');
    assert.equal(outcome(access.recognizeSecret('wrong', '127.0.0.1', 0)), 'open open');
    const recognition = access.recognizeHttp(http({ authorization: 'Bearer wrong', token: 'bad' }), 0);
    assert.equal(may(recognition, { action: 'admin' }), true);
  });
});
