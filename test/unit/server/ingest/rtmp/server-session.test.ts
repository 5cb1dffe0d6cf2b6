import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { amfProperties, EcmaArray } from '../../../../../server/ingest/rtmp/amf-value.ts';
import { encodeAmf0 } from '../../../../../server/ingest/rtmp/amf0.ts';
import { header } from '../../../../../server/ingest/rtmp/chunk-writer.ts';
import { command, data } from '../../../../../server/ingest/rtmp/commands.ts';
import {
  controlValue,
  MessageType,
  readUserControl,
  userControl,
  windowAcknowledgementSize,
} from '../../../../../server/ingest/rtmp/messages.ts';
import { RtmpError, type RtmpErrorCode } from '../../../../../server/ingest/rtmp/rtmp-error.ts';
import {
  DEFAULT_SESSION_SETTINGS,
  type ServerEvent,
  ServerSession,
} from '../../../../../server/ingest/rtmp/server-session.ts';
import { CLIENT_HELLO, dialogue, replay, TestClient } from './support.ts';

const typesOf = (events: readonly ServerEvent[]) => events.map((event) => event.type);

function throwsCode(code: RtmpErrorCode, work: () => void): void {
  assert.throws(work, (error) => error instanceof RtmpError && error.code === code, code);
}

test('connect is answered with windows, a large chunk size, and what Enhanced RTMP asks', () => {
  const client = new TestClient();
  const [event] = client.command(0, 'connect', 1, {
    app: 'live',
    tcUrl: 'rtmp://h/live',
    flashVer: 'Cam\n1',
  });
  assert.deepEqual(event, {
    type: 'connect',
    request: { app: 'live', tcUrl: 'rtmp://h/live', flashVer: 'Cam?1' },
  });
  client.session.acceptConnect();
  const replies = client.replies();
  assert.deepEqual(
    replies.map((reply) => reply.typeId),
    [MessageType.windowAcknowledgementSize, MessageType.setPeerBandwidth, MessageType.commandAmf0],
  );
  client.command(0, 'createStream', 2, null);
  assert.deepEqual(client.commands()[0]?.args, [1]);
});

test('the connect reply', () => {
  const client = new TestClient();
  client.command(0, 'connect', 1, { app: 'live' });
  client.session.acceptConnect();
  const [result] = client.commands();
  assert.equal(result?.name, '_result');
  assert.deepEqual(result.object.fourCcList, [
    ...['av01', 'vp09', 'vp08', 'hvc1', 'avc1'],
    ...['Opus', 'mp4a', 'ac-3', '.mp3', 'fLaC'],
  ]);
  assert.equal(result.object.capsEx, 14);
  assert.equal(amfProperties(result.object.videoFourCcInfoMap)?.av01, 4);
  assert.equal(amfProperties(result.object.audioFourCcInfoMap)?.Opus, 4);
  assert.equal(amfProperties(result.args[0])?.code, 'NetConnection.Connect.Success');
  assert.ok(DEFAULT_SESSION_SETTINGS.chunkBytes >= 60_000);
});

test('publish waits for an answer, and nothing after it is looked at before', () => {
  const client = new TestClient().connect();
  const media = {
    chunkStreamId: 6,
    typeId: MessageType.video,
    streamId: 1,
    timestampMs: 5,
    payload: [Buffer.of(1)],
  };
  const events = client.send(command(1, 'publish', 3, null, 'cam?key=x', 'live'), media);
  assert.deepEqual(events, [{ type: 'publish', name: 'cam?key=x' }]);
  assert.deepEqual(client.replies(), [], 'nothing is promised before the answer');
  assert.ok(client.session.waitingBytes > 0);
  assert.deepEqual(typesOf(client.session.acceptStream()), ['video']);
  assert.equal(amfProperties(client.commands()[0]?.args[0])?.code, 'NetStream.Publish.Start');
});

test('a refused publisher gets a status, and its packets reach nobody', () => {
  const client = new TestClient().connect();
  client.command(1, 'publish', 3, null, 'cam', 'live');
  client.session.refuseStream('NetStream.Publish.BadName', 'cam is being published');
  const [status] = client.commands();
  assert.deepEqual(
    [status?.name, status?.streamId, amfProperties(status?.args[0])],
    [
      'onStatus',
      1,
      Object.assign(Object.create(null), {
        level: 'error',
        code: 'NetStream.Publish.BadName',
        description: 'cam is being published',
      }),
    ],
  );
  assert.deepEqual(client.media(9, 0, Buffer.from('1701000000', 'hex')), []);
  assert.equal(client.session.state, 'closed');
});

test('a rejected connection gets an error with its transaction', () => {
  const client = new TestClient();
  client.command(0, 'connect', 7, { app: 'other' });
  client.session.rejectConnect('NetConnection.Connect.InvalidApp', 'no');
  const [error] = client.commands();
  assert.deepEqual([error?.name, error?.transactionId], ['_error', 7]);
});

test('metadata by either door, pings, and the calls that encoders make', () => {
  const client = new TestClient().publish();
  const values = new EcmaArray({ width: 640 });
  const expected = [{ type: 'metadata', values: Object.assign(Object.create(null), { width: 640 }) }];
  assert.deepEqual(client.send(data(1, 0, '@setDataFrame', 'onMetaData', values)), expected);
  assert.deepEqual(client.send(data(1, 0, 'onMetaData', { width: 640 })), expected);
  assert.deepEqual(client.send(data(1, 0, 'onTextData', { text: 'x' })), []);
  client.send(userControl(6, 4711));
  assert.deepEqual(readUserControl(client.replies()[0] ?? assert.fail()), { event: 7, value: 4711 });
  for (const name of ['releaseStream', 'FCPublish', '_checkbw']) {
    client.command(0, name, 9, null, 'cam');
    assert.equal(client.commands()[0]?.name, '_result', name);
  }
  client.command(0, 'unheardOf', 9, null);
  assert.equal(client.commands()[0]?.name, '_error');
  client.command(0, 'unheardOf', 0, null);
  assert.deepEqual(client.commands(), []);
});

test('AMF3 messages: format byte 0, then AMF0', () => {
  const client = new TestClient();
  const payload = [Buffer.of(0), encodeAmf0(['connect', 1, { app: 'live', objectEncoding: 3 }])];
  const events = client.send({
    chunkStreamId: 3,
    typeId: MessageType.commandAmf3,
    streamId: 0,
    timestampMs: 0,
    payload,
  });
  assert.deepEqual(typesOf(events), ['connect']);
});

test('acknowledgements follow the window that the peer sets', () => {
  const client = new TestClient().publish();
  client.send(windowAcknowledgementSize(1000));
  client.replies();
  client.media(9, 0, Buffer.alloc(600, 0x57));
  client.media(9, 0, Buffer.alloc(600, 0x57));
  const acknowledged = client.replies().filter((one) => one.typeId === MessageType.acknowledgement);
  assert.equal(acknowledged.length, 1);
  assert.ok(controlValue(acknowledged[0] ?? assert.fail()) > CLIENT_HELLO.length + 1000);
  client.send({
    chunkStreamId: 2,
    typeId: MessageType.setPeerBandwidth,
    streamId: 0,
    timestampMs: 0,
    payload: [Buffer.from('0000100002', 'hex')],
  });
  const [window] = client.replies();
  assert.deepEqual([window?.typeId, window && controlValue(window)], [5, 4096]);
});

test('aggregate messages are taken apart, their timestamps moved', () => {
  const client = new TestClient().publish();
  const tag = (typeId: number, ms: number, body: string) =>
    Buffer.concat([
      Buffer.of(typeId, 0, 0, body.length, (ms >> 16) & 255, (ms >> 8) & 255, ms & 255, ms >>> 24, 0, 0, 0),
      Buffer.from(body),
      Buffer.from('0000000f', 'hex'),
    ]);
  const payload = [tag(9, 0x0100_0000, 'video'), tag(8, 0x0100_0014, 'audio')];
  const events = client.send({
    chunkStreamId: 6,
    typeId: MessageType.aggregate,
    streamId: 1,
    timestampMs: 5000,
    payload,
  });
  assert.deepEqual(events, [
    { type: 'video', timestampMs: 5000, payload: Buffer.from('video') },
    { type: 'audio', timestampMs: 5020, payload: Buffer.from('audio') },
  ]);
  throwsCode('bad-message', () =>
    client.send({
      chunkStreamId: 6,
      typeId: MessageType.aggregate,
      streamId: 1,
      timestampMs: 0,
      payload: [tag(9, 0, 'video').subarray(0, 12)],
    }),
  );
});

test('unpublish by each of the three commands; the connection can publish again', () => {
  for (const [name, arg] of [
    ['FCUnpublish', 'cam'],
    ['deleteStream', 1],
    ['closeStream', null],
  ] as const) {
    const client = new TestClient().publish();
    assert.deepEqual(
      typesOf(client.command(name === 'closeStream' ? 1 : 0, name, 6, null, arg)),
      ['end'],
      name,
    );
    assert.deepEqual(client.media(9, 0, Buffer.of(1)), [], 'late media are dropped');
    assert.equal(client.session.ignoredMessages, 1);
    assert.deepEqual(typesOf(client.command(1, 'publish', 7, null, 'cam')), ['publish']);
  }
});

test('play: reset and start, pause and go on', () => {
  const client = new TestClient().connect();
  assert.deepEqual(client.command(1, 'play', 3, null, 'cam', -2000), [{ type: 'play', name: 'cam' }]);
  client.session.acceptStream();
  const codes = client.commands().map(({ args }) => amfProperties(args[0])?.code);
  assert.deepEqual(codes, ['NetStream.Play.Reset', 'NetStream.Play.Start']);
  assert.deepEqual(client.command(1, 'pause', 0, null, true, 0), [{ type: 'pause', isPaused: true }]);
  assert.equal(amfProperties(client.commands()[0]?.args[0])?.code, 'NetStream.Pause.Notify');
});

test('commands out of order', () => {
  throwsCode('bad-command', () => new TestClient().command(1, 'publish', 1, null, 'cam'));
  throwsCode('bad-command', () => new TestClient().publish().command(1, 'publish', 5, null, 'other'));
  throwsCode('bad-command', () => new TestClient().connect().command(1, 'publish', 5, null));
  throwsCode('bad-command', () => {
    const client = new TestClient().connect();
    for (let i = 0; i < 100; i++) client.command(0, 'createStream', i, null);
  });
});

test('a connect without a usable tcUrl is no reason to fall over', () => {
  const client = new TestClient();
  assert.deepEqual(typesOf(client.command(0, 'connect', 1, { app: 'live', tcUrl: 7 })), ['connect']);
  assert.deepEqual(typesOf(new TestClient().command(0, 'connect', 1, null)), ['connect']);
});

test('before a publication is accepted nobody gets memory for media', () => {
  const session = new ServerSession();
  session.push(CLIENT_HELLO, 0);
  const claim = header(0, { chunkStreamId: 6, typeId: 9, streamId: 1 }, 0, 8 << 20);
  throwsCode('message-too-long', () => session.push(Buffer.concat([claim, Buffer.alloc(20)]), 0));
});

for (const name of ['ffmpeg-5.1-h264-aac', 'ffmpeg-5.1-h264-mp3', 'ffmpeg-5.1-alaw']) {
  test(`${name}: whole, byte by byte and in random pieces it is the same`, () => {
    const bytes = dialogue(name);
    const whole = replay([Buffer.from(bytes)]);
    assert.ok(whole.sink.samples.length > 0);
    assert.equal(whole.sink.declared.length, 1);
    assert.deepEqual(whole.sink.failures, []);
    assert.equal(whole.events.at(-1), 'end');
    const single = replay(Array.from(bytes, (byte) => Buffer.of(byte)));
    assert.deepEqual(single.sink, whole.sink);
    assert.deepEqual(single.events, whole.events);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 50 }), (cuts) => {
        const ends = [...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = ends.map((end, index) => Buffer.from(bytes.subarray(ends[index - 1] ?? 0, end)));
        assert.deepEqual(replay(pieces).sink, whole.sink);
      }),
      { numRuns: 30 },
    );
  });
}
