import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeFragment, START_MS } from '../../unit/server/web/support/fake-streams.ts';
import { assertMatches } from '../../unit/server/web/support/schema.ts';
import { startWeb } from '../../unit/server/web/support/web-harness.ts';

interface StreamList {
  readonly streams: { readonly name: string; readonly live: { readonly isLive: boolean } | null }[];
  readonly next: string | null;
}

test('a stream is created, listed, described, changed and deleted', async (t) => {
  const { request, json, admin: headers } = await startWeb(t);
  const created = await request('/api/streams', {
    method: 'POST',
    headers,
    json: { name: 'door.1', retentionHours: 48 },
  });
  assert.equal(created.status, 201);
  assert.equal(created.headers.get('location'), '/api/streams/door.1');
  assertMatches('Stream', await created.json());

  const list = (await json('/api/streams', { headers })) as StreamList;
  assertMatches('StreamList', list);
  assert.deepEqual(
    list.streams.map(({ name, live }) => ({ name, live })),
    [{ name: 'door.1', live: null }],
  );

  const description = (await json('/api/streams/door.1', { headers })) as {
    recorded: null;
    retentionHours: number;
  };
  assertMatches('StreamDescription', description);
  assert.equal(description.recorded, null);
  assert.equal(description.retentionHours, 48);

  const changed = await json('/api/streams/door.1', {
    method: 'PATCH',
    headers,
    json: { maxBytes: 1_000_000, version: 1 },
  });
  assertMatches('StreamSettings', changed);
  assert.deepEqual(changed, {
    name: 'door.1',
    createdMs: START_MS,
    retentionHours: 48,
    maxBytes: 1e6,
    version: 2,
  });

  const gone = await request('/api/streams/door.1', { method: 'DELETE', headers });
  assert.equal(gone.status, 204);
  await json('/api/streams/door.1', { headers, status: 404 });
});

test('a change is refused when the stream has changed meanwhile', async (t) => {
  const { streams, json, admin: headers } = await startWeb(t);
  streams.add('cam');
  const refused = await json('/api/streams/cam', {
    method: 'PATCH',
    headers,
    json: { retentionHours: null, version: 7 },
    status: 409,
  });
  assertMatches('Error', refused);
  const changed = (await json('/api/streams/cam', {
    method: 'PATCH',
    headers,
    json: { retentionHours: null },
  })) as {
    retentionHours: null;
  };
  assert.equal(changed.retentionHours, null);
});

test('names, bodies and limits that make no sense are refused in words', async (t) => {
  const { streams, json, request, admin: headers } = await startWeb(t);
  streams.add('cam');
  const codeOf = async (path: string, init: { method?: string; json?: unknown }, status: number) => {
    const answer = await json(path, { headers, status, ...init });
    assertMatches('Error', answer);
    return (answer as { error: { code: string } }).error.code;
  };
  const post = (body: unknown) => ({ method: 'POST', json: body });
  assert.equal(await codeOf('/api/streams', post({ name: 'a/b' }), 400), 'invalid-name');
  assert.equal(await codeOf('/api/streams', post({ name: 'cam' }), 409), 'already-exists');
  assert.equal(await codeOf('/api/streams', post({ name: 'x', retention: 1 }), 400), 'invalid-request');
  assert.equal(await codeOf('/api/streams', post({ name: 'x', retentionHours: -1 }), 400), 'invalid-request');
  assert.equal(await codeOf('/api/streams', post('x'), 400), 'invalid-request');
  assert.equal(await codeOf('/api/streams', { method: 'POST' }, 400), 'invalid-request');
  assert.equal(await codeOf('/api/streams?limit=0', {}, 400), 'invalid-request');
  assert.equal(await codeOf('/api/streams?limit=2000', {}, 400), 'invalid-request');
  assert.equal(await codeOf('/api/streams', post({ name: 'x'.repeat(100_000) }), 413), 'body-too-large');
  assert.equal(await codeOf('/api/streams/%E0%A4%A', {}, 400), 'invalid-request');
  assert.equal(await codeOf('/api/nothing', {}, 404), 'not-found');
  assert.equal(await codeOf('/api/streams', { method: 'DELETE' }, 405), 'method-not-allowed');
  const wrongMethod = await request('/api/streams/cam', { method: 'PUT', headers });
  assert.equal(wrongMethod.headers.get('allow'), 'GET, PATCH, DELETE, HEAD');
});

test('the list is paged, also when most streams are not for the caller', async (t) => {
  const { streams, keys, json, nowMs } = await startWeb(t);
  for (let i = 0; i < 1200; i++) streams.add(`cam-${String(i).padStart(4, '0')}`);
  for (const name of ['a', 'm', 'z']) streams.add(`${name}-door`);
  const key = keys.add([{ action: 'view', stream: '*-door' }], nowMs);
  const headers = { authorization: `Bearer ${key.secret}` };
  const pages: string[][] = [];
  let after = '';
  for (;;) {
    const page = (await json(`/api/streams?limit=2&after=${after}`, { headers })) as StreamList;
    pages.push(page.streams.map(({ name }) => name));
    if (page.next === null) break;
    after = page.next;
  }
  assert.deepEqual(pages, [['a-door', 'm-door'], ['z-door']]);
});

test('the live state tells what the camera sends; where it connects from is for admins', async (t) => {
  const { streams, keys, json, nowMs, admin } = await startWeb(t);
  streams.add('cam', [fakeFragment(0)]);
  const viewer = keys.add([{ action: 'view', stream: 'cam' }], nowMs);
  type Live = { publisher: { remoteAddress: string | null } | null; bitrateBps: number; videoFps: number };
  const full = (await json('/api/streams/cam/live', { headers: admin })) as Live;
  assertMatches('Live', full);
  assert.equal(full.publisher?.remoteAddress, '192.0.2.7');
  assert.equal(full.bitrateBps, 2_000_000);
  assert.equal(full.videoFps, 29.97);
  const less = (await json('/api/streams/cam/live', {
    headers: { authorization: `Bearer ${viewer.secret}` },
  })) as Live;
  assertMatches('Live', less);
  assert.equal(less.publisher?.remoteAddress, null);

  const list = (await json('/api/streams', { headers: admin })) as StreamList;
  assertMatches('StreamList', list);
  assert.equal(list.streams[0]?.live?.isLive, true);
  const description = (await json('/api/streams/cam', { headers: admin })) as {
    recorded: { startMs: number };
  };
  assertMatches('StreamDescription', description);
  assert.equal(description.recorded.startMs, START_MS);
});

test('a stream that the caller may not see is refused before it is looked for', async (t) => {
  const { streams, keys, json, nowMs } = await startWeb(t);
  streams.add('secret');
  const key = keys.add([{ action: 'view', stream: 'mine' }], nowMs);
  const headers = { authorization: `Bearer ${key.secret}` };
  const there = await json('/api/streams/secret', { headers, status: 403 });
  const notThere = await json('/api/streams/nothing', { headers, status: 403 });
  assert.equal(
    JSON.stringify(there).replace('secret', '?'),
    JSON.stringify(notThere).replace('nothing', '?'),
  );
  await json('/api/streams/mine', { headers, status: 404 });
  for (const method of ['PATCH', 'DELETE'])
    await json('/api/streams/mine', { method, headers, json: {}, status: 403 });
  await json('/api/streams', { method: 'POST', headers, json: { name: 'mine' }, status: 403 });
});
