import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { ReadPacer } from '../../../../../server/ingest/rtmp/read-pacer.ts';

/** Pairs of connected sockets: ours, and the peer's. */
async function pairs(count: number) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const made: { ours: Socket; peer: Socket }[] = [];
  for (let index = 0; index < count; index += 1) {
    const peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [ours] = (await once(server, 'connection')) as [Socket];
    made.push({ ours, peer });
  }
  return {
    made,
    async close() {
      for (const { ours, peer } of made) {
        ours.destroy();
        peer.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}

test('paced sockets get every byte in order, many small sends in one read', async (t) => {
  const { made, close } = await pairs(40);
  t.after(close);
  const pacer = new ReadPacer();
  const received = made.map(({ ours }) => {
    const pieces: Buffer[] = [];
    ours.on('data', (bytes: Buffer) => pieces.push(bytes));
    pacer.add(ours);
    return pieces;
  });
  const isBatched = () => received.every((pieces) => pieces.some((piece) => piece.length > 1));
  const sent: number[] = [];
  // Pacing begins with the first look after the last socket was added.
  while (!isBatched() && sent.length < 5000) {
    sent.push(sent.length & 0xff);
    for (const { peer } of made) peer.write(Buffer.from(sent.slice(-1)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(isBatched(), 'bytes sent one by one are read together');
  await Promise.all(
    made.map(({ ours, peer }) => {
      peer.end();
      return once(ours, 'end');
    }),
  );
  for (const pieces of received) assert.deepEqual(Buffer.concat(pieces), Buffer.from(sent));
});

test('a socket that is let go is read at once again, and a closed one is forgotten', async (t) => {
  const { made, close } = await pairs(10);
  t.after(close);
  const pacer = new ReadPacer();
  for (const { ours } of made) {
    ours.resume();
    pacer.add(ours);
  }
  const [first, second] = made;
  assert.ok(first !== undefined && second !== undefined);
  second.ours.destroy();
  pacer.remove(first.ours);
  pacer.remove(first.ours);
  const data = once(first.ours, 'data');
  first.peer.write('x');
  assert.equal(String((await data)[0]), 'x');
});
