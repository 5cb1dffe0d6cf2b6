import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { it } from 'node:test';
import { preferredPort } from '../../../../server/cli/free-port.ts';

it('the preferred port is taken when it is free, and any other when not', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.equal(await preferredPort('127.0.0.1', port), 0);
  server.close();
  await once(server, 'close');
  assert.equal(await preferredPort('127.0.0.1', port), port);
  assert.equal(await preferredPort('127.0.0.1', port), port, 'the probe is gone');
  await assert.rejects(preferredPort('256.1.1.1', port));
});
