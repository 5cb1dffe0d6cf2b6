import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startRig, TLS } from './http-rig.ts';

const settings = { requestTimeoutMs: 100 };

/** Reads a socket until it ends. */
async function readAll(socket: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const piece of socket) text += String(piece);
  return text;
}

describe('bodies that are too slow', () => {
  test('are answered 408, and the connection ends', async (t) => {
    const { server, counters } = await startRig(t, async (incoming) => void (await readAll(incoming)), {
      settings,
    });
    const { hostname, port } = new URL(server.origin);
    const socket = connect(Number(port), hostname);
    socket.write('POST /media/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc');
    assert.match(await readAll(socket), /^HTTP\/1\.1 408 .*Connection: close/s);
    assert.equal(counters.badRequests, 1);
  });

  test('are cut when the answer has begun, also over HTTP/2', async (t) => {
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
    stream.write('never more');
    stream.resume();
    stream.on('error', () => undefined);
    await once(stream, 'close');
  });
});

describe('long answers are not cut', () => {
  test('over HTTP/1, when the body was there in time', async (t) => {
    const { server } = await startRig(
      t,
      async (incoming, response) => {
        const body = await readAll(incoming);
        // Longer than bodies may take.
        await delay(200);
        response.end(body);
      },
      { settings },
    );
    const outgoing = request(`${server.origin}/media/x`, { method: 'POST', agent: false });
    outgoing.end('all');
    const [incoming] = (await once(outgoing, 'response')) as [NodeJS.ReadableStream];
    assert.equal(await readAll(incoming), 'all');
  });

  test('over HTTP/2, when there is no body', async (t) => {
    const { server } = await startRig(
      t,
      async (_incoming, response) => {
        response.write('a');
        await delay(200);
        response.end('b');
      },
      { settings, tls: TLS },
    );
    const client = connectHttp2(server.origin, { rejectUnauthorized: false });
    t.after(() => client.close());
    assert.equal(await readAll(client.request({ ':path': '/media/x' })), 'ab');
  });
});

test('a connection whose body was not read serves its next request', async (t) => {
  const { server } = await startRig(t, async (_incoming, response) => void response.end('ok'));
  const { hostname, port } = new URL(server.origin);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.setEncoding('utf8');
  let received = '';
  const answers = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (received.split('HTTP/1.1 200').length > count) resolve();
      };
      socket.on('data', look);
      look();
    });
  socket.on('data', (text: string) => {
    received += text;
  });
  const head = 'POST /media/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n';
  socket.write(`${head}abc`);
  await answers(1);
  socket.write(`defghij${head}abcdefghij`);
  await answers(2);
});
