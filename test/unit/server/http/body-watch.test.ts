import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { startRig, TLS } from './http-rig.ts';

const settings = { requestTimeoutMs: 100 };

/** Reads a stream until it ends. */
async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const piece of stream) text += String(piece);
  return text;
}

/** Answers `/media/x` when it is told to, with the request's body; `/media/slow` waits for its body only. */
class Patience {
  readonly #mayAnswer = Promise.withResolvers<void>();
  readonly #hasAll = Promise.withResolvers<void>();

  readonly handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (incoming.url === '/media/slow') {
      incoming.resume();
      return;
    }
    response.flushHeaders();
    const body = incoming.method === 'GET' ? 'nothing' : await readAll(incoming);
    this.#hasAll.resolve();
    await this.#mayAnswer.promise;
    response.end(body);
  };

  /** Resolves when the request is there. */
  get hasAll(): Promise<void> {
    return this.#hasAll.promise;
  }

  answer(): void {
    this.#mayAnswer.resolve();
  }
}

describe('a body that is too slow', () => {
  test('is answered 408, and the connection ends', async (t) => {
    const { server, counters } = await startRig(t, new Patience().handle, { settings });
    const { hostname, port } = new URL(server.origin);
    const socket = connect(Number(port), hostname);
    socket.write('POST /media/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc');
    assert.match(await readAll(socket), /^HTTP\/1\.1 408 .*Connection: close/s);
    assert.equal(counters.badRequests, 1);
  });

  test('is cut off when the answer has begun, over HTTP/2 without its session', async (t) => {
    const { server } = await startRig(
      t,
      async (_incoming, response) => {
        response.write('begun');
        await once(response, 'close');
      },
      { settings, tls: TLS },
    );
    const client = connectHttp2(server.origin, { rejectUnauthorized: false });
    t.after(() => client.close());
    const stream = client.request({ ':path': '/media/x', ':method': 'POST' });
    stream.write('never all');
    stream.resume();
    await once(stream, 'close');
    assert.ok(!client.closed);
  });
});

describe('a long answer is not cut', () => {
  test('over HTTP/1, when the body was there in time', async (t) => {
    const patience = new Patience();
    const { server } = await startRig(t, patience.handle, { settings });
    const outgoing = request(`${server.origin}/media/x`, { method: 'POST', agent: false });
    outgoing.end('all');
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    await patience.hasAll;
    // A body that began later is too slow already.
    const slow = request(`${server.origin}/media/slow`, { method: 'POST', agent: false });
    slow.write('a');
    const [late] = (await once(slow, 'response')) as [IncomingMessage];
    assert.equal(late.statusCode, 408);
    late.resume();
    patience.answer();
    assert.equal(await readAll(incoming), 'all');
  });

  test('over HTTP/2, when there is no body', async (t) => {
    const patience = new Patience();
    const { server } = await startRig(t, patience.handle, { settings, tls: TLS });
    const client = connectHttp2(server.origin, { rejectUnauthorized: false });
    t.after(() => client.close());
    const stream = client.request({ ':path': '/media/x' });
    await patience.hasAll;
    const slow = client.request({ ':path': '/media/slow', ':method': 'POST' });
    slow.write('a');
    slow.resume();
    const [headers] = (await once(slow, 'response')) as [Record<string, unknown>];
    assert.equal(headers[':status'], 408);
    patience.answer();
    assert.equal(await readAll(stream), 'nothing');
    slow.destroy();
  });
});

test('a connection whose body was not read serves its next request', async (t) => {
  const { server } = await startRig(t, async (_incoming, response) => void response.end('ok'));
  const { hostname, port } = new URL(server.origin);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.setEncoding('utf8');
  let received = '';
  socket.on('data', (text: string) => {
    received += text;
  });
  const answers = async (count: number) => {
    while (received.split('HTTP/1.1 200').length <= count) await once(socket, 'data');
  };
  const head = 'POST /media/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n';
  socket.write(`${head}abc`);
  await answers(1);
  socket.write(`defghij${head}abcdefghij`);
  await answers(2);
});
