import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { FragmentInfo } from '../../../../fragments/stream/fragment.ts';
import { type FragmentBytes, LogReadError } from '../../../../fragments/stream/fragment-log.ts';
import { sendError } from '../../../../server/http/media-reply.ts';
import { ReadBuffers } from '../../../../server/http/read-buffers.ts';
import { get, type MediaHandler, startRig } from './http-rig.ts';

const HEAD = { contentType: 'video/mp4', cacheControl: 'public, max-age=1', etag: '"tag"' };
const PIECES = [Buffer.from('abc'), Buffer.from(''), Buffer.from('defg'), Buffer.from('hij')];
const WHOLE = Buffer.concat(PIECES);

const sendPieces: MediaHandler = (request, response, sender) =>
  sender.sendBytes(request, response, HEAD, PIECES, WHOLE.length);

/** A stored fragment of these bytes; counts what is read and closed. */
class Stored implements FragmentBytes {
  readonly info = {} as FragmentInfo;
  readonly bytes: Buffer;
  readonly reads: { target: Uint8Array; offsetBytes: number; lengthBytes: number }[] = [];
  closes = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  async read(target: Uint8Array, offsetBytes: number, lengthBytes: number): Promise<void> {
    this.reads.push({ target, offsetBytes, lengthBytes });
    target.set(this.bytes.subarray(offsetBytes, offsetBytes + lengthBytes));
  }

  close(): void {
    this.closes += 1;
  }
}

test('sends several buffers as one body, with its headers', async (t) => {
  const { server, counters } = await startRig(t, sendPieces);
  const answer = await get(`${server.origin}/media/x`);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, WHOLE);
  assert.equal(answer.headers['content-length'], '10');
  assert.equal(answer.headers['content-type'], 'video/mp4');
  assert.equal(answer.headers['cache-control'], 'public, max-age=1');
  assert.equal(answer.headers.etag, '"tag"');
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  assert.equal(counters.hotBytes, 10);
});

test('HEAD has the headers of GET and no body', async (t) => {
  const { server } = await startRig(t, sendPieces);
  const answer = await get(`${server.origin}/media/x`, { method: 'HEAD' });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-length'], '10');
  assert.equal(answer.body.length, 0);
});

test('a range over buffer borders is 206, one behind the end 416', async (t) => {
  const { server } = await startRig(t, sendPieces);
  const part = await get(`${server.origin}/media/x`, { headers: { range: 'bytes=2-8' } });
  assert.equal(part.status, 206);
  assert.equal(part.body.toString(), 'cdefghi');
  assert.equal(part.headers['content-range'], 'bytes 2-8/10');
  const none = await get(`${server.origin}/media/x`, { headers: { range: 'bytes=10-' } });
  assert.equal(none.status, 416);
  assert.equal(none.headers['content-range'], 'bytes */10');
});

test('If-None-Match is answered with 304, If-Range of another version with the whole', async (t) => {
  const { server } = await startRig(t, sendPieces);
  const same = await get(`${server.origin}/media/x`, { headers: { 'if-none-match': 'W/"other", "tag"' } });
  assert.equal(same.status, 304);
  assert.equal(same.body.length, 0);
  const changed = await get(`${server.origin}/media/x`, {
    headers: { range: 'bytes=2-8', 'if-range': '"old"' },
  });
  assert.equal(changed.status, 200);
  assert.deepEqual(changed.body, WHOLE);
});

test('stored bytes go out in pieces of the pool, whole and in ranges', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251));
  const stored = new Stored(bytes);
  const buffers = new ReadBuffers({ largeBytes: 64, largeCount: 1, smallBytes: 16 });
  const { server, counters } = await startRig(
    t,
    (request, response, sender) => sender.sendStored(request, response, HEAD, stored),
    { sender: { buffers } },
  );
  const answer = await get(`${server.origin}/media/x`);
  assert.deepEqual(answer.body, bytes);
  assert.equal(stored.reads.length, Math.ceil(1000 / 64));
  const part = await get(`${server.origin}/media/x`, { headers: { range: 'bytes=100-299' } });
  assert.deepEqual(part.body, bytes.subarray(100, 300));
  const head = await get(`${server.origin}/media/x`, { method: 'HEAD' });
  assert.equal(head.headers['content-length'], '1000');
  assert.equal(stored.closes, 3);
  assert.equal(buffers.lent, 0);
  assert.equal(counters.coldBytes, 1200);
});

test('bytes that cannot be read are an error answer before the first byte, a cut connection after it', async (t) => {
  const stored = new Stored(Buffer.alloc(100));
  const read = stored.read.bind(stored);
  let failAt = 0;
  stored.read = async (target, offsetBytes, lengthBytes) => {
    if (offsetBytes >= failAt) throw new LogReadError('gone', 'deleted');
    await read(target, offsetBytes, lengthBytes);
  };
  const buffers = new ReadBuffers({ largeBytes: 10 });
  const { server } = await startRig(
    t,
    async (request, response, sender) => {
      try {
        await sender.sendStored(request, response, HEAD, stored);
      } catch (error) {
        assert(error instanceof LogReadError);
        sendError(response, { status: 404, code: error.code, message: error.message });
      }
    },
    { sender: { buffers } },
  );
  const refused = await get(`${server.origin}/media/x`);
  assert.equal(refused.status, 404);
  assert.equal(JSON.parse(refused.body.toString()).error.code, 'gone');
  assert.equal(refused.headers['access-control-allow-origin'], '*');
  failAt = 50;
  await assert.rejects(get(`${server.origin}/media/x`), { code: 'ECONNRESET' });
  assert.equal(stored.closes, 2);
  assert.equal(buffers.lent, 0);
});

for (const kind of ['hot', 'cold'] as const) {
  test(`a viewer that reads nothing is dropped and holds nothing any more (${kind})`, async (t) => {
    // More than the socket buffers of both sides take.
    const big = Buffer.alloc(64 * 1024 * 1024, 1);
    const stored = new Stored(big);
    const buffers = new ReadBuffers();
    const closed = Promise.withResolvers<void>();
    const { server, counters, log } = await startRig(
      t,
      (request, response, sender) => {
        response.once('close', closed.resolve);
        return kind === 'hot'
          ? sender.sendBytes(request, response, HEAD, [big], big.length)
          : sender.sendStored(request, response, HEAD, stored);
      },
      { sender: { stallMs: 50, buffers } },
    );
    const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write('GET /media/x HTTP/1.1\r\nHost: x\r\n\r\n');
    await closed.promise;
    assert.equal(counters.slowViewersDropped, 1);
    assert.equal(log.lines.find(({ level }) => level === 'warn')?.message, 'viewer dropped');
    socket.destroy();
    if (kind === 'cold') {
      await until(() => stored.closes === 1);
      assert.equal(buffers.lent, 0);
    }
  });
}

test('a viewer that hangs up in the middle is counted, and its buffer is not used again', async (t) => {
  const stored = new Stored(Buffer.alloc(64 * 1024 * 1024));
  const buffers = new ReadBuffers();
  const { server, counters } = await startRig(
    t,
    (request, response, sender) => sender.sendStored(request, response, HEAD, stored),
    { sender: { buffers } },
  );
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  socket.write('GET /media/x HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  await until(() => stored.closes === 1);
  assert.equal(counters.aborted, 1);
  assert.equal(buffers.lent, 0);
  assert.notEqual(buffers.take().buffer, stored.reads.at(-1)?.target.buffer);
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
