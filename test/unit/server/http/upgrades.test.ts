import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { WebSocket, WebSocketServer } from 'ws';
import { refuseUpgrade, type UpgradeRoute } from '../../../../server/http/upgrades.ts';
import { startRig, TLS } from './http-rig.ts';

function echoRoute(t: TestContext): UpgradeRoute {
  const sockets = new WebSocketServer({ noServer: true });
  t.after(() => {
    for (const client of sockets.clients) client.terminate();
  });
  return {
    path: '/echo',
    handle: async (request, socket, head, url) => {
      if (url.searchParams.has('throw')) throw new Error('broken');
      if (url.searchParams.has('refuse')) {
        refuseUpgrade(socket, { status: 403, headers: { 'x-why': 'because' }, body: 'no' });
        return;
      }
      sockets.handleUpgrade(request, socket, head, (client) => {
        client.on('message', (data) => client.send(String(data)));
      });
    },
  };
}

async function handshakeStatus(url: string): Promise<{ status: number | undefined; why: unknown }> {
  const client = new WebSocket(url);
  client.on('error', () => undefined);
  const [, response] = (await once(client, 'unexpected-response')) as [
    unknown,
    import('node:http').IncomingMessage,
  ];
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode, why: response.headers['x-why'] };
}

describe('upgrades of the HTTP port', () => {
  for (const tls of [undefined, TLS]) {
    const name = tls === undefined ? 'plain' : 'TLS';

    it(`a WebSocket is taken on its path (${name})`, async (t) => {
      const { server, counters } = await startRig(t, () => undefined, {
        ...(tls === undefined ? {} : { tls }),
        upgradeRoutes: [echoRoute(t)],
      });
      const client = new WebSocket(`${server.origin.replace('http', 'ws')}/echo?x=1`, {
        rejectUnauthorized: false,
      });
      await once(client, 'open');
      client.send('hello');
      const [data] = await once(client, 'message');
      assert.equal(String(data), 'hello');
      client.close();
      await once(client, 'close');
      assert.equal(counters.upgrades, 1);
    });

    it(`a protocol that is not known is passed over: the request is answered (${name})`, async (t) => {
      const { server, counters } = await startRig(t, () => undefined, {
        ...(tls === undefined ? {} : { tls }),
        upgradeRoutes: [echoRoute(t)],
      });
      const { port } = new URL(server.origin);
      const socket =
        tls === undefined
          ? connect(Number(port), '127.0.0.1')
          : connectTls({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false });
      socket.write(
        'GET /page HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n',
      );
      let text = '';
      for await (const piece of socket) text += String(piece);
      assert.match(text, /^HTTP\/1.1 200 OK\r\n.*fallback/s);
      assert.equal(counters.upgrades, 0);
    });
  }

  it('refuses unknown paths, and what its route refuses or fails at', async (t) => {
    const { server, counters, log } = await startRig(t, () => undefined, { upgradeRoutes: [echoRoute(t)] });
    const origin = server.origin.replace('http', 'ws');
    assert.deepEqual(await handshakeStatus(`${origin}/other`), { status: 404, why: undefined });
    assert.deepEqual(await handshakeStatus(`${origin}/echo?refuse`), { status: 403, why: 'because' });
    assert.deepEqual(await handshakeStatus(`${origin}/echo?throw&signature=secret`), {
      status: 500,
      why: undefined,
    });
    assert.equal(counters.failures, 1);
    assert.equal(log.lines.length, 1);
    assert.doesNotMatch(JSON.stringify(log.lines), /secret/);
  });
});
