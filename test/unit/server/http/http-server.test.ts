import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestHttps } from 'node:https';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import express from 'express';
import { get, type MediaHandler, startRig, TLS } from './http-rig.ts';

const BODY = Buffer.from('media');
const sendBody: MediaHandler = (request, response, sender) =>
  sender.sendBytes(
    request,
    response,
    { contentType: 'video/mp4', cacheControl: 'no-cache' },
    [BODY],
    BODY.length,
  );

test('media paths go to their route, all others to the app', async (t) => {
  const { server, counters } = await startRig(t, sendBody);
  assert.equal((await get(`${server.origin}/media/x?y=1`)).body.toString(), 'media');
  assert.equal((await get(`${server.origin}/api`)).body.toString(), 'fallback');
  assert.equal((await get(`${server.origin}/mediax`)).body.toString(), 'fallback');
  assert.equal(counters.requests, 3);
});

test('an error of a route is a 500 with a log line without the query', async (t) => {
  const { server, counters, log } = await startRig(t, () => {
    throw new Error('disk on fire');
  });
  const answer = await get(`${server.origin}/media/x?token=secret`);
  assert.equal(answer.status, 500);
  assert.equal(JSON.parse(answer.body.toString()).error.code, 'internal');
  assert.equal(counters.failures, 1);
  const line = log.lines.find(({ level }) => level === 'error');
  assert.equal(line?.facts.path, '/media/x');
  assert(!JSON.stringify(log.lines).includes('secret'));
});

test('bytes that are not HTTP get a 400, headers that are too long a 431, late ones a 408', async (t) => {
  const { server, counters } = await startRig(t, sendBody, {
    settings: { maxHeaderBytes: 2048, headersTimeoutMs: 100 },
  });
  assert.match(await exchange(server.origin, 'this is not HTTP\r\n\r\n'), /^HTTP\/1.1 400 /);
  const long = `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(4000)}\r\n\r\n`;
  assert.match(await exchange(server.origin, long), /^HTTP\/1.1 431 /);
  assert.match(await exchange(server.origin, 'GET / HTTP/1.1\r\n'), /^HTTP\/1.1 408 /);
  assert.match(await exchange(server.origin, ''), /^HTTP\/1.1 408 /);
  assert.equal(counters.badRequests, 4);
});

test('connections over the limit are closed and counted', async (t) => {
  const { server, counters } = await startRig(t, sendBody, { settings: { maxConnections: 2 } });
  const sockets = [await open(server.origin), await open(server.origin)];
  const refused = await open(server.origin);
  await once(refused, 'close');
  assert.equal(counters.connectionsRefused, 1);
  for (const socket of sockets) socket.destroy();
});

test('close ends idle connections, lets a running response finish, and refuses new ones', async (t) => {
  const started = Promise.withResolvers<ServerResponse>();
  const { server } = await startRig(t, (request, response, sender, url) => {
    if (url.pathname === '/media/idle') return sendBody(request, response, sender, url);
    started.resolve(response);
  });
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const idle = connect(Number(new URL(server.origin).port), '127.0.0.1');
  idle.write('GET /media/idle HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(idle, 'data');
  const { origin } = server;
  const running = get(`${origin}/media/slow`);
  const response = await started.promise;
  const closed = server.close(60_000);
  assert.equal(server.close(), closed);
  await once(idle, 'close');
  await assert.rejects(get(`${origin}/media/idle`), { code: 'ECONNREFUSED' });
  response.end('late');
  assert.equal((await running).body.toString(), 'late');
  await closed;
});

test('close cuts what does not end in time', async (t) => {
  const started = Promise.withResolvers<void>();
  const { server } = await startRig(t, () => started.resolve());
  const running = get(`${server.origin}/media/x`);
  const failed = assert.rejects(running, { code: 'ECONNRESET' });
  await started.promise;
  await server.close(10);
  await failed;
});

test('a port in use is an error of listen', async (t) => {
  const { server } = await startRig(t, sendBody);
  const port = Number(new URL(server.origin).port);
  const { createHttpServer } = await import('../../../../server/http/http-server.ts');
  const other = createHttpServer({
    host: '127.0.0.1',
    port,
    mediaRoutes: [],
    fallback: () => {},
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await assert.rejects(other.listen(), { code: 'EADDRINUSE' });
  await other.close();
});

/** An app that needs the real thing: express methods, a body, the client's address, a stream of events. */
function expressApp() {
  const app = express();
  app.get('/api/hello', (request, response) => {
    response.json({ ip: request.ip, secure: request.secure, host: request.hostname, q: request.query.q });
  });
  app.post('/api/echo', express.json(), (request, response) => {
    response.status(201).json(request.body);
  });
  app.get('/api/events', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    response.on('close', () => app.emit('closed'));
  });
  return app;
}

test('with TLS: HTTP/2 for media and the app', async (t) => {
  const app = expressApp();
  const { server } = await startRig(t, sendBody, { tls: TLS, fallback: app });
  assert.match(server.origin, /^https:/);
  const client = connectHttp2(server.origin, { ca: TLS.cert, servername: 'localhost' });
  t.after(() => client.destroy());

  const media = await get2(client, { ':path': '/media/x' });
  assert.equal(media.headers[':status'], 200);
  assert.equal(media.body, 'media');
  assert.equal(media.headers['access-control-allow-origin'], '*');

  const hello = await get2(client, { ':path': '/api/hello?q=5' });
  assert.deepEqual(JSON.parse(hello.body), { ip: '127.0.0.1', secure: true, host: 'localhost', q: '5' });
  const echo = await get2(
    client,
    { ':path': '/api/echo', ':method': 'POST', 'content-type': 'application/json' },
    '{"a":1}',
  );
  assert.equal(echo.headers[':status'], 201);
  assert.deepEqual(JSON.parse(echo.body), { a: 1 });

  const appClosed = once(app, 'closed');
  const events = client.request({ ':path': '/api/events' });
  const [first] = await once(events.setEncoding('utf8'), 'data');
  assert.equal(first, 'data: 1\n\n');
  events.close();
  await appClosed;
});

test('with TLS: an error of a route is a 500, and one who left is nobody', async (t) => {
  const left = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<void>();
  const { server, counters, log } = await startRig(
    t,
    async (request, response, sender, url) => {
      if (url.pathname === '/media/broken') throw new Error('disk on fire');
      response.once('close', left.resolve);
      seen.resolve();
      await left.promise;
      await sendBody(request, response, sender, url);
      throw new Error('too late');
    },
    { tls: TLS },
  );
  const client = connectHttp2(server.origin, { ca: TLS.cert, servername: 'localhost' });
  t.after(() => client.destroy());
  const broken = await get2(client, { ':path': '/media/broken' });
  assert.equal(broken.headers[':status'], 500);
  assert.equal(JSON.parse(broken.body).error.code, 'internal');
  const leaver = client.request({ ':path': '/media/slow' });
  leaver.on('error', () => {});
  await seen.promise;
  leaver.destroy();
  await left.promise;
  assert.equal((await get2(client, { ':path': '/media/broken' })).headers[':status'], 500);
  assert.equal(counters.failures, 3);
  assert.equal(log.lines.length, 3);
});

test('with TLS: HTTP/1.1 for those who ask for it', async (t) => {
  const { server } = await startRig(t, sendBody, { tls: TLS, fallback: expressApp() });
  for (const [path, text] of [
    ['/media/x', 'media'],
    ['/api/hello', '{"ip":"127.0.0.1","secure":true,"host":"127.0.0.1"}'],
  ]) {
    const outgoing = requestHttps(`${server.origin}${path}`, { ca: TLS.cert, servername: 'localhost' });
    outgoing.end();
    const [incoming] = await once(outgoing, 'response');
    assert.equal(incoming.httpVersion, '1.1');
    assert.equal(Buffer.concat(await incoming.toArray()).toString(), text);
  }
});

test('with TLS: a stalled HTTP/2 viewer is dropped, its session lives on', async (t) => {
  const big = Buffer.alloc(8 * 1024 * 1024);
  const dropped = Promise.withResolvers<void>();
  const { server, counters } = await startRig(
    t,
    (request, response, sender, url) => {
      if (url.pathname !== '/media/big') return sendBody(request, response, sender, url);
      response.once('close', dropped.resolve);
      sender.sendBytes(
        request,
        response,
        { contentType: 'x/y', cacheControl: 'no-cache' },
        [big],
        big.length,
      );
    },
    { tls: TLS, sender: { stallMs: 50 } },
  );
  const client = connectHttp2(server.origin, { ca: TLS.cert, servername: 'localhost' });
  t.after(() => client.destroy());
  const stalled = client.request({ ':path': '/media/big' });
  stalled.on('error', () => {});
  stalled.pause();
  await dropped.promise;
  assert.equal(counters.slowViewersDropped, 1);
  assert.equal((await get2(client, { ':path': '/media/x' })).body, 'media');
});

test('with TLS: close says goodbye to sessions and waits for their streams', async (t) => {
  const started = Promise.withResolvers<ServerResponse>();
  const { server } = await startRig(t, (_request, response) => started.resolve(response), { tls: TLS });
  const client = connectHttp2(server.origin, { ca: TLS.cert, servername: 'localhost' });
  const running = get2(client, { ':path': '/media/slow' });
  const response = await started.promise;
  const closed = server.close(60_000);
  await once(client, 'goaway');
  response.end('late');
  assert.equal((await running).body, 'late');
  await closed;
});

async function get2(
  client: ReturnType<typeof connectHttp2>,
  headers: Record<string, string>,
  body?: string,
): Promise<{ headers: Record<string, unknown>; body: string }> {
  const stream = client.request(headers);
  stream.end(body);
  const [answer] = await once(stream, 'response');
  return { headers: answer, body: Buffer.concat(await stream.toArray()).toString() };
}

async function open(origin: string): Promise<Socket> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Sends bytes and answers all that comes until the server hangs up. */
async function exchange(origin: string, text: string): Promise<string> {
  const socket = await open(origin);
  socket.write(text);
  return Buffer.concat(await socket.toArray()).toString();
}

test('without TLS: HTTP/2 for clients that begin with it, for media and the app', async (t) => {
  const { server } = await startRig(t, (request, response) => {
    response.end(`media over ${request.httpVersion}`);
  });
  const session = connectHttp2(server.origin);
  const get = async (path: string) => {
    const stream = session.request({ ':path': path });
    stream.setEncoding('utf8');
    let text = '';
    for await (const piece of stream) text += piece;
    return text;
  };
  assert.equal(await get('/media/a'), 'media over 2.0');
  assert.notEqual(await get('/elsewhere'), '');
  session.close();
});

test('a connection is told by its first bytes, however they are cut', async (t) => {
  const { server } = await startRig(t, (request, response) => {
    response.end(`${request.method} over ${request.httpVersion}`);
  });
  const { port } = new URL(server.origin);
  // A method that begins as the preface of HTTP/2 does.
  const socket = connect(Number(port), '127.0.0.1');
  const answer = text(socket);
  for (const piece of ['P', 'R', 'OPFIND /media/a HT', 'TP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n']) {
    await new Promise((resolve) => socket.write(piece, resolve));
    await setImmediate();
  }
  assert.match(await answer, /PROPFIND over 1\.1$/);
});

test('close does not wait for connections that never said anything', async (t) => {
  const { server } = await startRig(t, () => undefined);
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  await server.close(3_600_000);
  await closed;
});
