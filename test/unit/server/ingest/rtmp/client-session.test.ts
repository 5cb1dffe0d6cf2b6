import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AmfValue } from '../../../../../server/ingest/rtmp/amf-value.ts';
import { ChunkReader } from '../../../../../server/ingest/rtmp/chunk-reader.ts';
import { ChunkWriter } from '../../../../../server/ingest/rtmp/chunk-writer.ts';
import { type ClientEvent, ClientSession } from '../../../../../server/ingest/rtmp/client-session.ts';
import { command, onStatus, readCommand } from '../../../../../server/ingest/rtmp/commands.ts';
import {
  controlValue,
  MessageType,
  type OutgoingMessage,
  type RtmpMessage,
  readUserControl,
  userControl,
  windowAcknowledgementSize,
} from '../../../../../server/ingest/rtmp/messages.ts';
import { parseRtmpUrl } from '../../../../../server/ingest/rtmp/rtmp-address.ts';
import { type ServerEvent, ServerSession } from '../../../../../server/ingest/rtmp/server-session.ts';

const URL_OF_TEST = parseRtmpUrl('rtmp://host/live/cam?key=k');

/** A server that a test plays. */
class ScriptedServer {
  readonly client = new ClientSession(URL_OF_TEST);
  readonly #writer = new ChunkWriter();
  readonly #reader = new ChunkReader({
    maxMessageBytes: 1 << 20,
    maxPartialBytes: 1 << 20,
    maxChunkStreams: 64,
  });

  constructor() {
    this.client.start(0);
    this.client.takeOutput();
    this.client.push(Buffer.concat([Buffer.of(3), Buffer.alloc(2 * 1536)]), 0);
    // C2 comes in front of the first command.
    const [, ...rest] = this.client.takeOutput();
    this.#reader.feed(Buffer.concat(rest));
  }

  send(...messages: OutgoingMessage[]): ClientEvent[] {
    return this.client.push(Buffer.concat(messages.flatMap((one) => this.#writer.write(one))), 0);
  }

  received(): RtmpMessage[] {
    this.#reader.feed(Buffer.concat(this.client.takeOutput()));
    const messages: RtmpMessage[] = [];
    for (let one = this.#reader.next(); one !== undefined; one = this.#reader.next()) messages.push(one);
    return messages;
  }

  commands(): [name: string, ...args: AmfValue[]][] {
    return this.received()
      .filter((one) => one.typeId === MessageType.commandAmf0)
      .map(readCommand)
      .map(({ name, args }) => [name, ...args]);
  }
}

test('connect, createStream, publish; relics that a server does not know are passed over', () => {
  const server = new ScriptedServer();
  assert.deepEqual(server.commands(), [['connect']]);
  server.send(
    command(0, '_result', 1, { capsEx: 8, fourCcList: ['*'] }, { code: 'NetConnection.Connect.Success' }),
  );
  assert.deepEqual(server.commands(), [
    ['releaseStream', 'cam?key=k'],
    ['FCPublish', 'cam?key=k'],
    ['createStream'],
  ]);
  assert.deepEqual(server.send(command(0, '_error', 2, null, { code: 'NetConnection.Call.Failed' })), []);
  server.send(command(0, '_result', 4, null, 7));
  assert.deepEqual(server.commands(), [['publish', 'cam?key=k', 'live']]);
  assert.deepEqual(server.send(onStatus(7, 'status', 'NetStream.Publish.Start', 'go')), [
    { type: 'publishing', precise: true },
  ]);
  server.client.send({ chunkStreamId: 6, typeId: 9, timestampMs: 0, payload: [Buffer.of(1)] });
  assert.equal(server.received()[0]?.streamId, 7);
  server.client.unpublish();
  assert.deepEqual(server.commands(), [
    ['FCUnpublish', 'cam?key=k'],
    ['deleteStream', 7],
  ]);
});

test('nanoseconds only for a server that says it reads them, and H.264 and AAC with them', () => {
  for (const [properties, precise] of [
    [{}, false],
    [{ capsEx: 8, fourCcList: ['av01'] }, false],
    [{ capsEx: 7, fourCcList: ['*'] }, false],
    [{ capsEx: 12, videoFourCcInfoMap: { avc1: 4 }, audioFourCcInfoMap: { '*': 4 } }, true],
  ] as const) {
    const server = new ScriptedServer();
    server.send(command(0, '_result', 1, null, properties as AmfValue));
    server.send(command(0, '_result', 4, null, 1));
    const events = server.send(onStatus(1, 'status', 'NetStream.Publish.Start', ''));
    assert.deepEqual(events, [{ type: 'publishing', precise }]);
  }
});

test('what a server refuses, and when', () => {
  const info = { level: 'error', code: 'Some.Code', description: 'words' };
  const refused = [{ type: 'refused', code: 'Some.Code', description: 'words' }];
  const atConnect = new ScriptedServer();
  assert.deepEqual(atConnect.send(command(0, '_error', 1, null, info)), refused);
  const atCreate = new ScriptedServer();
  atCreate.send(command(0, '_result', 1, {}, {}));
  assert.deepEqual(atCreate.send(command(0, '_error', 4, null, info)), refused);
  const later = new ScriptedServer();
  later.send(command(0, '_result', 1, {}, {}), command(0, '_result', 4, null, 1));
  later.send(onStatus(1, 'status', 'NetStream.Publish.Start', ''));
  assert.deepEqual(later.send(command(1, 'onStatus', 0, null, info)), refused);
  assert.deepEqual(later.send(command(1, 'onStatus', 0, null, info)), [], 'once');
});

test('pings and windows', () => {
  const server = new ScriptedServer();
  server.received();
  server.send(userControl(6, 99));
  assert.deepEqual(readUserControl(server.received()[0] ?? assert.fail()), { event: 7, value: 99 });
  server.send(windowAcknowledgementSize(100), windowAcknowledgementSize(100));
  const [ack] = server.received();
  assert.ok(ack && ack.typeId === MessageType.acknowledgement && controlValue(ack) > 3073);
});

test('our client against our server, bytes back and forth', () => {
  const client = new ClientSession(URL_OF_TEST, { digestScheme: 0 });
  const server = new ServerSession();
  const seen: string[] = [];
  const serve = (events: readonly ServerEvent[]): void => {
    for (const event of events) {
      seen.push(event.type);
      if (event.type === 'connect') serve(server.acceptConnect());
      else if (event.type === 'publish') serve(server.acceptStream());
    }
  };
  client.start(0);
  for (let round = 0; round < 10; round++) {
    serve(server.push(Buffer.concat(client.takeOutput()), 0));
    for (const event of client.push(Buffer.concat(server.takeOutput()), 0))
      seen.push(`client: ${event.type}`);
  }
  assert.deepEqual(seen, ['connect', 'publish', 'client: publishing']);
});
