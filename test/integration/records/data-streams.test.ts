import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertMatches } from '../../unit/server/web/support/schema.ts';
import { startWeb } from '../../unit/server/web/support/web-harness.ts';

const ROOT = '/api/data-streams';

test('a data stream is made, put to, read, and deleted by REST alone', async (t) => {
  const web = await startWeb(t);
  const { admin: headers } = web;
  const created = await web.json(ROOT, {
    method: 'POST',
    json: { name: 'events', shards: 2 },
    headers,
    status: 201,
  });
  assertMatches('DataStream', created);
  const list = await web.json(ROOT, { headers });
  assertMatches('DataStreamList', list);
  assert.deepEqual(list, { streams: [created], next: null });
  const described = await web.json(`${ROOT}/events`, { headers });
  assertMatches('DataStreamDescription', described);
  await web.json(ROOT, { method: 'POST', json: { name: 'events' }, headers, status: 409 });
  await web.json(ROOT, { method: 'POST', json: { name: 'a b' }, headers, status: 400 });

  const records = [
    { partitionKey: 'a', explicitHashKey: '0', data: { label: 'person' } },
    { partitionKey: 'a', explicitHashKey: '1', encoding: 'text', data: 'grüß dich' },
    { partitionKey: 'a', explicitHashKey: '2', encoding: 'base64', data: 'AP8=' },
    { partitionKey: 'a', explicitHashKey: 'none', data: null },
  ];
  const put = (json: unknown, status = 200) =>
    web.json(`${ROOT}/events/records`, { method: 'POST', json, headers, status });
  const results = (await put({ records })) as { failed: number; records: { error: object | null }[] };
  assertMatches('PutResults', results);
  assert.equal(results.failed, 1);
  assert.deepEqual(
    results.records.map(({ error }) => error === null),
    [true, true, true, false],
  );
  for (const record of [
    { data: 1 },
    { partitionKey: 'k' },
    { partitionKey: 'k', encoding: 'text', data: 1 },
    { partitionKey: 'k', encoding: 'base64', data: '*' },
    { partitionKey: 'k', dta: 1 },
  ]) {
    await put({ records: [record] }, 400);
  }
  await put({ records: [{ partitionKey: 'k', data: 'x'.repeat(3_000_000) }] }, 413);

  const shard = `${ROOT}/events/shards/shardId-000000000000/records`;
  const read = (await web.json(`${shard}?limit=2`, { headers })) as {
    records: { data: string; sequenceNumber: string }[];
    after: string;
  };
  assertMatches('ShardRecords', read);
  assert.deepEqual(
    read.records.map(({ data }) => Buffer.from(data, 'base64').toString()),
    ['{"label":"person"}', 'grüß dich'],
  );
  const rest = (await web.json(`${shard}?after=${read.after}`, { headers })) as typeof read;
  assert.equal(rest.records[0]?.data, 'AP8=');
  const again = (await web.json(`${shard}?at=${read.records[1]?.sequenceNumber}&limit=1`, {
    headers,
  })) as typeof read;
  assert.deepEqual(again.records, [read.records[1]]);
  const late = (await web.json(`${shard}?after=LATEST`, { headers })) as typeof read;
  assert.deepEqual(late.records, []);
  for (const query of [
    'after=1',
    'after=x',
    'at=1',
    `at=${read.after}&after=${read.after}`,
    'waitMs=999999',
    'limit=0',
  ]) {
    await web.json(`${shard}?${query}`, { headers, status: 400 });
  }
  await web.json(`${ROOT}/events/shards/shardId-000000000009/records`, { headers, status: 404 });

  assert.equal((await web.request(`${ROOT}/events`, { method: 'DELETE', headers })).status, 204);
  await web.json(`${ROOT}/events`, { headers, status: 404 });
});

test('a read waits for records, for the end of the shard, or for its time', async (t) => {
  const web = await startWeb(t, { maxLongPolls: 1 });
  web.records.create('events', { mode: 'PROVISIONED' }, web.nowMs);
  const path = `${ROOT}/events/shards/shardId-000000000000/records`;
  const read = (query: string, status = 200) =>
    web.json(`${path}?${query}`, { headers: web.admin, status }) as Promise<{
      records: { data: string }[];
      after: string;
      isAtEnd: boolean;
      children: string[];
    }>;
  const waits = async () => (await web.metrics.metrics()).includes('\nframelog_record_long_polls 1\n');
  const waiting = async () => {
    while (!(await waits())) await new Promise((resolve) => setImmediate(resolve));
  };
  const first = read('waitMs=30000');
  await waiting();
  await read('waitMs=30000', 503);
  await web.records.put('events', { partitionKey: 'k', data: Buffer.from('x') }, web.nowMs);
  const { after, records } = await first;
  assert.equal(records.length, 1);
  const second = read(`after=${after}&waitMs=30000`);
  await waiting();
  await web.records.split('events', 'shardId-000000000000', 5n, web.nowMs);
  const ended = await second;
  assert.deepEqual([ended.isAtEnd, ended.children], [true, ['shardId-000000000001', 'shardId-000000000002']]);
  const empty = await web.json(`${ROOT}/events/shards/shardId-000000000001/records?waitMs=1`, {
    headers: web.admin,
  });
  assert.deepEqual((empty as { records: object[] }).records, []);
  assert.match(await web.metrics.metrics(), /framelog_record_long_polls_refused_total 1/);
});

test('rights: view reads, publish puts, admin makes and deletes', async (t) => {
  const web = await startWeb(t);
  web.records.create('events', { mode: 'PROVISIONED' }, web.nowMs);
  web.records.create('other', { mode: 'PROVISIONED' }, web.nowMs);
  const keyOf = (action: 'view' | 'publish') => {
    const { secret } = web.keys.add([{ action, stream: 'events' }], web.nowMs);
    return { authorization: `Bearer ${secret}` };
  };
  const shard = `${ROOT}/events/shards/shardId-000000000000/records`;
  const putting = { method: 'POST', json: { records: [{ partitionKey: 'k', data: 1 }] } };
  for (const [headers, reading, writing] of [
    [keyOf('view'), 200, 403],
    [keyOf('publish'), 403, 200],
  ] as const) {
    const list = (await web.json(ROOT, { headers })) as { streams: { name: string }[] };
    assert.deepEqual(
      list.streams.map(({ name }) => name),
      ['events'],
    );
    await web.json(`${ROOT}/events`, { headers });
    await web.json(`${ROOT}/other`, { headers, status: 403 });
    await web.json(shard, { headers, status: reading });
    await web.json(`${ROOT}/events/records`, { ...putting, headers, status: writing });
    await web.json(ROOT, { method: 'POST', json: { name: 'new' }, headers, status: 403 });
    await web.json(`${ROOT}/events`, { method: 'DELETE', headers, status: 403 });
  }
});
