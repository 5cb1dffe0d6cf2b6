import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
} from '@aws-sdk/client-kinesis-video';
import { ListFragmentsCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { until } from '../../e2e/support/until.ts';
import {
  cluster,
  dialogueHead,
  END_TAG,
  fragmentAt,
  producerDialogue,
  randomPieces,
} from '../../fixtures/put-media/dialogues.ts';
import { startAwsServer } from './support/aws-server.ts';
import { putMedia, putMediaHeaders, putWhole, shortAcks } from './support/put-media-client.ts';
import { sdkClients } from './support/sdk-clients.ts';

const START_MS = 1_678_912_146_652;
const HEAD = dialogueHead();
const ALL = {
  FragmentSelectorType: 'SERVER_TIMESTAMP',
  TimestampRange: { StartTimestamp: new Date(1), EndTimestamp: new Date(9e12) },
} as const;

test('a producer creates a stream, sends a session, and finds its fragments listed', async (t) => {
  const server = await startAwsServer(t);
  const { video, archived } = sdkClients(t, server);
  await video.send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours: 2 }));
  const { StreamInfo } = await video.send(new DescribeStreamCommand({ StreamName: 'cam' }));
  const target = {
    ...server,
    key: server.admin,
    stream: 'cam',
    // by ARN, as the Java client may
    headers: { 'x-amzn-stream-name': '', 'x-amzn-stream-arn': StreamInfo?.StreamARN ?? '' },
  };
  const body = producerDialogue([fragmentAt(START_MS), fragmentAt(START_MS + 2000)], {
    tagsBehind: new Map([[0, { door: 'open' }]]),
  });
  const acks = await putWhole(target, randomPieces(body, 1));
  assert.deepEqual(shortAcks(acks).toSorted(), [
    `BUFFERING ${START_MS}`,
    `BUFFERING ${START_MS + 2000}`,
    `PERSISTED ${START_MS}`,
    `PERSISTED ${START_MS + 2000}`,
    `RECEIVED ${START_MS}`,
    `RECEIVED ${START_MS + 2000}`,
  ]);
  const { Fragments } = await archived.send(
    new ListFragmentsCommand({ StreamName: 'cam', FragmentSelector: ALL }),
  );
  assert.deepEqual(
    Fragments?.map(({ FragmentNumber }) => FragmentNumber).toSorted(),
    acks.filter(({ EventType }) => EventType === 'PERSISTED').map(({ FragmentNumber }) => FragmentNumber),
  );
  assert.deepEqual(Fragments?.[0]?.FragmentLengthInMilliseconds, 2000);
  assert.deepEqual(server.errorLines(), []);
});

test('200 comes before the body has ended, each acknowledgement in a chunk of its own, the last chunk also after an error', async (t) => {
  const server = await startAwsServer(t);
  const { hostname, port } = new URL(server.endpoint);
  const socket = connect({ host: hostname, port: Number(port) });
  t.after(() => socket.destroy());
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  const headers = putMediaHeaders({
    ...server,
    key: server.admin,
    stream: 'raw',
    headers: { expect: '100-continue' },
  });
  socket.write(
    `POST /putMedia HTTP/1.1\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
  );
  const send = (bytes: Buffer) => {
    socket.write(`${bytes.length.toString(16)}\r\n`);
    socket.write(bytes);
    socket.write('\r\n');
  };
  await until('100 and 200', () => answer.includes('HTTP/1.1 200 OK'));
  assert.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /\r\nx-amzn-RequestId: [0-9a-f-]{36}\r\n/);
  assert.match(answer, /\r\nContent-Type: application\/json\r\n/);
  assert.match(answer, /\r\nTransfer-Encoding: chunked\r\n/);
  assert.match(answer, /\r\nDate: /);
  send(HEAD);
  // two at once, of which one ends with the other's beginning; then a time that goes back
  send(Buffer.concat([cluster(fragmentAt(0)), cluster(fragmentAt(2000)), cluster(fragmentAt(1000))]));
  await until('the end', () => answer.endsWith('\r\n0\r\n\r\n'));
  const chunks = answer.slice(answer.indexOf('\r\n\r\n', answer.indexOf('200 OK')) + 4).split('\r\n');
  const lines = chunks.filter((_, at) => at % 2 === 1).slice(0, -1);
  for (const [at, line] of lines.entries()) {
    assert.equal(Number.parseInt(chunks[at * 2] ?? '', 16), line.length);
    assert.match(
      line,
      /^\{"EventType":"[A-Z]+","FragmentTimecode":\d+,"FragmentNumber":"(\d{47})?"(,"ErrorCode":"\w+","ErrorId":\d{4})?\}\n$/,
    );
  }
  assert.ok(lines.some((line) => line.includes('"ErrorId":4004')));
  assert.equal(lines.filter((line) => line.includes('PERSISTED')).length, 2);
  socket.destroy();
});

test('who may not, and what may not be asked, is told before any media', async (t) => {
  const server = await startAwsServer(t, { streams: { autoCreate: false } });
  const { video } = sdkClients(t, server);
  await video.send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours: 1 }));
  const viewer = server.addKey([{ action: 'view', stream: 'cam' }]);
  const base = { ...server, key: server.admin, stream: 'cam' };
  const cases: readonly [number, string, Parameters<typeof putMedia>[0]][] = [
    [401, 'NotAuthorizedException', { ...base, key: viewer }],
    [403, 'InvalidSignatureException', { ...base, key: { ...server.admin, secret: 'wrong' } }],
    [404, 'ResourceNotFoundException', { ...base, stream: 'other' }],
    [400, 'InvalidArgumentException', { ...base, headers: { 'x-amzn-stream-name': '' } }],
    [
      400,
      'InvalidArgumentException',
      {
        ...base,
        headers: { 'x-amzn-stream-arn': 'arn:aws:kinesisvideo:us-east-1:000000000000:stream/cam/1' },
      },
    ],
    [400, 'InvalidArgumentException', { ...base, headers: { 'x-amzn-fragment-timecode-type': 'SOMETIMES' } }],
    [400, 'InvalidArgumentException', { ...base, headers: { 'x-amzn-fragment-timecode-type': '' } }],
    [
      400,
      'InvalidArgumentException',
      { ...base, headers: { 'x-amzn-producer-start-timestamp': 'yesterday' } },
    ],
  ];
  for (const [status, code, target] of cases) {
    const call = putMedia(target);
    const response = await call.response;
    assert.deepEqual([response.statusCode, response.headers['x-amzn-errortype']], [status, code]);
    response.resume();
    call.destroy();
  }
});

test('more sessions than allowed', async (t) => {
  const server = await startAwsServer(t);
  const target = { ...server, key: server.admin, stream: 'cam' };
  const calls = [];
  for (let at = 0; at < 5; at++) {
    const call = putMedia(target);
    assert.equal((await call.response).statusCode, 200);
    calls.push(call);
  }
  const sixth = putMedia(target);
  const response = await sixth.response;
  assert.deepEqual(
    [response.statusCode, response.headers['x-amzn-errortype']],
    [400, 'ConnectionLimitExceededException'],
  );
  response.resume();
  sixth.destroy();
  for (const call of calls) {
    call.end();
    await call.over;
  }
});

test('a token rotation: the next session begins while the old one waits for its last PERSISTED', async (t) => {
  const server = await startAwsServer(t);
  const target = { ...server, key: server.admin, stream: 'cam' };
  const old = putMedia(target);
  await old.write(Buffer.concat([HEAD, cluster(fragmentAt(0))]));
  await until('the first fragment', () => old.acks.length > 0);
  const next = putMedia(target);
  await next.write(Buffer.concat([HEAD, cluster(fragmentAt(2000))]));
  // the old one sends nothing more, and does not end its body before this
  await until('PERSISTED', () => old.acks.some(({ EventType }) => EventType === 'PERSISTED'));
  old.end();
  await until('the next fragment', () => next.acks.length > 0);
  await next.write(END_TAG);
  next.end();
  assert.deepEqual(shortAcks(await old.over), ['BUFFERING 0', 'RECEIVED 0', 'PERSISTED 0']);
  assert.deepEqual(shortAcks(await next.over), ['BUFFERING 2000', 'RECEIVED 2000', 'PERSISTED 2000']);
});

test('a producer that hangs up leaves what it sent, and its stream free', async (t) => {
  const server = await startAwsServer(t);
  const { archived } = sdkClients(t, server);
  const target = { ...server, key: server.admin, stream: 'cam' };
  const call = putMedia(target);
  await call.write(Buffer.concat([HEAD, cluster(fragmentAt(START_MS))]));
  await until('the fragment', () => call.acks.length > 0);
  call.destroy();
  await until('what it sent', async () => {
    const { Fragments } = await archived.send(
      new ListFragmentsCommand({ StreamName: 'cam', FragmentSelector: ALL }),
    );
    return Fragments?.length === 1;
  });
  const metrics = await until('the end of the session', async () => {
    const text = await (await fetch(`${server.endpoint}/metrics`)).text();
    return text.includes('framelog_put_media_connections{stream="cam"} 0\n') && text;
  });
  assert.match(metrics, /^framelog_put_media_connection_errors_total\{stream="cam"\} 1$/m);
  assert.match(metrics, /^framelog_put_media_incoming_frames_total\{stream="cam"\} 40$/m);
});

test('a stream that is deleted under its producer', async (t) => {
  const server = await startAwsServer(t);
  const { video } = sdkClients(t, server);
  const call = putMedia({ ...server, key: server.admin, stream: 'cam' });
  await call.write(Buffer.concat([HEAD, cluster(fragmentAt(0))]));
  await until('the fragment', () => call.acks.length > 0);
  const { StreamInfo } = await video.send(new DescribeStreamCommand({ StreamName: 'cam' }));
  await video.send(new DeleteStreamCommand({ StreamARN: StreamInfo?.StreamARN }));
  assert.equal(shortAcks(await call.over).at(-1), 'ERROR 4008 0');
});

test('bodies that are no media get the recorded answer', async (t) => {
  const server = await startAwsServer(t);
  const acks = await putWhole({ ...server, key: server.admin, stream: 'cam' }, [
    Buffer.from('{"not": "media"}'),
  ]);
  assert.deepEqual(acks, [
    {
      EventType: 'ERROR',
      FragmentTimecode: -1,
      FragmentNumber: '',
      ErrorCode: 'INVALID_MKV_DATA',
      ErrorId: 4006,
    },
  ]);
  const empty = await putWhole({ ...server, key: server.admin, stream: 'cam' }, []);
  assert.deepEqual(empty, []);
  assert.deepEqual(server.errorLines(), []);
});

test('over HTTP/2 body and answer stream side by side, too', async (t) => {
  const tls = fileURLToPath(new URL('../../unit/server/http/tls/', import.meta.url));
  const files = { certFile: join(tls, 'cert.pem'), keyFile: join(tls, 'key.pem') };
  const server = await startAwsServer(t, { http: { tls: files }, access: { open: true } });
  const session = connectHttp2(server.endpoint, {
    ca: readFileSync(files.certFile),
    rejectUnauthorized: false,
  });
  t.after(() => session.close());
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': '/putMedia',
      'x-amzn-stream-name': 'cam',
      'x-amzn-fragment-timecode-type': 'ABSOLUTE',
    },
    { endStream: false },
  );
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const [head] = (await once(stream, 'response')) as [Record<string, unknown>];
  assert.equal(head[':status'], 200);
  stream.write(producerDialogue([fragmentAt(0)]));
  await until('PERSISTED', () => text.includes('"PERSISTED"'));
  stream.end();
  await once(stream, 'end');
});

test('a server that closes acknowledges what it has and ends the answer as it should', async (t) => {
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const call = await new Promise<ReturnType<typeof putMedia>>((resolve, reject) => {
    void t
      .test('while it runs', async (inner) => {
        const server = await startAwsServer(inner);
        const opened = putMedia({ ...server, key: server.admin, stream: 'cam' });
        await opened.write(Buffer.concat([HEAD, cluster(fragmentAt(0))]));
        await until('the fragment', () => opened.acks.length > 0);
        resolve(opened);
        await closed;
      })
      .catch(reject);
  });
  close();
  assert.deepEqual(shortAcks(await call.over), ['BUFFERING 0', 'RECEIVED 0', 'PERSISTED 0']);
});
