import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertMatches } from '../../unit/server/web/support/schema.ts';
import { rawGet, startWeb, type WebHarness } from '../../unit/server/web/support/web-harness.ts';

/** A browser that followed the login link. */
async function login(web: WebHarness): Promise<{ cookie: string }> {
  const [admin] = web.keys.listKeys();
  const token = web.access.createLoginToken(admin?.id ?? '', web.nowMs);
  const response = await web.request(`/login?token=${token}`);
  assert.equal(response.status, 303);
  assert.equal(response.headers.get('location'), '/');
  return { cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

test('the login link opens a session once; its token is not logged', async (t) => {
  const web = await startWeb(t);
  const token = web.access.createLoginToken(web.keys.listKeys()[0]?.id ?? '', web.nowMs);
  const first = await web.request(`/login?token=${token}`);
  const setCookie = first.headers.get('set-cookie') ?? '';
  assert.match(setCookie, /; HttpOnly; SameSite=Lax$/);
  const session = await web.json('/api/session', { headers: { cookie: setCookie.split(';')[0] ?? '' } });
  assertMatches('Session', session);
  assert.deepEqual((session as { isAdmin: boolean }).isAdmin, true);
  assert.equal((session as { publishUrl: string }).publishUrl, 'rtmp://127.0.0.1:1935/live');

  const second = await web.request(`/login?token=${token}`);
  assert.equal(second.status, 401);
  assert.match(second.headers.get('content-type') ?? '', /^text\/html/);
  assert.equal(second.headers.get('set-cookie'), null);
  assert.equal(second.headers.get('referrer-policy'), 'no-referrer');
  assert.ok(web.logLines.length > 0);
  assert.ok(!web.logLines.join('').includes(token));
});

test('a key signs a browser in; signing out ends the session', async (t) => {
  const web = await startWeb(t);
  const key = web.keys.add([{ action: 'view', stream: 'cam' }], web.nowMs);
  const headers = { origin: web.url };
  const signIn = (secret: string) =>
    web.request('/api/session', { method: 'POST', headers, json: { secret } });
  assert.equal((await signIn('wrong')).status, 401);
  const signedIn = await signIn(key.secret);
  assert.equal(signedIn.status, 204);
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  const session = (await web.json('/api/session', { headers: { cookie } })) as { isAdmin: boolean };
  assert.equal(session.isAdmin, false);
  const out = await web.request('/api/session', { method: 'DELETE', headers: { ...headers, cookie } });
  assert.match(out.headers.get('set-cookie') ?? '', /Max-Age=0/);
  await web.json('/api/session', { headers: { cookie }, status: 401 });
});

test('too many wrong keys from one address are answered 429', async (t) => {
  const web = await startWeb(t);
  for (let guess = 0; guess < 20; guess++) {
    await web.json('/api/session', { headers: { authorization: `Bearer wrong-${guess}` }, status: 401 });
  }
  const response = await web.request('/api/session', { headers: { authorization: 'Bearer wrong-again' } });
  assert.equal(response.status, 429);
  assert.equal(response.headers.get('retry-after'), '30');
  assertMatches('Error', await response.json());
});

test('a request that changes something by cookie must come from our own page', async (t) => {
  const web = await startWeb(t);
  const { cookie } = await login(web);
  const create = async (headers: Record<string, string>) => {
    const response = await web.request('/api/streams', {
      method: 'POST',
      headers: { cookie, ...headers },
      json: { name: `s${web.streams.streams.size}` },
    });
    return response.status;
  };
  assert.equal(await create({ origin: 'https://evil.example' }), 403);
  assert.equal(await create({ 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await create({ 'sec-fetch-site': 'same-site', origin: web.url }), 403);
  assert.equal(await create({}), 403);
  assert.equal(web.streams.streams.size, 0);
  assert.equal(await create({ origin: web.url }), 201);
  assert.equal(await create({ 'sec-fetch-site': 'same-origin' }), 201);
});

test('in open mode programs need no key, foreign pages and foreign host names get nothing', async (t) => {
  const web = await startWeb(t, { open: true });
  const create = (name: string, headers: Record<string, string>) =>
    web.request('/api/streams', { method: 'POST', headers, json: { name } });
  assert.equal((await create('a', {})).status, 201);
  assert.equal((await create('b', { origin: web.url })).status, 201);
  assert.equal((await create('c', { origin: 'https://evil.example' })).status, 403);
  const rebound = await rawGet(`${web.url}/api/streams`, { host: 'evil.example' });
  assert.equal(rebound, 421);
});

test('keys are made, listed without their secrets, and revoked', async (t) => {
  const web = await startWeb(t);
  const { json, request, admin: headers } = web;
  const made = (await json('/api/keys', {
    method: 'POST',
    headers,
    json: { name: 'door', rights: [{ action: 'publish', stream: 'door' }] },
    status: 201,
  })) as { id: string; secret: string };
  assertMatches('KeyWithSecret', made);
  assert.equal(web.access.recognizeSecret(made.secret, '', web.nowMs).ok, true);

  const list = await json('/api/keys', { headers });
  assertMatches('KeyList', list);
  assert.ok(!JSON.stringify(list).includes(made.secret));
  assert.ok(!web.logLines.join('').includes(made.secret));

  assert.equal((await request(`/api/keys/${made.id}`, { method: 'DELETE', headers })).status, 204);
  assert.equal(web.access.recognizeSecret(made.secret, '', web.nowMs).ok, false);
  await json('/api/keys/NOTHING', { method: 'DELETE', headers, status: 404 });
});

test('keys with rights or an end that make no sense are refused', async (t) => {
  const { json, admin: headers, nowMs } = await startWeb(t);
  const wrong = [
    { name: 'x', rights: [] },
    { name: '', rights: [{ action: 'admin' }] },
    { name: 'x', rights: [{ action: 'publish' }] },
    { name: 'x', rights: [{ action: 'publish', stream: 'a b' }] },
    { name: 'x', rights: [{ action: 'admin' }], expires: nowMs - 1 },
    { name: 'x', rights: [{ action: 'admin' }], secret: 'mine' },
  ];
  for (const body of wrong) {
    assertMatches('Error', await json('/api/keys', { method: 'POST', headers, json: body, status: 400 }));
  }
});

test('whoever may view makes tokens that show no more than that', async (t) => {
  const web = await startWeb(t);
  const viewer = web.keys.add([{ action: 'view', stream: 'cam*' }], web.nowMs, web.nowMs + 60_000);
  const publisher = web.keys.add([{ action: 'publish', stream: 'cam1' }], web.nowMs);
  const make = (secret: string, body: object, status: number) =>
    web.json('/api/tokens', {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      json: body,
      status,
    });
  type Token = { token: string; expiresMs: number; liveUrl: string; archiveUrl: string };

  const live = (await make(viewer.secret, { stream: 'cam1' }, 201)) as Token;
  assertMatches('Token', live);
  assert.equal(live.liveUrl, `/play/cam1/live.m3u8?token=${live.token}`);
  assert.equal(live.archiveUrl, null);
  const range = { from: web.nowMs - 5000, to: web.nowMs };
  const archive = (await make(viewer.secret, { stream: 'cam1', live: false, range }, 201)) as Token;
  assertMatches('Token', archive);
  assert.equal(archive.liveUrl, null);
  assert.match(
    archive.archiveUrl,
    new RegExp(`^/play/cam1/archive.m3u8\\?start=${range.from}&end=${range.to}&token=`),
  );

  await make(viewer.secret, { stream: 'door' }, 403);
  await make(publisher.secret, { stream: 'cam1' }, 403);
  await make(viewer.secret, { stream: 'cam1', live: false }, 400);
  await make(viewer.secret, { stream: 'cam1', range: { from: 5, to: 5 } }, 400);
  await make(viewer.secret, { stream: 'cam1', expiresInSeconds: 1e9 }, 400);

  // A token's holder can neither prolong it nor widen it with a cookie of somebody else's.
  await web.json(`/api/tokens?token=${live.token}`, {
    method: 'POST',
    json: { stream: 'cam1' },
    status: 401,
  });
});

test('a token ends with the key that made it at the latest', async (t) => {
  const web = await startWeb(t);
  const viewer = web.keys.add([{ action: 'view', stream: 'cam' }], web.nowMs, web.nowMs + 60_000);
  const headers = { authorization: `Bearer ${viewer.secret}` };
  const make = async (expiresInSeconds: number) => {
    const json = { stream: 'cam', expiresInSeconds };
    const token = await web.json('/api/tokens', { method: 'POST', headers, json, status: 201 });
    return (token as { expiresMs: number }).expiresMs - web.nowMs;
  };
  assert.equal(await make(10), 10_000);
  assert.equal(await make(3600), 60_000);
});
