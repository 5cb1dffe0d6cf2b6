import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { assertMatches } from '../../unit/server/web/support/schema.ts';
import { startWeb, type WebHarness } from '../../unit/server/web/support/web-harness.ts';
import { follow } from './support/read-events.ts';

const ROOT = '/api/streams/events/records';
const json = { accept: 'application/json' };
const HALF = (2n ** 127n).toString();

/** A server with the data stream `events`. */
async function start(t: TestContext, shards = 1, settings: Parameters<typeof startWeb>[1] = {}) {
  const web = await startWeb(t, settings);
  web.records.create('events', { mode: 'PROVISIONED', shardCount: shards }, web.nowMs);
  return web;
}

const put = (web: WebHarness, value: unknown, partitionKey = 'k') =>
  web.records.put('events', { partitionKey, data: Buffer.from(JSON.stringify(value)) }, web.nowMs);

const split = (web: WebHarness, shardId: string, at: bigint) =>
  web.records.split('events', shardId, at, web.nowMs);

interface Page {
  readonly records: readonly { readonly data: unknown }[];
  readonly next: string | null;
  readonly isAtTip: boolean;
}

const page = async (web: WebHarness, query = '') => {
  const answer = await web.json(`${ROOT}${query}`, { headers: { ...web.admin, ...json } });
  assertMatches('RecordPage', answer);
  return answer as Page;
};

test('records are followed as they come, through splits and merges, in the order of their key', async (t) => {
  const web = await start(t);
  for (let n = 0; n < 5; n++) await put(web, n);
  const { contents, next } = await follow(t, web, '?from=trim-horizon');
  assert.equal((await next())?.event, 'position');
  const first = await next();
  assertMatches('Record', first?.data);
  assert.deepEqual([first?.event, first?.data.data, first?.data.partitionKey], ['record', 0, 'k']);
  assert.deepEqual(await contents(4), [1, 2, 3, 4]);
  await put(web, 5);
  assert.deepEqual(await contents(1), [5]);
  await split(web, 'shardId-000000000000', BigInt(HALF));
  await put(web, 6);
  assert.deepEqual(await contents(1), [6]);
  await web.records.merge('events', 'shardId-000000000001', 'shardId-000000000002', web.nowMs);
  await put(web, 7);
  const last = await next();
  assert.deepEqual([last?.data.data, last?.data.shardId], [7, 'shardId-000000000003']);
});

test('from the beginning, children come after their parents', async (t) => {
  const web = await start(t);
  for (let n = 0; n < 250; n++) await put(web, n);
  await split(web, 'shardId-000000000000', BigInt(HALF));
  for (let n = 250; n < 500; n++) await put(web, n);
  const { contents } = await follow(t, web, '?from=trim-horizon');
  assert.deepEqual(
    await contents(500),
    Array.from({ length: 500 }, (_, n) => n),
  );
});

test('whoever comes back at any event misses nothing and gets nothing twice', async (t) => {
  const web = await start(t, 3);
  for (let n = 0; n < 10; n++) await put(web, n, `key-${n % 4}`);
  await split(web, 'shardId-000000000001', 2n ** 127n);
  for (let n = 10; n < 20; n++) await put(web, n, `key-${n % 4}`);
  const whole = await follow(t, web, '?from=trim-horizon&limit=20');
  const events = [];
  for (let each = await whole.next(); each !== undefined; each = await whole.next()) events.push(each);
  assert.deepEqual([events[0]?.event, events.at(-1)?.event], ['position', 'end']);
  const all = events.slice(1, -1).map(({ data }) => data.data);
  assert.deepEqual(
    all.toSorted((a, b) => Number(a) - Number(b)),
    Array.from({ length: 20 }, (_, n) => n),
  );
  for (const [index, { id = '' }] of events.slice(0, -1).entries()) {
    const headers = { ...web.admin, 'last-event-id': id };
    const { contents, stop } = await follow(t, web, '?from=latest', headers);
    const rest = (await contents(20 - index)) as number[];
    assert.deepEqual(new Set([...all.slice(0, index), ...rest]).size, 20, `after ${index} events`);
    stop();
  }
  const over = { ...web.admin, 'last-event-id': events.at(-1)?.id ?? '' };
  assert.equal((await web.request(ROOT, { headers: over })).status, 204);
});

test('latest means from now on, and holds for who comes back before the first record', async (t) => {
  const web = await start(t, 2);
  await put(web, 'old');
  const first = await follow(t, web);
  const position = await first.next();
  assert.equal(position?.event, 'position');
  first.stop();
  await put(web, 'new');
  const { contents } = await follow(t, web, '', { ...web.admin, 'last-event-id': position?.id ?? '' });
  assert.deepEqual(await contents(1), ['new']);
});

test('a shard that was split and forgotten while a client was away is no hindrance', async (t) => {
  const web = await start(t);
  await put(web, 1);
  const first = await follow(t, web, '?from=trim-horizon');
  const position = await first.next();
  first.stop();
  await split(web, 'shardId-000000000000', BigInt(HALF));
  web.nowMs += 25 * 3_600_000;
  await put(web, 2);
  await web.records.expire(web.nowMs);
  assert.equal(web.records.stream('events')?.shards.length, 2);
  const { contents } = await follow(t, web, '', { ...web.admin, 'last-event-id': position?.id ?? '' });
  assert.deepEqual(await contents(1), [2]);
});

test('what lies between two instants is followed to its end', async (t) => {
  const web = await start(t, 2);
  const startMs = web.nowMs;
  for (let n = 0; n < 10; n++) {
    web.nowMs = startMs + n * 1000;
    await put(web, n, `key-${n}`);
  }
  await split(web, 'shardId-000000000000', 5n);
  web.nowMs = startMs + 60_000;
  const query = `?from=${startMs + 3000}&to=${startMs + 7000}`;
  const { contents, next } = await follow(t, web, query);
  const found = (await contents(4)) as number[];
  assert.deepEqual(found.toSorted(), [3, 4, 5, 6]);
  const end = await next();
  assert.equal(end?.event, 'end');
  assert.equal(await next(), undefined);
  const paged = await page(web, query);
  assert.deepEqual([paged.records.length, paged.next], [4, null]);
  const done = await page(web, `?after=${end?.id}`);
  assert.deepEqual(done, { records: [], next: null, isAtTip: true });
});

test('records are filtered by what their JSON holds', async (t) => {
  const web = await start(t);
  const person = { detections: [{ label: 'person', score: 0.9 }], camera: 'door', n: 1 };
  await put(web, person);
  await put(web, { detections: [{ label: 'cat', score: 0.5 }], camera: 'door', n: 2 });
  await put(web, 'no object');
  await web.records.put('events', { partitionKey: 'k', data: Uint8Array.from([0xff, 0]) }, web.nowMs);
  const only = async (...filters: string[]) => {
    const query = filters.map((filter) => `filter=${encodeURIComponent(filter)}`).join('&');
    return (await page(web, `?${query}`)).records.map(({ data }) => (data as { n: number }).n);
  };
  assert.deepEqual(await only('detections[0].label=person'), [1]);
  assert.deepEqual(await only('$.camera=door'), [1, 2]);
  assert.deepEqual(await only('camera=door', 'n=2'), [2]);
  assert.deepEqual(await only('detections[0].score=0.50'), [2]);
  assert.deepEqual(await only('detections[1].label=person'), []);
  assert.deepEqual((await page(web)).records.slice(2), [
    { ...(await page(web)).records[2], encoding: 'json', data: 'no object' },
    { ...(await page(web)).records[3], encoding: 'base64', data: '/wA=' },
  ]);
  const { contents } = await follow(t, web, '?from=trim-horizon&filter=camera=door&filter=n=2');
  assert.deepEqual(await contents(1), [{ detections: [{ label: 'cat', score: 0.5 }], camera: 'door', n: 2 }]);
});

test('who lets nothing through is told where it is all the same', async (t) => {
  const web = await start(t);
  const records = Array.from({ length: 500 }, () => ({ partitionKey: 'k', data: Buffer.from('{"a":1}') }));
  for (let n = 0; n < 3; n++) await web.records.putMany('events', records, web.nowMs);
  const { next } = await follow(t, web, '?from=trim-horizon&filter=a=2');
  const [first, second] = [await next(), await next()];
  assert.deepEqual([first?.event, second?.event], ['position', 'position']);
  assert.notEqual(first?.id, second?.id);
});

test('pages go on where the last one ended, and say when that is all for now', async (t) => {
  const web = await start(t, 2);
  for (let n = 0; n < 25; n++) await put(web, n, `key-${n % 5}`);
  const found: unknown[] = [];
  let answer = await page(web, '?limit=10');
  for (;;) {
    found.push(...answer.records.map(({ data }) => data));
    if (answer.isAtTip) break;
    answer = await page(web, `?limit=10&after=${answer.next}`);
  }
  assert.equal(new Set(found).size, 25);
  assert.equal(found.length, 25);
  await put(web, 'later');
  const rest = await page(web, `?after=${answer.next}`);
  assert.deepEqual(
    rest.records.map(({ data }) => data),
    ['later'],
  );
});

test('what is wrong is said', async (t) => {
  const web = await start(t);
  const refused = async (query: string, status: number, code: string, headers = {}) => {
    const answer = await web.json(`${ROOT}${query}`, { headers: { ...web.admin, ...headers }, status });
    assertMatches('Error', answer);
    assert.equal((answer as { error: { code: string } }).error.code, code, query);
  };
  for (const filter of [
    '',
    '=x',
    'a',
    'a[=x',
    'a[x]=1',
    'a..b=1',
    '..a=1',
    '["a=1',
    'a b=1',
    `${'a.'.repeat(40)}a=1`,
    `${'a'.repeat(2000)}=1`,
  ]) {
    await refused(`?filter=${encodeURIComponent(filter)}`, 400, 'invalid-filter');
  }
  for (const after of ['x', '!', 'A'.repeat(13_000), 'AQ', 'AgAAAA', 'gICA']) {
    await refused(`?after=${after}`, 400, 'invalid-position');
  }
  await refused('', 400, 'invalid-position', { 'last-event-id': '17' });
  await refused('?from=yesterday', 400, 'invalid-request');
  await refused('?from=2000&to=1000', 400, 'invalid-request');
  await refused('?limit=0', 400, 'invalid-request');
  await refused(`?from=${web.nowMs + 60_000}`, 400, 'invalid-argument');
  await refused('', 406, 'not-acceptable', { accept: 'text/html' });
  await web.json('/api/streams/none/records', { headers: web.admin, status: 404 });
});

test('a position of an older stream of the same name is refused', async (t) => {
  const web = await start(t);
  const first = await follow(t, web);
  const position = await first.next();
  web.nowMs += 1000;
  await web.records.delete('events');
  // Whoever follows it is hung up on.
  await assert.rejects(first.next());
  web.records.create('events', { mode: 'PROVISIONED' }, web.nowMs);
  const headers = { ...web.admin, 'last-event-id': position?.id ?? '' };
  const answer = await web.json(ROOT, { headers, status: 410 });
  assert.equal((answer as { error: { code: string } }).error.code, 'stream-replaced');
});

test('rights are held to: a range, the live edge, or nothing', async (t) => {
  const web = await start(t);
  await put(web, 1);
  web.nowMs += 3_600_000;
  const fromMs = web.nowMs;
  await put(web, 2);
  const token = (live: boolean, range: { fromMs: number; toMs: number } | null) =>
    web.access.issuePlaybackToken({ stream: 'events', live, range, expiresMs: web.nowMs + 10_000_000 });
  const ofRange = token(false, { fromMs, toMs: fromMs + 1000 });
  const status = async (query: string) => {
    const response = await web.request(`${ROOT}${query}`, { headers: json });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await status(`?token=${ofRange}&from=${fromMs}&to=${fromMs + 500}`), 200);
  assert.equal(await status(`?token=${ofRange}&from=${fromMs - 1}&to=${fromMs + 500}`), 403);
  assert.equal(await status(`?token=${ofRange}&from=${fromMs}`), 403);
  assert.equal(await status(`?token=${ofRange}`), 403);
  assert.equal(await status(''), 401);
  // The live edge: who comes back with any position is shown the last minute only.
  const ofLive = token(true, null);
  assert.equal(await status(`?token=${ofLive}`), 403);
  const everything = await follow(t, web, '?from=trim-horizon');
  const beginning = await everything.next();
  const { contents } = await follow(t, web, `?token=${ofLive}`, { 'last-event-id': beginning?.id ?? '' });
  assert.deepEqual(await contents(1), [2]);
});

test('a revoked key sees no more records', async (t) => {
  const web = await start(t);
  const key = web.keys.add([{ action: 'view', stream: 'events' }], web.nowMs);
  const { next } = await follow(t, web, '', { authorization: `Bearer ${key.secret}` });
  assert.equal((await next())?.event, 'position');
  web.keys.revokeKey(key.id, web.nowMs);
  web.nowMs += 60_000;
  await put(web, 'secret');
  assert.equal(await next(), undefined);
});

test('a client that does not read is dropped and counted; nothing piles up for it', async (t) => {
  const web = await start(t, 1, { followerStallMs: 1 });
  const { hostname, port } = new URL(web.url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.pause();
  const data = Buffer.from(JSON.stringify('x'.repeat(900_000)));
  for (let n = 0; n < 20; n++) await web.records.put('events', { partitionKey: 'k', data }, web.nowMs);
  socket.write(
    `GET ${ROOT}?from=trim-horizon HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${web.admin.authorization}\r\n\r\n`,
  );
  const metric = async (line: string) => (await web.metrics.metrics()).includes(`\n${line}\n`);
  while (!(await metric('framelog_record_followers_dropped_total 1'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(await metric('framelog_record_followers 0'));
  const closed = once(socket, 'close');
  socket.resume();
  await closed;
});

test('who asks for the head only gets it', async (t) => {
  const web = await start(t);
  const response = await web.request(ROOT, { method: 'HEAD', headers: web.admin });
  assert.deepEqual([response.status, await response.text()], [200, '']);
});

test('there is a bound on followers, and a server that closes ends them', async (t) => {
  const web = await start(t, 1, { maxFollowers: 1 });
  const first = await follow(t, web);
  assert.equal((await first.next())?.event, 'position');
  await web.json(ROOT, { headers: web.admin, status: 503 });
  web.closing.abort();
  assert.equal(await first.next(), undefined);
});
