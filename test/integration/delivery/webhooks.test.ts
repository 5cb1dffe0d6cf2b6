import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../e2e/support/until.ts';
import { DeliveryRig, dataFolder } from './support/delivery-rig.ts';
import { eventOf } from './support/events.ts';
import { Mosquitto } from './support/mosquitto.ts';
import { mqttRig } from './support/mqtt-rig.ts';
import { type Posted, Receiver } from './support/receiver.ts';

const idsOf = (events: readonly { readonly id: string }[]) => events.map(({ id }) => id);

/** As a receiver verifies it (Standard Webhooks, "Verifying signatures"). */
function isSigned({ headers, body }: Posted, secret: string): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const isFresh = Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 300;
  const expected = `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  return isFresh && headers['webhook-signature'] === expected;
}

test('events that pass the filter are posted in order, signed, from now on', async (t) => {
  const receiver = await Receiver.start(t);
  const rig = DeliveryRig.open(t, dataFolder(t));
  rig.commit(eventOf({ trackId: 'before' }));
  const filter = { types: ['object' as const], labels: ['person'] };
  const { secret } = rig.webhooks.create({ name: 'siren', url: receiver.url, filter }, Date.now());
  const wanted = [
    ...rig.commit(eventOf()),
    ...rig.commit(eventOf({ type: 'line', line: 'gate' }), eventOf({ label: 'dog', group: 'dog' })).slice(2),
    ...rig.commit(eventOf({ phase: 'leave' })),
  ];
  await receiver.untilPosted(2);
  assert.deepEqual(receiver.ids, idsOf(wanted));
  assert.ok(receiver.posted.every((posted) => isSigned(posted, secret)));
  const [first] = receiver.posted;
  assert.deepEqual(JSON.parse(first?.body ?? ''), {
    type: 'detection.object.enter',
    timestamp: new Date(wanted[0]?.producerMs ?? 0).toISOString(),
    data: wanted[0],
  });
  assert.equal(first?.headers['content-type'], 'application/json');
});

test('a receiver that is down gets all of it when it is back, also after a restart of the server', async (t) => {
  const receiver = await Receiver.start(t);
  const folder = dataFolder(t);
  const first = DeliveryRig.open(t, folder);
  const { secret } = first.webhooks.create({ name: 'siren', url: receiver.url, filter: {} }, Date.now());
  const events = [...first.commit(eventOf({ trackId: 'a' }))];
  await receiver.untilPosted(1);
  // It goes down in the middle of a batch.
  receiver.answer = ({ body }, response) => {
    response.writeHead(JSON.parse(body).data.trackId === 'b' ? 204 : 500).end();
  };
  events.push(...first.commit(eventOf({ trackId: 'b' }), eventOf({ trackId: 'c' })));
  await receiver.untilPosted(3);
  await receiver.stop();
  receiver.posted.length = 2;
  receiver.answer = (_posted, response) => void response.writeHead(204).end();
  await until('it is known to be down', () => first.webhooks.list()[0]?.problem !== undefined);
  await first.close();

  await receiver.start();
  const second = DeliveryRig.open(t, folder);
  events.push(...second.commit(eventOf({ trackId: 'd' })));
  await receiver.untilPosted(4);
  assert.deepEqual(receiver.ids, idsOf(events));
  assert.ok(receiver.posted.every((posted) => isSigned(posted, secret)));
  await until('nothing waits', () => second.webhooks.list()[0]?.waiting === 0);
});

test('what is answered decides: again, never again, later, or off', async (t) => {
  const receiver = await Receiver.start(t);
  const rig = DeliveryRig.open(t, dataFolder(t));
  const answers: [status: number, headers?: Record<string, string>][] = [
    [503, { 'retry-after': '0' }],
    [429, { 'retry-after': '0' }],
    [302, { location: `${receiver.url}-elsewhere`, 'retry-after': '0' }],
    [401, { 'retry-after': '0' }],
    [200],
    [400],
    [204],
    [410],
  ];
  receiver.answer = (_posted, response) => {
    const [status, headers] = answers.shift() ?? [204];
    response.writeHead(status, headers).end('and some text');
  };
  rig.webhooks.create({ name: 'siren', url: receiver.url, filter: {} }, Date.now());
  const [a, b, c, d, e] = rig.commit(...['a', 'b', 'c', 'd', 'e'].map((trackId) => eventOf({ trackId })));
  await until('it is off', () => rig.webhooks.list()[0]?.webhook.offReason === 'answered with status 410');
  const [idA, idB, idC, idD, idE] = [a, b, c, d, e].map((event) => event?.id);
  assert.deepEqual(receiver.ids, [idA, idA, idA, idA, idA, idB, idC, idD]);
  assert.ok(
    receiver.posted.every(({ path }) => path === '/hook'),
    'no redirect was followed',
  );
  assert.deepEqual(rig.webhooks.counters, { delivered: 2, failed: 5, refused: 1 });

  // Off, it is left in peace; a test that goes well turns it on, and it gets what it has missed.
  assert.equal(await rig.webhooks.test('siren'), undefined);
  await receiver.untilPosted(11);
  assert.match(receiver.ids[8] ?? '', /^test_/);
  assert.deepEqual(receiver.ids.slice(9), [idD, idE]);
  assert.equal(rig.webhooks.list()[0]?.problem, undefined);
  answers.push([500]);
  assert.equal(await rig.webhooks.test('siren'), 'answered with status 500');
});

test('a receiver that does not answer is tried again, and holds up neither another one nor MQTT', async (t) => {
  const slow = await Receiver.start(t);
  const quick = await Receiver.start(t);
  const broker = await Mosquitto.start(t);
  const listener = await broker.subscribe(t);
  let isStuck = true;
  slow.answer = (_posted, response) => {
    if (!isStuck) response.writeHead(204).end();
  };
  const rig = DeliveryRig.open(t, dataFolder(t), { timeoutMs: 50 });
  rig.runner.add(mqttRig(t, broker.url).sink);
  rig.webhooks.create({ name: 'slow', url: slow.url, filter: {} }, Date.now());
  rig.webhooks.create({ name: 'quick', url: quick.url, filter: {} }, Date.now());
  const events = rig.commit(...Array.from({ length: 20 }, (_, i) => eventOf({ trackId: `t${i}` })));
  // On a busy machine even a quick answer may be late, and its event comes again.
  await until('all came to the quick one', () => new Set(quick.ids).size === 20);
  await listener.until('framelog/front/person', '20');
  assert.deepEqual([...new Set(quick.ids)], idsOf(events));
  await slow.untilPosted(2);
  assert.equal(new Set(slow.ids).size, 1, 'the first one, again and again');
  isStuck = false;
  await until('all came', () => new Set(slow.ids).size === 20);
});

test('events over MQTT through an outage of the broker: none is missing, none out of order', async (t) => {
  const kept = mkdtempSync(join(tmpdir(), 'framelog-mosquitto-state-'));
  t.after(() => rmSync(kept, { recursive: true, force: true }));
  const lines = ['allow_anonymous true', 'persistence true', `persistence_location ${kept}/`];
  const broker = await Mosquitto.start(t, lines);
  const rig = DeliveryRig.open(t, dataFolder(t));
  rig.runner.add(mqttRig(t, broker.url, { patienceMs: 100 }).sink);
  const listener = await broker.subscribe(t);
  const ids = () => listener.texts('framelog/front/detections').map((text): string => JSON.parse(text).id);
  const some = (prefix: string, count: number) =>
    rig.commit(...Array.from({ length: count }, (_, i) => eventOf({ trackId: `${prefix}${i}` })));

  const events = [...some('a', 30)];
  await until('the first ones', () => ids().length >= 30);
  await broker.stop('SIGTERM');
  events.push(...some('b', 250));
  await until('the runner knows', () => rig.runner.problemOf('mqtt') !== undefined);
  await broker.start();
  await listener.until('framelog/front/person', '280');
  const seen = ids();
  assert.deepEqual([...new Set(seen)], idsOf(events), 'the first time of each, in order');
});

test('names are taken once, URLs are looked at, and there are only so many webhooks', async (t) => {
  const rig = DeliveryRig.open(t, dataFolder(t));
  const create = (name: string, url = 'https://example.com/hook') =>
    rig.webhooks.create({ name, url, filter: {} }, Date.now());
  create('a');
  assert.throws(() => create('a'), { code: 'already-exists' });
  for (const url of ['ftp://example.com', 'example.com', 'https://a%zz@example.com']) {
    assert.throws(() => create('b', url), { name: 'DestinationError' });
  }
  create('b');
  create('c');
  assert.throws(() => create('d'), { code: 'too-many' });
  assert.equal(await rig.webhooks.remove('c'), true);
  assert.equal(await rig.webhooks.remove('c'), false);
  create('d');
  await assert.rejects(rig.webhooks.test('c'), { code: 'not-found' });
});
