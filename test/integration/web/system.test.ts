import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertMatches } from '../../unit/server/web/support/schema.ts';
import { rawGet, startWeb } from '../../unit/server/web/support/web-harness.ts';

test('health and readiness answer everybody', async (t) => {
  const web = await startWeb(t);
  assertMatches('Health', await web.json('/healthz'));
  assertMatches('Readiness', await web.json('/readyz'));
  web.health = { checks: { http: true, rtmp: false } };
  const notReady = await web.json('/readyz', { status: 503 });
  assertMatches('Readiness', notReady);
  assert.deepEqual(notReady, { status: 'not-ready', checks: { http: true, rtmp: false }, detection: null });
});

test('metrics are for admins, and for scrapers on this machine', async (t) => {
  const web = await startWeb(t);
  const local = await web.request('/metrics');
  assert.equal(local.status, 200);
  assert.match(local.headers.get('content-type') ?? '', /^text\/plain; version=/);
  assert.match(await local.text(), /framelog_event_followers 0/);
  for (const header of ['x-forwarded-for', 'forwarded', 'via']) {
    assert.equal((await web.request('/metrics', { headers: { [header]: 'x' } })).status, 401, header);
  }
  const viewer = web.keys.add([{ action: 'view', stream: '*' }], web.nowMs);
  const passedOn = { 'x-forwarded-for': '192.0.2.1' };
  const asViewer = { ...passedOn, authorization: `Bearer ${viewer.secret}` };
  assert.equal((await web.request('/metrics', { headers: asViewer })).status, 403);
  assert.equal((await web.request('/metrics', { headers: { ...passedOn, ...web.admin } })).status, 200);
});

test('answers are counted by status', async (t) => {
  const web = await startWeb(t);
  await web.json('/healthz');
  await web.json('/api/streams', { status: 401 });
  const metrics = await web.metrics.metrics();
  assert.match(metrics, /framelog_web_requests_total\{status="200"\} 1/);
  assert.match(metrics, /framelog_web_requests_total\{status="401"\} 1/);
});

test('openapi.json is served with the version of this server', async (t) => {
  const web = await startWeb(t);
  const document = (await web.json('/api/openapi.json')) as { openapi: string; info: { version: string } };
  assert.equal(document.openapi, '3.1.0');
  assert.equal(document.info.version, '1.2.3');
});

test('every answer carries the security headers, the API is never cached', async (t) => {
  const web = await startWeb(t);
  for (const path of ['/', '/healthz', '/api/session', '/nothing']) {
    const { headers } = await web.request(path);
    assert.match(
      headers.get('content-security-policy') ?? '',
      /default-src 'none'.*frame-ancestors 'none'/,
      path,
    );
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('x-powered-by'), null);
  }
  assert.equal((await web.request('/api/session')).headers.get('cache-control'), 'no-store');
});

test('the page is asked for each time, its files are kept for ever', async (t) => {
  const web = await startWeb(t);
  const page = await web.request('/');
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  const html = await page.text();
  const assets = [...html.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
  assert.ok(assets.length >= 2);
  for (const path of assets) {
    const asset = await web.request(path);
    assert.equal(asset.status, 200, path);
    assert.equal(asset.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    await asset.body?.cancel();
  }
  const etag = page.headers.get('etag') ?? '';
  assert.equal(await rawGet(`${web.url}/`, { 'if-none-match': etag }), 304);
  assert.equal(await rawGet(`${web.url}/`, { 'if-none-match': '"other"' }), 200);
});

test('files come compressed to those who take it; what is no file of the page is not there', async (t) => {
  const web = await startWeb(t);
  const small = await web.request('/assets/hls.mjs', { headers: { 'accept-encoding': 'br' } });
  assert.equal(small.headers.get('content-encoding'), 'br');
  assert.equal(small.headers.get('cache-control'), 'no-cache');
  const plain = await web.request('/assets/hls.mjs', { headers: { 'accept-encoding': 'identity' } });
  assert.equal(plain.headers.get('content-encoding'), null);
  assert.equal(await small.text(), await plain.text());
  for (const path of ['/assets/openapi.json', '/assets/..%2fweb-app.ts', '/assets/0123/hls.mjs']) {
    await web.json(path, { status: 404 });
  }
});
