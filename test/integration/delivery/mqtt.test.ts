import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { DetectionEvent } from '../../../ml/events/detection-event.ts';
import { SinkError } from '../../../server/detection/event-sink.ts';
import { until } from '../../e2e/support/until.ts';
import { TLS } from '../../unit/server/http/http-rig.ts';
import { eventOf, stored } from './support/events.ts';
import { Mosquitto } from './support/mosquitto.ts';
import { mqttRig, surroundings } from './support/mqtt-rig.ts';

const json = (text: string | undefined) => JSON.parse(text ?? 'null');

test('events, in the order of their making, and objects as users of Frigate know them', async (t) => {
  const broker = await Mosquitto.start(t);
  const listener = await broker.subscribe(t);
  const { deliver } = mqttRig(t, broker.url);
  const events = [
    eventOf({ zones: ['drive'] }),
    eventOf({ type: 'zone', phase: 'enter', zone: 'porch', zones: ['drive', 'porch'] }),
    eventOf({
      type: 'face',
      face: { result: 'known', person: 'Ada', similarity: 0.91, box: [0.1, 0.1, 0.1, 0.1] },
    }),
    eventOf({ type: 'line', line: 'gate', direction: 'left-to-right' }),
    eventOf({ phase: 'leave', reason: 'gone', zones: ['porch'], score: 0.7 }),
  ];
  await deliver(stored(events));

  await until('all events', () => listener.texts('framelog/front/detections').length === 5);
  assert.deepEqual(listener.texts('framelog/front/detections').map(json), events);
  const [entered, zoned, known, left, ...more] = listener.texts('framelog/events').map(json);
  assert.deepEqual(more, []);
  assert.deepEqual(entered.event, events[0]);
  assert.deepEqual(
    [entered, zoned, known, left].map(({ type }) => type),
    ['new', 'update', 'update', 'end'],
  );
  assert.deepEqual(zoned.before.current_zones, ['drive']);
  assert.deepEqual(zoned.after.current_zones, ['drive', 'porch']);
  assert.deepEqual(known.after.sub_label, ['Ada', 0.91]);
  assert.equal(left.after.id, 't1');
  assert.equal(left.after.camera, 'front');
  assert.equal(left.after.end_time, (events[4]?.producerMs ?? 0) / 1000);
  assert.deepEqual(left.after.entered_zones, ['drive', 'porch']);
  assert.deepEqual(left.after.current_zones, ['porch']);
});

test('counts are retained: by label, group and zone, and back to zero', async (t) => {
  const broker = await Mosquitto.start(t);
  const { deliver } = mqttRig(t, broker.url);
  const car = { label: 'car', group: 'vehicle' };
  await deliver(
    stored([
      eventOf({ trackId: 'a' }),
      eventOf({ trackId: 'b', zones: ['drive'] }),
      eventOf({ trackId: 'c', ...car }),
      eventOf({ trackId: 'd', watch: 'processor:doors' }),
      eventOf({ trackId: 'e', watch: 'job:17' }),
    ]),
  );
  const late = await broker.subscribe(t, 'framelog/#');
  await late.until('framelog/front/person', '2');
  await late.until('framelog/front/vehicle', '1');
  await late.until('framelog/front/car', '1');
  await late.until('framelog/front/all', '3');
  await late.until('framelog/front/drive/person', '1');
  await late.until('framelog/available', 'online');
  assert.ok(
    late.messages.every(({ retain }) => retain),
    'a late subscriber gets only what is retained',
  );

  // A van is a car in one picture and a truck in the next.
  await deliver(stored([eventOf({ trackId: 'c', phase: 'update', label: 'truck', group: 'vehicle' })]));
  await late.until('framelog/front/truck', '1');
  await late.until('framelog/front/car', '0');
  assert.deepEqual(late.texts('framelog/front/vehicle'), ['1'], 'what did not change is not said again');
  const leave = (trackId: string) => eventOf({ trackId, phase: 'leave', reason: 'ended' });
  await deliver(stored([leave('a'), leave('b'), { ...leave('c'), ...car }]));
  await late.until('framelog/front/person', '0');
  await late.until('framelog/front/drive/person', '0');
  await late.until('framelog/front/all', '0');
});

test('a broker that loses everything gets it again; what was not confirmed comes again, in order', async (t) => {
  const broker = await Mosquitto.start(t);
  const { sink, deliver } = mqttRig(t, broker.url, { patienceMs: 20 });
  await deliver(stored([eventOf({ trackId: 'a' })]));
  await broker.stop();
  await until('the sink notices', () => sink.link.current === undefined);
  const waiting = stored([eventOf({ trackId: 'b' }), eventOf({ trackId: 'a', phase: 'leave' })]);
  await assert.rejects(deliver(waiting), (error) => error instanceof SinkError && !error.isFinal);

  await broker.start();
  const listener = await broker.subscribe(t);
  await until('the sink is back', async () => {
    await deliver(waiting);
    return true;
  });
  await listener.until('framelog/front/person', '1');
  await listener.until('framelog/available', 'online');
  await until('both events', () => listener.texts('framelog/front/detections').length >= 2);
  assert.deepEqual(
    listener.texts('framelog/front/detections').map((text) => json(text).id),
    waiting.map(({ event }) => event.id),
  );
  assert.ok(listener.last('homeassistant/sensor/framelog_front/person_count/config'));
});

test('a new process counts on from what the store says is present', async (t) => {
  const broker = await Mosquitto.start(t);
  const around = surroundings();
  const first = mqttRig(t, broker.url, { around });
  const enters = stored([eventOf({ trackId: 'a' }), eventOf({ trackId: 'b', label: 'dog', group: 'dog' })]);
  await first.deliver(enters);
  await first.sink.close();
  const listener = await broker.subscribe(t);
  await listener.until('framelog/available', 'offline');

  // The broker has kept a dog that is known to have left meanwhile.
  const second = mqttRig(t, broker.url, { around, present: enters.slice(0, 1) });
  await listener.until('framelog/available', 'online');
  await listener.until('framelog/front/person', '1');
  await listener.until('framelog/front/dog', '0');
  await second.deliver(stored([eventOf({ trackId: 'a', phase: 'update', score: 0.9 })], 3));
  await until('the update', () => listener.texts('framelog/events').length === 1);
  const update = json(listener.last('framelog/events'));
  assert.deepEqual([update.type, update.before.score, update.after.score], ['update', 0.8, 0.9]);
});

test('the last will speaks for a process that was killed', async (t) => {
  const broker = await Mosquitto.start(t);
  const listener = await broker.subscribe(t);
  const script = new URL('support/mqtt-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, broker.url], { stdio: 'inherit' });
  t.after(() => child.kill('SIGKILL'));
  await listener.until('framelog/available', 'online');
  child.kill('SIGKILL');
  await listener.until('framelog/available', 'offline');
});

test('Home Assistant learns of cameras, labels and zones, and of cameras that go', async (t) => {
  const broker = await Mosquitto.start(t);
  const listener = await broker.subscribe(t);
  const around = surroundings();
  around.watched.push({ stream: 'yard', labels: ['person'], zones: [{ name: 'pool', labels: [] }] });
  const { sink } = mqttRig(t, broker.url, { around });
  const occupancy = 'homeassistant/binary_sensor/framelog_yard/person_occupancy/config';
  await until('the entity', () => listener.last(occupancy));
  const entity = json(listener.last(occupancy));
  assert.equal(entity.state_topic, 'framelog/yard/person');
  assert.equal(entity.availability_topic, 'framelog/available');
  assert.equal(entity.device_class, 'occupancy');
  assert.equal(entity.unique_id, 'framelog_yard_person_occupancy');
  assert.deepEqual(entity.device, {
    identifiers: ['framelog_yard'],
    name: 'yard',
    manufacturer: 'Framelog',
    model: 'Camera',
    sw_version: '1.2.3',
    configuration_url: 'http://framelog.example/#stream=yard',
  });
  await listener.until('framelog/yard/person', '0');
  await listener.until('framelog/yard/pool/all', '0');
  await listener.until('framelog/yard/status', 'watching');
  const image = json(listener.last('homeassistant/image/framelog_yard/person_snapshot/config'));
  assert.equal(image.image_topic, 'framelog/yard/person/snapshot');

  around.streams.delete('yard');
  around.watched.length = 0;
  await sink.refresh();
  const topics = new Set(
    listener.messages.map(({ topic }) => topic).filter((topic) => topic.includes('yard')),
  );
  assert.ok(topics.size > 10);
  for (const topic of topics) await listener.until(topic, '');
  const late = await broker.subscribe(t);
  await late.until('framelog/available', 'online');
  assert.deepEqual(
    late.messages.filter(({ topic }) => topic.includes('yard')),
    [],
  );
});

test('with another prefix nothing stays under the old one', async (t) => {
  const broker = await Mosquitto.start(t);
  const around = surroundings();
  const first = mqttRig(t, broker.url, { around });
  await first.deliver(stored([eventOf()]));
  await first.sink.close();
  const second = mqttRig(t, broker.url, { around, prefix: 'cams', discovery: undefined });
  await second.deliver(stored([eventOf({ trackId: 't2' })], 2));
  const late = await broker.subscribe(t);
  await late.until('cams/front/person', '1');
  assert.deepEqual(
    late.messages.filter(({ topic }) => !topic.startsWith('cams/')),
    [],
  );
});

test('pictures of objects are retained, and what goes wrong with one harms nothing', async (t) => {
  const broker = await Mosquitto.start(t);
  const listener = await broker.subscribe(t);
  const pictureOf = async ({ trackId, score }: DetectionEvent) => {
    if (trackId === 'broken') throw new Error('no such picture');
    return Buffer.from(`jpeg of ${trackId} at ${score}`);
  };
  const { deliver, sink } = mqttRig(t, broker.url, { pictureOf });
  await deliver(
    stored([eventOf({ trackId: 'a', score: 0.5 }), eventOf({ trackId: 'broken', stream: 'yard' })]),
  );
  await listener.until('framelog/front/person/snapshot', 'jpeg of a at 0.5');
  await deliver(stored([eventOf({ trackId: 'a', phase: 'update', score: 0.55 })]));
  await deliver(stored([eventOf({ trackId: 'a', phase: 'update', score: 0.9 })]));
  await listener.until('framelog/front/person/snapshot', 'jpeg of a at 0.9');
  await listener.until('framelog/front/all/snapshot', 'jpeg of a at 0.9');
  assert.equal(listener.texts('framelog/front/person/snapshot').length, 2);
  assert.equal(sink.snapshots?.counters.failed, 2);
});

test('a broker that takes two messages at once is given no more', async (t) => {
  // Speaks just enough MQTT 5: CONNACK with Receive Maximum 2, and a PUBACK for every PUBLISH of QoS 1, in its own time.
  let unconfirmed = 0;
  let most = 0;
  let taken = 0;
  const broker = createServer((socket) => {
    let data = Buffer.alloc(0);
    const take = (packet: Buffer) => {
      if (packet[0] === 0x10) socket.write(Buffer.from([0x20, 6, 0, 0, 3, 0x21, 0, 2]));
      if (((packet[0] ?? 0) & 0xf6) !== 0x32) return;
      unconfirmed += 1;
      taken += 1;
      most = Math.max(most, unconfirmed);
      const body = packet.subarray(packet.findIndex((byte, at) => at > 0 && byte < 0x80) + 1);
      const id = body.subarray(2 + body.readUInt16BE(0)).readUInt16BE(0);
      setImmediate(() => {
        unconfirmed -= 1;
        socket.write(Buffer.from([0x40, 2, id >> 8, id & 0xff]));
      });
    };
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      data = Buffer.concat([data, chunk]);
      for (let size = packetSize(data); size !== undefined && data.length >= size; size = packetSize(data)) {
        take(data.subarray(0, size));
        data = data.subarray(size);
      }
    });
  });
  const url = await listening(t, broker);
  const { deliver } = mqttRig(t, url, { discovery: undefined });
  await deliver(stored(Array.from({ length: 50 }, (_, i) => eventOf({ trackId: `t${i}` }))));
  assert.ok(taken > 100);
  assert.equal(most, 2);
});

test('a user and a password, over TLS, in MQTT 3.1.1', async (t) => {
  const users = new URL('support/mosquitto-users', import.meta.url).pathname;
  const certificates = new URL('../../unit/server/http/tls/', import.meta.url).pathname;
  const broker = await Mosquitto.start(t, [
    'allow_anonymous false',
    `password_file ${users}`,
    `certfile ${certificates}cert.pem`,
    `keyfile ${certificates}key.pem`,
  ]);
  const url = `mqtts://localhost:${broker.port}`;
  const refused = mqttRig(t, url, { connection: { ca: TLS.cert, username: 'camera', password: 'wrong' } });
  await until('it is refused', () => /Not authorized|Bad User Name/.test(refused.sink.link.problem));
  const distrustful = mqttRig(t, url, { connection: { username: 'camera', password: 'right' } });
  await until('it trusts nobody', () => /self-signed certificate/.test(distrustful.sink.link.problem));
  const welcome = mqttRig(t, url, {
    connection: { ca: TLS.cert, username: 'camera', password: 'right', version: 4, clientId: 'other' },
  });
  await welcome.deliver(stored([eventOf()]));
  for (const { log } of [refused, distrustful, welcome]) {
    assert.ok(!JSON.stringify(log.lines).includes('right'));
  }
});

test('a broker that confirms nothing is given up', async (t) => {
  // Says CONNACK (3.1.1: accepted) to whoever comes, and nothing more.
  const silent = createServer((socket) => {
    socket.once('data', () => socket.write(Buffer.from([0x20, 2, 0, 0])));
    socket.on('error', () => undefined);
  });
  const { sink } = mqttRig(t, await listening(t, silent), {
    connection: { version: 4, confirmTimeoutMs: 20 },
  });
  await until('it was given up twice', () => sink.link.counters.failures >= 2);
  assert.equal(sink.link.problem, 'the broker does not confirm messages');
});

async function listening(t: TestContext, server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Length of the first MQTT packet, with its fixed header; `undefined` while that is not whole. */
function packetSize(data: Buffer): number | undefined {
  let rest = 0;
  for (let at = 1; at < Math.min(5, data.length); at++) {
    const byte = data[at] ?? 0;
    rest += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 0x80) return at + 1 + rest;
  }
  return undefined;
}
