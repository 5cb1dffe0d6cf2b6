import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { assertMatches } from '../../unit/server/web/support/schema.ts';
import { startWeb, type WebHarness } from '../../unit/server/web/support/web-harness.ts';

const GROUPS = '/api/data-streams/events/groups';
const FIRST = 'shardId-000000000000';

interface Lease {
  readonly shardId: string;
  readonly fence: number;
  readonly isWanted: boolean;
  readonly sequenceNumber: string;
}

interface Membership {
  readonly session: number;
  readonly leases: readonly Lease[];
}

async function start(t: TestContext, shards = 1) {
  const web = await startWeb(t);
  web.records.create('events', { mode: 'PROVISIONED', shardCount: shards }, web.nowMs);
  const call = (path: string, json: object, status = 200) =>
    web.json(`${GROUPS}/g${path}`, { method: 'POST', json, headers: web.admin, status });
  const refused = async (path: string, json: object, status: number, code: string) => {
    const answer = (await call(path, json, status)) as { error: { code: string } };
    assert.equal(answer.error.code, code);
  };
  const member = async (path: string, json: object) => {
    const answer = await call(path, json);
    assertMatches('Membership', answer);
    return answer as Membership;
  };
  const join = (worker: string, more: object = {}) => member('/workers', { worker, ...more });
  const beat = (worker: string, session: number) => member(`/workers/${worker}/heartbeat`, { session });
  const done = async (path: string, json: object) => {
    const init = { method: 'POST', headers: web.admin, json };
    assert.equal((await web.request(`${GROUPS}/g${path}`, init)).status, 204);
  };
  return { web, call, refused, join, beat, done };
}

const put = (web: WebHarness, data: string) =>
  web.records.put('events', { partitionKey: 'k', data: Buffer.from(data) }, web.nowMs);

const state = async (web: WebHarness) => {
  const answer = await web.json(`${GROUPS}/g`, { headers: web.admin });
  assertMatches('GroupState', answer);
  return answer as {
    leases: { owner: string | null; behindMs: number; recordsBehind: number; sequenceNumber: string }[];
    workers: object[];
  };
};

test('workers share the shards, give up what others lack, and are told what they have lost', async (t) => {
  const { web, refused, join, beat, done } = await start(t, 4);
  const a = await join('a');
  assert.deepEqual(
    a.leases.map(({ sequenceNumber }) => sequenceNumber),
    Array(4).fill('TRIM_HORIZON'),
  );
  const b = await join('b');
  assert.deepEqual(b.leases, []);
  const wanted = (await beat('a', a.session)).leases.filter(({ isWanted }) => isWanted);
  assert.equal(wanted.length, 2);
  for (const { shardId, fence } of wanted) {
    await done(`/leases/${shardId}/release`, { worker: 'a', fence });
    await refused(
      `/leases/${shardId}/checkpoint`,
      { worker: 'a', fence, sequenceNumber: 'TRIM_HORIZON' },
      409,
      'lease-lost',
    );
  }
  assert.deepEqual(
    (await beat('b', b.session)).leases.map(({ shardId, fence }) => {
      return fence > (wanted.find((lease) => lease.shardId === shardId)?.fence ?? Number.POSITIVE_INFINITY);
    }),
    [true, true],
  );
  web.nowMs += 9000;
  await beat('b', b.session);
  web.nowMs += 1000;
  // a was silent for 10 s.
  await refused('/workers/a/heartbeat', { session: a.session }, 409, 'not-joined');
  assert.equal((await beat('b', b.session)).leases.length, 4);
  await done('/workers/b/leave', { session: b.session });
  assert.deepEqual(
    (await state(web)).leases.map(({ owner }) => owner),
    Array(4).fill(null),
  );
  assertMatches('GroupList', await web.json(GROUPS, { headers: web.admin }));
});

test('checkpoints are numbers of records, move forward, and outlive their worker', async (t) => {
  const { web, call, refused, join, done } = await start(t);
  const numbers: string[] = [];
  for (const text of ['1', '2', '3']) numbers.push((await put(web, text)).sequenceNumber);
  web.nowMs += 5000;
  const a = await join('a');
  assert.deepEqual(
    (await state(web)).leases.map(({ behindMs, recordsBehind }) => [behindMs, recordsBehind]),
    [[5000, 3]],
  );
  const path = `/leases/${FIRST}/checkpoint`;
  const holder = { worker: 'a', fence: a.leases[0]?.fence ?? 0 };
  const [, second = ''] = numbers;
  assertMatches('Checkpoint', await call(path, { ...holder, sequenceNumber: second, subSequenceNumber: 3 }));
  await call(path, { ...holder, sequenceNumber: second });
  await refused(path, { ...holder, sequenceNumber: second, subSequenceNumber: 4 }, 409, 'checkpoint-behind');
  await refused(path, { ...holder, sequenceNumber: numbers[0] }, 409, 'checkpoint-behind');
  await refused(path, { ...holder, sequenceNumber: 'SHARD_END' }, 400, 'invalid-argument');
  await refused(path, { ...holder, sequenceNumber: '12345' }, 400, 'invalid-argument');
  await refused(path, { ...holder, sequenceNumber: 'x' }, 400, 'invalid-request');
  await refused(path, { ...holder, fence: holder.fence + 1, sequenceNumber: numbers[2] }, 409, 'lease-lost');
  await refused(
    '/leases/shardId-000000000007/checkpoint',
    { ...holder, sequenceNumber: 'TRIM_HORIZON' },
    404,
    'not-found',
  );
  assert.deepEqual(
    (await state(web)).leases.map(({ recordsBehind }) => recordsBehind),
    [1],
  );
  await done('/workers/a/leave', { session: a.session });
  const b = await join('b');
  assert.deepEqual(
    b.leases.map(({ sequenceNumber }) => sequenceNumber),
    [second],
  );
  const latest = await call(path, { worker: 'b', fence: b.leases[0]?.fence, sequenceNumber: 'LATEST' });
  assert.equal((latest as Lease).sequenceNumber, numbers[2]);
  assert.deepEqual(
    (await state(web)).leases.map(({ behindMs }) => behindMs),
    [0],
  );
});

test('children are leased after their parents', async (t) => {
  const { web, call, join, beat } = await start(t);
  const a = await join('a');
  await web.records.split('events', FIRST, 5n, web.nowMs);
  assert.equal((await beat('a', a.session)).leases.length, 1);
  await call(`/leases/${FIRST}/checkpoint`, {
    worker: 'a',
    fence: a.leases[0]?.fence,
    sequenceNumber: 'SHARD_END',
  });
  assert.deepEqual(
    (await beat('a', a.session)).leases.map(({ shardId }) => shardId),
    ['shardId-000000000001', 'shardId-000000000002'],
  );
});

test('a group that begins at the latest record, or at an instant, loses nothing that comes afterwards', async (t) => {
  const { web, join, done } = await start(t, 2);
  const putTo = (explicitHashKey: string, text: string) =>
    web.records.put('events', { partitionKey: 'k', explicitHashKey, data: Buffer.from(text) }, web.nowMs);
  await web.records.split('events', FIRST, 5n, web.nowMs);
  await putTo('0', 'old');
  const latest = await join('a', { startAt: 'LATEST' });
  await done('/workers/a/leave', { session: latest.session });
  await putTo('0', 'new');
  await putTo('6', 'new, too');
  web.nowMs += 1000;
  const second = await join('b', { startAt: 'LATEST' });
  const read = async ({ shardId, sequenceNumber }: Lease) => {
    const path = `/api/data-streams/events/shards/${shardId}/records?after=${sequenceNumber}`;
    const { records } = (await web.json(path, { headers: web.admin })) as { records: { data: string }[] };
    return records.map(({ data }) => Buffer.from(data, 'base64').toString());
  };
  // The shard that was split is of no interest.
  assert.deepEqual(
    second.leases.map(({ shardId }) => shardId),
    ['shardId-000000000001', 'shardId-000000000002', 'shardId-000000000003'],
  );
  assert.deepEqual(await Promise.all(second.leases.map(read)), [[], ['new'], ['new, too']]);
  const init = { method: 'POST', headers: web.admin, json: { worker: 'c', startAt: web.nowMs - 500 } };
  const timed = (await web.json(`${GROUPS}/timed/workers`, init)) as Membership;
  assert.deepEqual((await Promise.all(timed.leases.map(read))).flat(), []);
  await web.json(`${GROUPS}/later/workers`, {
    ...init,
    json: { worker: 'c', startAt: web.nowMs + 1 },
    status: 400,
  });
});

test('a group is forgotten with its checkpoints, and with its stream', async (t) => {
  const { web, refused, join, beat } = await start(t);
  const a = await join('a');
  await beat('a', a.session);
  web.nowMs += 1000;
  const deleted = await web.request(`${GROUPS}/g`, { method: 'DELETE', headers: web.admin });
  assert.equal(deleted.status, 204);
  await refused('/workers/a/heartbeat', { session: a.session }, 404, 'not-found');
  // What was given out by the older one is good for nothing in the new one.
  const again = await join('a');
  await refused('/workers/a/heartbeat', { session: a.session }, 409, 'not-joined');
  assert.ok((again.leases[0]?.fence ?? 0) > (a.leases[0]?.fence ?? Number.POSITIVE_INFINITY));
  await web.records.delete('events');
  await web.json(GROUPS, { headers: web.admin, status: 404 });
  web.records.create('events', { mode: 'PROVISIONED' }, web.nowMs + 1);
  await refused('/workers/a/heartbeat', { session: a.session }, 404, 'not-found');
  assert.deepEqual(await web.json(GROUPS, { headers: web.admin }), { groups: [] });
});

test('names, rights and bodies are checked', async (t) => {
  const { web, refused } = await start(t);
  await refused('/workers', { worker: 'a b' }, 400, 'invalid-argument');
  await refused('/workers', { worker: '' }, 400, 'invalid-argument');
  await refused('/workers', { worker: 'a', leaseMs: 10 }, 400, 'invalid-request');
  await refused('/workers', { worker: 'a', startAt: 'soon' }, 400, 'invalid-request');
  await refused('/workers/a/heartbeat', { session: 1 }, 404, 'not-found');
  const key = web.keys.add([{ action: 'view', stream: 'events' }], web.nowMs);
  const viewer = { authorization: `Bearer ${key.secret}` };
  const stranger = web.keys.add([{ action: 'publish', stream: 'events' }], web.nowMs);
  const joining = { method: 'POST', json: { worker: 'a' } };
  await web.json(`${GROUPS}/g/workers`, { ...joining, headers: viewer });
  await web.json(`${GROUPS}/g/workers`, {
    ...joining,
    headers: { authorization: `Bearer ${stranger.secret}` },
    status: 403,
  });
  await web.json(`${GROUPS}/g`, { method: 'DELETE', headers: viewer, status: 403 });
  await web.json(`${GROUPS}/none`, { headers: viewer, status: 404 });
});

test('there is a bound on groups', async (t) => {
  const { web, refused } = await start(t);
  const joining = { method: 'POST', headers: web.admin, json: { worker: 'a' } };
  for (let n = 0; n < 100; n++) await web.json(`${GROUPS}/g${n}/workers`, joining);
  await refused('/workers', { worker: 'a' }, 409, 'limit-exceeded');
});
