import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ChunkLimits, ChunkReader } from '../../../../../server/ingest/rtmp/chunk-reader.ts';
import { ChunkWriter, header } from '../../../../../server/ingest/rtmp/chunk-writer.ts';
import {
  MessageType,
  type OutgoingMessage,
  type RtmpMessage,
  setChunkSize,
} from '../../../../../server/ingest/rtmp/messages.ts';
import { RtmpError, type RtmpErrorCode } from '../../../../../server/ingest/rtmp/rtmp-error.ts';

const LIMITS: ChunkLimits = { maxMessageBytes: 8 << 20, maxPartialBytes: 16 << 20, maxChunkStreams: 64 };

function readAll(reader: ChunkReader, bytes: Buffer, cuts: readonly number[] = []): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    // A copy, as each read of a socket is a buffer of its own.
    reader.feed(Buffer.from(bytes.subarray(from, to)));
    for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message);
    from = to;
  }
  return messages;
}

function throwsCode(code: RtmpErrorCode, work: () => void): void {
  assert.throws(work, (error) => error instanceof RtmpError && error.code === code, code);
}

const message = fc.record({
  chunkStreamId: fc.oneof(fc.integer({ min: 3, max: 8 }), fc.constantFrom(63, 64, 319, 320, 65_599)),
  typeId: fc.constantFrom(8, 9, 18, 20),
  streamId: fc.constantFrom(0, 1, 0xffff_ffff),
  timestampMs: fc.oneof(
    fc.nat(2000),
    fc.constantFrom(0xff_fffe, 0xff_ffff, 0x100_0000, 0x7fff_ffff, 0xffff_ffff),
  ),
  payload: fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 3 }),
}) satisfies fc.Arbitrary<OutgoingMessage>;

test('what is written is read, at any chunk size, in any pieces', () => {
  const session = fc.record({
    messages: fc.array(message, { maxLength: 20 }),
    chunkBytes: fc.constantFrom(1, 2, 127, 128, 129, 60_000),
    cuts: fc.array(fc.nat(20_000), { maxLength: 30 }),
  });
  fc.assert(
    fc.property(session, ({ messages, chunkBytes, cuts }) => {
      const writer = new ChunkWriter();
      const pieces = [setChunkSize(chunkBytes), ...messages].flatMap((one) => writer.write(one));
      const bytes = Buffer.concat(pieces);
      const sorted = cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b);
      const reader = new ChunkReader(LIMITS);
      const read = readAll(reader, bytes, sorted);
      assert.deepEqual(
        read.map((one) => ({ ...one, payload: one.payload.toString('hex') })),
        messages.map(({ typeId, streamId, timestampMs, payload }) => ({
          typeId,
          streamId,
          timestampMs,
          payload: Buffer.concat(payload).toString('hex'),
        })),
      );
      assert.equal(reader.partialBytes, 0);
    }),
    { numRuns: 300 },
  );
});

const video = { chunkStreamId: 6, typeId: MessageType.video, streamId: 1 };

test('header types 0 to 3, as the specification reckons their timestamps', () => {
  const body = Buffer.from('abcd');
  const bytes = Buffer.concat([
    header(0, video, 1000, 4),
    body,
    // §5.3.1.2.4: after a type 0 chunk, a type 3 chunk's delta is the type 0 chunk's timestamp.
    header(3, video, 0, 4),
    body,
    header(1, { ...video, typeId: MessageType.audio }, 40, 2),
    body.subarray(2),
    header(2, video, 20, 0),
    body.subarray(2),
    header(3, video, 0, 0),
    body.subarray(2),
  ]);
  const read = readAll(new ChunkReader(LIMITS), bytes);
  assert.deepEqual(
    read.map(({ timestampMs, typeId, streamId, payload }) => [
      timestampMs,
      typeId,
      streamId,
      payload.toString(),
    ]),
    [
      [1000, 9, 1, 'abcd'],
      [2000, 9, 1, 'abcd'],
      [2040, 8, 1, 'cd'],
      [2060, 8, 1, 'cd'],
      [2080, 8, 1, 'cd'],
    ],
  );
});

test('a delta carries the timestamp past 2^32', () => {
  const bytes = Buffer.concat([
    header(0, video, 0xffff_fff0, 1),
    Buffer.of(1),
    header(2, video, 32, 1),
    Buffer.of(2),
  ]);
  const read = readAll(new ChunkReader(LIMITS), bytes);
  assert.deepEqual(
    read.map((one) => one.timestampMs),
    [0xffff_fff0, 0x10],
  );
});

test('extended timestamps inside a message: repeated as the rule says, or left out as some encoders do', () => {
  const body = Buffer.alloc(300, 0x5a);
  const first = header(0, video, 0x0123_4567, body.length);
  for (const repeats of [true, false]) {
    const next = repeats ? Buffer.from('c601234567', 'hex') : Buffer.from('c6', 'hex');
    const tail = Buffer.concat([header(1, video, 5, 2), Buffer.from('zz')]);
    const bytes = Buffer.concat([
      first,
      body.subarray(0, 128),
      next,
      body.subarray(128, 256),
      next,
      body.subarray(256),
      tail,
    ]);
    for (let cut = 0; cut < bytes.length; cut++) {
      const read = readAll(new ChunkReader(LIMITS), bytes, [cut]);
      assert.equal(read.length, 2);
      assert.deepEqual(read[0]?.payload, body);
      assert.equal(read[1]?.timestampMs, 0x0123_4567 + 5);
    }
  }
});

test('a type 1 chunk may be the first of its chunk stream, as librtmp begins its own', () => {
  const read = readAll(new ChunkReader(LIMITS), Buffer.concat([header(1, video, 7, 1), Buffer.of(1)]));
  assert.deepEqual([read[0]?.timestampMs, read[0]?.streamId], [7, 0]);
  throwsCode('bad-chunk', () =>
    readAll(new ChunkReader(LIMITS), Buffer.concat([header(2, video, 7, 1), Buffer.of(1)])),
  );
  throwsCode('bad-chunk', () => readAll(new ChunkReader(LIMITS), Buffer.alloc(18, 0xc6)));
});

test('a message may not begin inside another of its chunk stream', () => {
  const bytes = Buffer.concat([header(0, video, 0, 200), Buffer.alloc(128), header(0, video, 0, 200)]);
  throwsCode('bad-chunk', () => readAll(new ChunkReader(LIMITS), Buffer.concat([bytes, Buffer.alloc(20)])));
});

test('Set Chunk Size of zero, with the top bit, or without a body', () => {
  const control = { chunkStreamId: 2, typeId: MessageType.setChunkSize, streamId: 0 };
  const sized = (value: string) => Buffer.concat([header(0, control, 0, 4), Buffer.from(value, 'hex')]);
  throwsCode('bad-chunk-size', () => readAll(new ChunkReader(LIMITS), sized('00000000')));
  throwsCode('bad-chunk-size', () => readAll(new ChunkReader(LIMITS), sized('80000000')));
  throwsCode('bad-message', () => readAll(new ChunkReader(LIMITS), header(0, control, 0, 0)));
});

test('Abort drops what was begun, and the chunk stream goes on', () => {
  const control = { chunkStreamId: 2, typeId: MessageType.abort, streamId: 0 };
  const reader = new ChunkReader(LIMITS);
  const bytes = Buffer.concat([
    header(0, video, 0, 300),
    Buffer.alloc(128),
    header(0, control, 0, 4),
    Buffer.from('00000006', 'hex'),
    header(0, video, 9, 3),
    Buffer.from('new'),
  ]);
  const read = readAll(reader, bytes);
  assert.deepEqual(
    read.map((one) => one.payload.toString()),
    ['new'],
  );
  assert.equal(reader.partialBytes, 0);
});

test('bounds: message size, partial data, chunk streams', () => {
  throwsCode('message-too-long', () => {
    readAll(new ChunkReader({ ...LIMITS, maxMessageBytes: 1000 }), header(0, video, 0, 1001));
  });
  throwsCode('too-much-partial-data', () => {
    const reader = new ChunkReader({ ...LIMITS, maxPartialBytes: 5000 });
    for (let id = 3; id < 10; id++) {
      readAll(
        reader,
        Buffer.concat([header(0, { ...video, chunkStreamId: id }, 0, 1000), Buffer.alloc(128)]),
      );
    }
  });
  throwsCode('too-many-chunk-streams', () => {
    const reader = new ChunkReader(LIMITS);
    for (let id = 3; id < 3 + 65; id++) {
      readAll(reader, Buffer.concat([header(0, { ...video, chunkStreamId: id }, 0, 1), Buffer.of(0)]));
    }
  });
});

test('a header alone costs no memory; a large message is reserved when it is really coming', () => {
  const reader = new ChunkReader(LIMITS);
  const size = 8 << 20;
  const start = Buffer.concat([
    ...new ChunkWriter().write(setChunkSize(0xff_ffff)),
    header(0, video, 0, size),
  ]);
  readAll(reader, start);
  assert.equal(reader.partialBytes, 0);
  readAll(reader, Buffer.alloc(1));
  assert.equal(reader.partialBytes, 256 << 10);
  readAll(reader, Buffer.alloc(256 << 10));
  assert.equal(reader.partialBytes, size);
  const [message] = readAll(reader, Buffer.alloc(size - 1 - (256 << 10)));
  assert.equal(message?.payload.length, size);
  assert.equal(message.payload.buffer.byteLength, size);
  assert.equal(reader.partialBytes, 0);
});

test('a payload keeps little else alive', () => {
  const bytes = (lengthBytes: number, before: number) =>
    Buffer.concat([
      ...new ChunkWriter().write(setChunkSize(60_000)),
      header(0, { ...video, chunkStreamId: 4 }, 0, before),
      Buffer.alloc(before),
      header(0, video, 0, lengthBytes),
      Buffer.alloc(lengthBytes),
    ]);
  const small = readAll(new ChunkReader(LIMITS), bytes(100, 50_000))[1]?.payload;
  assert.ok(small && small.buffer.byteLength <= Buffer.poolSize, 'a small one shares the pool at most');
  const large = readAll(new ChunkReader(LIMITS), bytes(5000, 50_000))[1]?.payload;
  assert.equal(large?.buffer.byteLength, 5000, 'a larger one stands alone');
  const most = readAll(new ChunkReader(LIMITS), bytes(50_000, 100))[1]?.payload;
  assert.ok(most && most.buffer.byteLength < 51_000, 'one that is most of its input is a view of it');
  const cut = readAll(new ChunkReader(LIMITS), bytes(50_000, 100), [30_000])[1]?.payload;
  assert.equal(cut?.buffer.byteLength, 50_000, 'one that came in pieces is exactly as large as it is');
});

test('the writer cuts by reference and counts its own Set Chunk Size', () => {
  const writer = new ChunkWriter();
  const body = Buffer.alloc(300);
  assert.equal(writer.write({ ...video, timestampMs: 0, payload: [body] }).length, 6);
  writer.write(setChunkSize(1000));
  const [head, payload, ...more] = writer.write({ ...video, timestampMs: 40, payload: [body] });
  assert.equal(more.length, 0);
  assert.equal(payload, body);
  assert.equal((head?.[0] ?? 0) >> 6, 2, 'same length and type: only the delta is sent');
});
