import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { type AwsCall, AwsError, type AwsService } from '../../../../server/aws/aws-call.ts';
import { AwsRouter } from '../../../../server/aws/aws-router.ts';
import { until } from '../../../e2e/support/until.ts';
import { TLS } from '../http/http-rig.ts';
import { beginPost, post, startFrame } from './frame-rig.ts';

const { NGHTTP2_CANCEL } = constants;

/** Two operations of the control plane, enough to see the frame. */
function video(handlers: AwsService['handlers']): AwsService {
  return { model: 'kinesisvideo', handlers };
}

const echo = video({
  DescribeStream: ({ input }: AwsCall<Record<string, string>>) => ({
    StreamInfo: { StreamName: input.StreamName, CreationTime: 1500 },
  }),
});

function putMedia(handler: NonNullable<AwsService['streamHandlers']>[string]): AwsService {
  return { model: 'kinesis-video-put-media', handlers: {}, streamHandlers: { PutMedia: handler } };
}

describe('an ordinary operation', () => {
  test('is found by its path, and answered with the headers of every reply', async (t) => {
    const { origin, observations } = await startFrame(t, [echo]);
    const { status, headers, body } = await post(`${origin}/describeStream`, '{"StreamName":"cam"}');
    assert.equal(status, 200);
    assert.equal(body, '{"StreamInfo":{"StreamName":"cam","CreationTime":1.5}}');
    assert.equal(headers['content-type'], 'application/json');
    assert.match(String(headers['x-amzn-requestid']), /^[0-9a-f-]{36}$/);
    assert.ok(!Number.isNaN(Date.parse(String(headers.date))));
    const [{ durationMs, ...observation } = { durationMs: -1 }] = observations;
    assert.ok(durationMs >= 0);
    assert.deepEqual(observation, {
      service: 'kinesisvideo',
      operation: 'DescribeStream',
      errorCode: undefined,
      status: 200,
      isStream: false,
    });
  });

  test('other paths, other cases and other methods are not operations', async (t) => {
    const { origin, observations } = await startFrame(t, [echo]);
    const page = await fetch(`${origin}/describeStream`);
    assert.equal(await page.text(), 'the page');
    assert.equal((await post(`${origin}/somewhere`, '')).body, 'the page');
    for (const path of ['/DescribeStream', '/createStream', '/describeStream/']) {
      const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=...' };
      const { status, headers, body } = await post(`${origin}${path}`, '{}', signed);
      assert.equal(status, 404);
      assert.equal(headers['x-amzn-errortype'], 'UnknownOperationException');
      assert.match(body, /com.amazon.coral.service#UnknownOperationException/);
    }
    const target = await post(`${origin}/`, '{}', {
      'x-amz-target': 'Kinesis_20131202.Nothing',
      'content-type': 'application/x-amz-json-1.1',
    });
    assert.deepEqual([target.status, target.body], [400, '{"__type":"UnknownOperationException"}']);
    assert.ok(
      observations.every(({ operation, errorCode }) => operation === 'unknown' && errorCode !== undefined),
    );
  });

  test('errors have the status and the form of the model', async (t) => {
    const service = video({
      DescribeStream: () => {
        throw new AwsError('ResourceNotFoundException', 'There is no stream cam.');
      },
      DeleteStream: () => Promise.reject(new AwsError('NotAuthorizedException', 'No.')),
    });
    const { origin, observations, logLines } = await startFrame(t, [service]);
    const missing = await post(`${origin}/describeStream`, '{}');
    assert.deepEqual([missing.status, missing.body], [404, '{"Message":"There is no stream cam."}']);
    assert.equal(missing.headers['x-amzn-errortype'], 'ResourceNotFoundException');
    const arn = 'arn:aws:kinesisvideo:us-east-1:000000000000:stream/cam/1';
    const denied = await post(`${origin}/deleteStream`, JSON.stringify({ StreamARN: arn }));
    assert.equal(denied.status, 401);
    const broken = await post(`${origin}/deleteStream`, '{"StreamARN":1}');
    assert.equal(broken.status, 400);
    assert.match(broken.body, /^\{"message":"StreamARN must be a string/);
    assert.deepEqual(
      observations.map(({ errorCode }) => errorCode),
      ['ResourceNotFoundException', 'NotAuthorizedException', 'SerializationException'],
    );
    assert.deepEqual(logLines, []);
  });

  test('what fails inside is logged, and not told', async (t) => {
    const service = video({
      DescribeStream: () => {
        throw new TypeError('the secret inside');
      },
    });
    const { origin, logLines } = await startFrame(t, [service]);
    const { status, headers, body } = await post(`${origin}/describeStream`, '{}');
    assert.equal(status, 500);
    assert.equal(headers['x-amzn-errortype'], 'InternalFailure');
    assert.doesNotMatch(body, /inside/);
    assert.equal(logLines.length, 1);
    assert.match(logLines[0] ?? '', /the secret inside/);
    assert.ok(logLines[0]?.includes(String(headers['x-amzn-requestid'])));
  });

  test('a body that is too large is refused, whether it says so or not', async (t) => {
    const { origin, bodies } = await startFrame(t, [echo]);
    const large = Buffer.alloc((1 << 20) + 1, 0x20);
    const said = await post(`${origin}/describeStream`, large);
    assert.deepEqual(
      [said.status, said.headers['x-amzn-errortype']],
      [413, 'RequestEntityTooLargeException'],
    );
    const unsaid = await post(`${origin}/describeStream`, large, { 'transfer-encoding': 'chunked' });
    assert.equal(unsaid.status, 413);
    assert.equal(bodies.usedBytes, 0);
  });

  test('bodies of all connections together have a bound', async (t) => {
    const { origin, bodies } = await startFrame(t, [echo], { bodiesBytes: 30 });
    const first = beginPost(`${origin}/describeStream`, { 'content-length': '22' });
    first.outgoing.write('{"StreamName":"first"');
    await until('the first half', () => bodies.usedBytes > 0);
    const second = await post(`${origin}/describeStream`, '{"StreamName":"second"}');
    assert.deepEqual([second.status, second.headers['x-amzn-errortype']], [400, 'ThrottlingException']);
    assert.equal(bodies.refused, 1);
    first.outgoing.destroy();
    await assert.rejects(first.reply);
    await until('the room', () => bodies.usedBytes === 0);
    assert.equal((await post(`${origin}/describeStream`, '{"StreamName":"third"}')).status, 200);
  });

  test('a handler learns that its client hung up', async (t) => {
    const { promise, resolve } = Promise.withResolvers<AbortSignal>();
    const service = video({
      DescribeStream: async ({ signal }: AwsCall<unknown>) => {
        resolve(signal);
        // Fails with the signal's reason.
        await once(new EventEmitter(), 'never', { signal });
        return {};
      },
    });
    const { origin, logLines, observations } = await startFrame(t, [service]);
    const { outgoing, reply } = beginPost(`${origin}/describeStream`);
    outgoing.end('{}');
    const signal = await promise;
    outgoing.destroy();
    await assert.rejects(reply);
    await until('the end', () => observations.length > 0);
    assert.ok(signal.aborted);
    assert.equal(observations[0]?.errorCode, 'ClientGone');
    assert.deepEqual(logLines, []);
  });

  for (const [what, options, hangUp] of [
    ['resets its stream', { tls: TLS }, (stream: ClientHttp2Stream) => stream.close(NGHTTP2_CANCEL)],
    ['closes its connection', { tls: TLS }, (stream: ClientHttp2Stream) => stream.session?.destroy()],
    ['closes a connection without TLS', {}, (stream: ClientHttp2Stream) => stream.session?.destroy()],
  ] as const) {
    test(`a handler learns that its client of HTTP/2 ${what}`, async (t) => {
      const { promise, resolve } = Promise.withResolvers<AbortSignal>();
      const service = putMedia(async ({ signal }: AwsCall<unknown>, _request, response) => {
        response.write('begun');
        resolve(signal);
        await once(signal, 'abort');
      });
      const { origin, observations } = await startFrame(t, [service], options);
      const client = connectHttp2(origin, { rejectUnauthorized: false });
      t.after(() => client.destroy());
      const stream = client.request({
        ':path': '/putMedia',
        ':method': 'POST',
        'x-amzn-stream-name': 'cam',
        'x-amzn-fragment-timecode-type': 'ABSOLUTE',
      });
      stream.on('error', () => undefined);
      stream.end();
      const signal = await promise;
      hangUp(stream);
      await until('the end', () => observations.length > 0);
      assert.ok(signal.aborted);
    });
  }

  test('over HTTP/2 as well', async (t) => {
    const { origin } = await startFrame(t, [echo], { tls: TLS });
    const client = connectHttp2(origin, { rejectUnauthorized: false });
    t.after(() => client.close());
    const stream = client.request({ ':path': '/describeStream', ':method': 'POST' });
    stream.end('{"StreamName":"cam"}');
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    let body = '';
    for await (const piece of stream) body += String(piece);
    assert.equal(headers[':status'], 200);
    assert.match(String(headers['x-amzn-requestid']), /^[0-9a-f-]{36}$/);
    assert.match(body, /"StreamName":"cam"/);
  });
});

describe('strangers', () => {
  test('are sent away before their body is read', async (t) => {
    const signers = {
      openPrincipal: undefined,
      signer: () => ({ ok: false as const, reason: 'no-credentials' as const }),
      signatureFailed: () => undefined,
    };
    const { origin, bodies } = await startFrame(t, [echo], { signers });
    const { outgoing, reply } = beginPost(`${origin}/describeStream`, { 'content-length': '1000000' });
    outgoing.write('{');
    const { status, headers } = await reply;
    assert.deepEqual([status, headers['x-amzn-errortype']], [403, 'MissingAuthenticationTokenException']);
    assert.equal(bodies.usedBytes, 0);
    outgoing.destroy();
  });
});

describe('pages in a browser', () => {
  test('may ask whether they may ask, and read the answer', async (t) => {
    const { origin } = await startFrame(t, [echo]);
    const page = { origin: 'http://localhost:5173' };
    const preflight = await fetch(`${origin}/describeStream`, {
      method: 'OPTIONS',
      headers: {
        ...page,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-amz-date',
      },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'x-amz-date');
    const answer = await fetch(`${origin}/describeStream`, { method: 'POST', headers: page, body: '{}' });
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.match(answer.headers.get('access-control-expose-headers') ?? '', /x-amzn-RequestId/);
  });
});

describe('an operation whose body has no end', () => {
  const headers = {
    'x-amzn-stream-name': 'cam',
    'x-amzn-fragment-timecode-type': 'ABSOLUTE',
    'x-amzn-producer-start-timestamp': '1700000000.5',
    'transfer-encoding': 'chunked',
  };

  test('has its members in headers; its answer begins before its body ends; it outlives the limit of bodies', async (t) => {
    const inputs: unknown[] = [];
    const service = putMedia(async ({ input }: AwsCall<unknown>, request, response) => {
      inputs.push(input);
      response.flushHeaders();
      for await (const piece of request) response.write(`got ${String(piece)}\n`);
      response.end('end');
    });
    const { origin, observations } = await startFrame(t, [service, echo], {
      settings: { requestTimeoutMs: 100 },
    });
    const { outgoing, reply } = beginPost(`${origin}/putMedia`, headers);
    outgoing.flushHeaders();
    const [incoming] = (await once(outgoing, 'response')) as [NodeJS.ReadableStream];
    outgoing.write('one');
    await once(incoming, 'data');
    // A slow body of another operation, begun later, is over by now.
    const slow = beginPost(`${origin}/describeStream`, { 'content-length': '10' });
    slow.outgoing.write('{');
    assert.equal((await slow.reply).status, 408);
    outgoing.end('two');
    const { status, body } = await reply;
    assert.equal(status, 200);
    assert.match(body, /got one\ngot two\nend$/);
    assert.deepEqual(inputs, [
      { StreamName: 'cam', FragmentTimecodeType: 'ABSOLUTE', ProducerStartTimestamp: '1700000000.5' },
    ]);
    await until('the observation', () => observations.some(({ isStream }) => isStream));
  });

  test('members in headers are checked like others', async (t) => {
    const service = putMedia(() => Promise.reject(new Error('not reached')));
    const { origin } = await startFrame(t, [service]);
    const wrong = await post(`${origin}/putMedia`, '', {
      ...headers,
      'x-amzn-fragment-timecode-type': 'SOMETIMES',
    });
    assert.equal(wrong.headers['x-amzn-errortype'], 'InvalidArgumentException');
    assert.match(wrong.body, /'fragmentTimecodeType' failed to satisfy constraint: Member must satisfy enum/);
    const none = await post(`${origin}/putMedia`, '');
    assert.match(none.body, /Value null at 'fragmentTimecodeType'/);
  });

  test('an error reaches a client that is still sending', async (t) => {
    const service = putMedia(async () => {
      throw new AwsError('ResourceNotFoundException', 'none');
    });
    const { origin } = await startFrame(t, [service]);
    const { outgoing, reply } = beginPost(`${origin}/putMedia`, headers);
    const sending = setInterval(() => outgoing.write(Buffer.alloc(16_384)), 1);
    t.after(() => {
      clearInterval(sending);
      outgoing.destroy();
    });
    const { status, body } = await reply;
    assert.deepEqual([status, body], [404, '{"Message":"none"}']);
  });

  test('Expect: 100-continue is answered before the body', async (t) => {
    const service = putMedia(async (_call, request, response) => {
      for await (const _piece of request);
      response.end('done');
    });
    const { origin } = await startFrame(t, [service]);
    const { hostname, port } = new URL(origin);
    const socket = connect(Number(port), hostname);
    t.after(() => socket.destroy());
    socket.setEncoding('utf8');
    let received = '';
    socket.on('data', (text: string) => {
      received += text;
    });
    const lines = [
      'POST /putMedia HTTP/1.1',
      'Host: localhost',
      'Expect: 100-continue',
      'transfer-encoding: chunked',
    ];
    lines.push('x-amzn-stream-name: cam', 'x-amzn-fragment-timecode-type: ABSOLUTE', '', '');
    socket.write(lines.join('\r\n'));
    await until('the interim answer', () => received.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    socket.write('3\r\nabc\r\n0\r\n\r\n');
    await until('the answer', () => received.includes('done'));
  });

  test('a failure behind the first byte cuts the answer', async (t) => {
    const service = putMedia(async (_call, _request, response) => {
      response.write('begun');
      throw new Error('inside');
    });
    const { origin, logLines } = await startFrame(t, [service]);
    await assert.rejects(post(`${origin}/putMedia`, '', headers), { code: 'ECONNRESET' });
    assert.match(logLines.join(''), /inside/);
  });
});

describe('the router', () => {
  test('takes no operation that the model does not have, and none twice', () => {
    assert.throws(() => new AwsRouter([video({ Nothing: () => ({}) })]), /no operation Nothing/);
    assert.throws(() => new AwsRouter([echo, echo]), /two operations are at \/describeStream/);
    assert.equal(new AwsRouter([echo]).operations().length, 1);
  });
});
