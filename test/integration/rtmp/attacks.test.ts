import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { ChunkWriter, header } from '../../../server/ingest/rtmp/chunk-writer.ts';
import { command } from '../../../server/ingest/rtmp/commands.ts';
import { MessageType, type OutgoingMessage, setChunkSize } from '../../../server/ingest/rtmp/messages.ts';
import { RtmpError } from '../../../server/ingest/rtmp/rtmp-error.ts';
import { RtmpPublisher } from '../../../server/ingest/rtmp/rtmp-publisher.ts';
import { CODEC_SAMPLES } from './codec-samples.ts';
import { closed, type Harness, openSocket, startHarness, until } from './harness.ts';

/** What killed or deceived node-media-server 4.4 (libraries.md §4), each against the running server. */

const HELLO = Buffer.concat([Buffer.of(3), Buffer.alloc(2 * 1536)]);
const connect = command(0, 'connect', 1, { app: 'live', tcUrl: 'rtmp://h/live' });
const publish = (name: string) => command(1, 'publish', 3, null, name, 'live');

/** Plays a client by hand. */
class RawClient {
  readonly socket: Socket;
  readonly #writer = new ChunkWriter();
  received = '';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
    });
    socket.write(HELLO);
  }

  send(...messages: OutgoingMessage[]): void {
    this.socket.write(Buffer.concat(messages.flatMap((message) => this.#writer.write(message))));
  }

  async publish(name: string): Promise<void> {
    this.send(connect, command(0, 'createStream', 2, null), publish(name));
    await until(() => this.received.includes('NetStream.Publish.'));
  }
}

async function rawClient(harness: Harness): Promise<RawClient> {
  return new RawClient(await openSocket(harness));
}

/** The server is there, and a camera can still publish. */
async function assertServes(harness: Harness): Promise<void> {
  await (await RtmpPublisher.connect(`${harness.url}/live/after`)).end();
}

test('one packet kills nobody: zero-length Set Chunk Size, zero chunk size, bad commands', async (t) => {
  const harness = await startHarness(t);
  const control = { chunkStreamId: 2, typeId: MessageType.setChunkSize, streamId: 0 };
  const packets: Record<string, Buffer> = {
    'bad-message': header(0, control, 0, 0),
    'bad-chunk-size': Buffer.concat([header(0, control, 0, 4), Buffer.alloc(4)]),
    'bad-command': Buffer.concat(new ChunkWriter().write(publish('x'))),
    'bad-amf': Buffer.concat([header(0, { ...control, typeId: 20 }, 0, 3), Buffer.from('020fff', 'hex')]),
    'bad-chunk': Buffer.alloc(64, 0xc3),
  };
  for (const [code, packet] of Object.entries(packets)) {
    const socket = await openSocket(harness);
    socket.write(Buffer.concat([HELLO, packet]));
    await closed(socket);
    assert.deepEqual(Object.keys(harness.server.counters.protocolErrors).at(-1), code);
  }
  const web = await openSocket(harness);
  web.write('GET / HTTP/1.1\r\n\r\n');
  await closed(web);
  assert.equal(harness.server.counters.protocolErrors['bad-version'], 1);
  await assertServes(harness);
});

test('a connect without a tcUrl, or with a bad one, is a connect like any other', async (t) => {
  const harness = await startHarness(t);
  for (const object of [{ app: 'live' }, { app: 'live', tcUrl: '::::' }, { app: 'live', tcUrl: 5 }]) {
    const client = await rawClient(harness);
    client.send(command(0, 'connect', 1, object), command(0, 'createStream', 2, null), publish('cam'));
    await until(() => client.received.includes('NetStream.Publish.Start'));
    client.socket.destroy();
    await until(() => harness.server.counters.publishers === 0);
  }
  const nothing = await rawClient(harness);
  nothing.send(command(0, 'connect', 1, null));
  await until(() => nothing.received.includes('NetConnection.Connect.InvalidApp'));
});

test('a refused publisher injects nothing into the stream it was refused', async (t) => {
  const harness = await startHarness(t);
  const camera = await RtmpPublisher.connect(`${harness.url}/live/cam`);
  const opus = CODEC_SAMPLES.find(({ track }) => track.codec === 'opus') ?? assert.fail();
  camera.setTracks([opus.track]);
  const sample = (index: number) => ({
    trackId: 1,
    dtsTicks: index * 960,
    compositionOffsetTicks: 0,
    durationTicks: 960,
    isSync: true,
    data: opus.data,
  });
  camera.write(sample(0));

  const intruder = await rawClient(harness);
  const media = { chunkStreamId: 4, typeId: MessageType.audio, streamId: 1, timestampMs: 6_000_000 };
  const payload = [Buffer.from('af01aa', 'hex')];
  // Sent with the publish itself, so that they are on the way before the answer.
  intruder.send(
    connect,
    command(0, 'createStream', 2, null),
    publish('cam'),
    ...Array.from({ length: 50 }, () => ({ ...media, payload })),
  );
  await until(() => intruder.received.includes('NetStream.Publish.BadName'));
  intruder.send(...Array.from({ length: 50 }, () => ({ ...media, payload })));
  await closed(intruder.socket);
  for (let index = 1; index < 100; index++) camera.write(sample(index));
  await camera.end();
  await harness.streams.until(() => harness.streams.last('cam')?.isEnded === true);
  assert.equal(harness.streams.recordings.length, 1);
  assert.deepEqual(
    harness.streams.last('cam')?.samples.map((one) => one.dtsTicks),
    Array.from({ length: 100 }, (_, index) => index * 1800),
  );
  assert.ok(!intruder.received.includes('NetStream.Publish.Start'));
});

test('a slow decision: what was sent meanwhile waits, within bounds, and counts when it is yes', async (t) => {
  const harness = await startHarness(t);
  const gate = Promise.withResolvers<void>();
  harness.streams.gate = gate.promise;
  const client = await rawClient(harness);
  client.send(connect, command(0, 'createStream', 2, null), publish('cam'));
  client.send({
    chunkStreamId: 4,
    typeId: MessageType.audio,
    streamId: 1,
    timestampMs: 0,
    payload: [Buffer.from('72d5d5', 'hex')],
  });
  await until(() => client.received.includes('NetConnection.Connect.Success'));
  assert.ok(!client.received.includes('Publish.Start'));
  gate.resolve();
  await until(() => client.received.includes('NetStream.Publish.Start'));
  client.socket.end();
  await harness.streams.until(() => harness.streams.last('cam')?.isEnded === true);
  assert.equal(harness.streams.last('cam')?.samples.length, 1);
});

test('a publisher that vanished is noticed, and its name is free again', async (t) => {
  const harness = await startHarness(t);
  const client = await rawClient(harness);
  await client.publish('cam');
  // Half-open: the peer's end never answers. It still gets the ping that asks.
  client.socket.pause();
  harness.server.sweep();
  harness.clockMs += 10_000;
  harness.server.sweep();
  harness.clockMs += 9999;
  harness.server.sweep();
  assert.equal(harness.streams.last('cam')?.isEnded, false);
  await assert.rejects(RtmpPublisher.connect(`${harness.url}/live/cam`), /BadName/);
  harness.clockMs += 1;
  harness.server.sweep();
  await harness.streams.until(() => harness.streams.last('cam')?.isEnded === true);
  assert.equal(harness.server.counters.idleTimeouts, 1);
  assert.match(harness.streams.last('cam')?.failures.join() ?? '', /silent/);
  await (await RtmpPublisher.connect(`${harness.url}/live/cam`)).end();
});

test('a silent publisher that answers the ping stays', async (t) => {
  const harness = await startHarness(t);
  const publisher = await RtmpPublisher.connect(`${harness.url}/live/cam`);
  for (let i = 0; i < 5; i++) {
    harness.server.sweep();
    harness.clockMs += 10_000;
    const received = harness.server.counters.receivedBytes;
    harness.server.sweep();
    await until(() => harness.server.counters.receivedBytes > received);
  }
  assert.equal(harness.server.counters.idleTimeouts, 0);
  await publisher.end();
});

test('a connection that trickles is closed at the deadline, whatever it sends', async (t) => {
  const harness = await startHarness(t);
  const [silent, trickling, connected] = await Promise.all([1, 2, 3].map(() => openSocket(harness)));
  assert.ok(silent && trickling && connected);
  const client = new RawClient(connected);
  client.send(connect);
  await until(() => client.received.includes('Connect.Success'));
  for (let second = 0; second < 9; second++) {
    trickling.write(HELLO.subarray(second, second + 1));
    const received = harness.server.counters.receivedBytes;
    await until(() => harness.server.counters.receivedBytes > received);
    harness.clockMs += 1000;
    harness.server.sweep();
  }
  assert.equal(harness.server.counters.connections, 3);
  harness.clockMs += 1000;
  harness.server.sweep();
  await Promise.all([closed(silent), closed(trickling), closed(connected)]);
  assert.equal(harness.server.counters.handshakeTimeouts, 3);
});

test('a 12-byte header reserves nothing, however often it is sent', async (t) => {
  const harness = await startHarness(t);
  const before = process.memoryUsage().external;
  const sockets: Socket[] = [];
  for (let i = 0; i < 20; i++) {
    const client = await rawClient(harness);
    await client.publish(`cam${i}`);
    client.send(setChunkSize(0xff_ffff));
    client.socket.write(header(0, { chunkStreamId: 10, typeId: 9, streamId: 1 }, 0, 8 << 20));
    sockets.push(client.socket);
  }
  await until(() => harness.server.counters.publishers === 20);
  assert.ok(process.memoryUsage().external - before < 64 << 20, '160 MB were claimed');
  for (const socket of sockets) socket.destroy();
  await until(() => harness.server.counters.connections === 0);
  await assertServes(harness);
});

test('unlimited chunk streams, oversized messages, too much begun: typed, counted, closed', async (t) => {
  const harness = await startHarness(t);
  const attack = async (code: string, bytes: Buffer) => {
    const client = await rawClient(harness);
    await client.publish(code);
    client.socket.write(bytes);
    await closed(client.socket);
    assert.equal(harness.server.counters.protocolErrors[code as 'bad-chunk'], 1, code);
    assert.equal(harness.streams.last(code)?.failures.length, 1);
  };
  const video = { typeId: 9, streamId: 1 };
  const streams = Array.from({ length: 70 }, (_, id) =>
    Buffer.concat([header(0, { ...video, chunkStreamId: 10 + id }, 0, 1), Buffer.of(0)]),
  );
  await attack('too-many-chunk-streams', Buffer.concat(streams));
  await attack(
    'message-too-long',
    Buffer.concat([header(0, { ...video, chunkStreamId: 6 }, 0, 0xff_ffff), Buffer.alloc(20)]),
  );
  const large = Buffer.concat([Buffer.alloc(300 << 10)]);
  const begun = Array.from({ length: 4 }, (_, id) =>
    Buffer.concat([header(0, { ...video, chunkStreamId: 10 + id }, 0, 8 << 20), large]),
  );
  const bigChunks = Buffer.concat(new ChunkWriter().write(setChunkSize(300 << 10)));
  await attack('too-much-partial-data', Buffer.concat([bigChunks, ...begun]));
});

test('a peer that sends pings and reads no answers is dropped', async (t) => {
  const harness = await startHarness(t);
  const client = await rawClient(harness);
  await client.publish('cam');
  client.socket.removeAllListeners('data').pause();
  const ping = header(0, { chunkStreamId: 2, typeId: MessageType.userControl, streamId: 0 }, 0, 6);
  const pings = Buffer.concat(
    Array.from({ length: 5000 }, () => [ping, Buffer.from('000600000000', 'hex')]).flat(),
  );
  while (harness.server.counters.stalledReaders === 0 && !client.socket.destroyed) {
    client.socket.write(pings);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(harness.server.counters.stalledReaders, 1);
});

test('a player that does not read holds a position, not memory, and is dropped at last', async (t) => {
  const harness = await startHarness(t);
  const window = harness.streams.window('cam');
  window.isLive = true;
  const video = CODEC_SAMPLES.find(({ track }) => track.codec === 'vp8') ?? assert.fail();
  const player = await rawClient(harness);
  player.send(connect, command(0, 'createStream', 2, null), command(1, 'play', 3, null, 'cam'));
  await until(() => player.received.includes('NetStream.Play.Start'));
  player.socket.removeAllListeners('data').pause();
  const before = process.memoryUsage().external;
  const frame = Buffer.alloc(1 << 20);
  for (let index = 0; index < 200; index++) {
    window.add(
      {
        trackId: 1,
        dtsTicks: index * 3000,
        compositionOffsetTicks: 0,
        durationTicks: 3000,
        isSync: true,
        data: frame,
      },
      [video.track],
    );
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(process.memoryUsage().external - before < 32 << 20);
  assert.equal(harness.server.counters.players, 1);
  harness.server.sweep();
  harness.clockMs += 15_000;
  harness.server.sweep();
  await closed(player.socket);
  assert.equal(harness.server.counters.stalledReaders, 1);
  assert.equal(window.listeners, 0);
});

test('too many connections: those that do nothing make room for those that come', async (t) => {
  const harness = await startHarness(t, { settings: { maxConnectionsPerAddress: 10 } });
  const camera = await RtmpPublisher.connect(`${harness.url}/live/cam`);
  const idle = await Promise.all(Array.from({ length: 30 }, () => openSocket(harness)));
  await until(() => harness.server.counters.acceptedConnections === 31);
  assert.equal(harness.server.counters.connections, 10);
  assert.equal(harness.server.counters.displacedConnections, 21);
  await (await RtmpPublisher.connect(`${harness.url}/live/other`)).end();
  for (const socket of idle) socket.destroy();
  await until(() => harness.server.counters.connections === 1);
  const cameras = [];
  for (let i = 0; i < 9; i++) cameras.push(await RtmpPublisher.connect(`${harness.url}/live/cam${i}`));
  await assert.rejects(
    RtmpPublisher.connect(`${harness.url}/live/eleventh`),
    (error) => error instanceof RtmpError && error.code === 'closed',
  );
  assert.equal(harness.server.counters.refusedConnections, 1);
  for (const one of [camera, ...cameras]) await one.end();
});
