import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as startRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mock, type TestContext, test } from 'node:test';
import type { Principal } from '../../../../../server/access/access.ts';
import type { AwsCall } from '../../../../../server/aws/aws-call.ts';
import { MediaConnections } from '../../../../../server/aws/kinesis-video/media-connections.ts';
import type { StreamReference } from '../../../../../server/aws/kinesis-video/video-resources.ts';
import { MediaCountersByStream } from '../../../../../server/playback/matroska/media-counters.ts';
import type { MediaPiece } from '../../../../../server/playback/matroska/media-renderer.ts';
import { WriterRig } from '../../../fragments/stream/writer-rig.ts';
import { ADMIN, awsError, callOf, OneStream, VIDEO_STREAM } from './support.ts';

const NOW_MS = 1_700_000_000_000;
const HELLO: MediaPiece = { pieces: [Buffer.from('hello')], frames: 1, ends: undefined };

/** Connections on a clock that the test moves, and a real HTTP server whose responses they take over. */
class ConnectionRig {
  readonly resources = new OneStream(new WriterRig());
  readonly counters = new MediaCountersByStream();
  readonly closing = new AbortController();
  readonly connections: MediaConnections;
  readonly failures = new EventEmitter();
  principal: Principal = ADMIN;
  nowMs = NOW_MS;
  media: (signal: AbortSignal) => AsyncIterable<MediaPiece> = endless;
  #port = 0;

  constructor(limits: { maxPerStream?: number; maxDurationMs?: number } = {}) {
    const { maxPerStream = 10, maxDurationMs } = limits;
    const { resources } = this;
    const now = () => this.nowMs;
    const closing = this.closing.signal;
    this.connections = new MediaConnections({ resources, now, closing, maxPerStream, maxDurationMs });
  }

  async listen(t: TestContext): Promise<void> {
    const server = createServer((_request, response) => void this.#serve(response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
  }

  async #serve(response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const changes = { principal: this.principal, nowMs: this.nowMs, signal: gone.signal };
    const call = callOf({}, changes) as unknown as AwsCall<StreamReference>;
    const counters = this.counters.of(VIDEO_STREAM.name);
    const request = { call, video: this.resources.video, counters };
    await this.connections.serve(request, response, this.media).catch((error: unknown) => {
      this.failures.emit('failure', error);
      response.destroy();
    });
  }

  /** The response of a connection whose first piece came. */
  async connect(): Promise<IncomingMessage> {
    const request = startRequest({ port: this.#port, host: '127.0.0.1', agent: false }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await once(response, 'data');
    return response;
  }

  get open(): number {
    return this.counters.of(VIDEO_STREAM.name).connections;
  }
}

/** One piece, and then nothing until it is told to stop. */
async function* endless(signal: AbortSignal): AsyncGenerator<MediaPiece> {
  yield HELLO;
  if (!signal.aborted) await once(signal, 'abort');
}

async function start(t: TestContext, limits?: ConstructorParameters<typeof ConnectionRig>[0]) {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const rig = new ConnectionRig(limits);
  await rig.listen(t);
  return rig;
}

/** Lets time pass, and the connections be looked at. */
function pass(rig: ConnectionRig, ms: number): void {
  rig.nowMs += ms;
  mock.timers.tick(1000);
}

test('a connection ends properly when its time is over', async (t) => {
  const rig = await start(t, { maxDurationMs: 60_000 });
  const response = await rig.connect();
  assert.equal(response.headers['content-type'], 'video/webm');
  assert.equal(response.headers['transfer-encoding'], 'chunked');
  pass(rig, 59_999);
  assert.equal(rig.open, 1);
  pass(rig, 1);
  await once(response.resume(), 'end');
  assert.ok(response.complete);
});

test('without a limit it goes on for as long as the consumer wants', async (t) => {
  const rig = await start(t);
  const response = await rig.connect();
  pass(rig, 365 * 86_400_000);
  assert.equal(rig.open, 1);
  rig.closing.abort();
  await once(response.resume(), 'end');
  assert.ok(response.complete, 'the server closes: in good order');
});

test('it ends when the key is over, and when the stream is gone or another of that name', async (t) => {
  const rig = await start(t);
  let isOver = false;
  rig.principal = { ...ADMIN, isOver: () => isOver };
  const revoked = await rig.connect();
  isOver = true;
  pass(rig, 1000);
  await once(revoked.resume(), 'end');

  rig.principal = ADMIN;
  const deleted = await rig.connect();
  rig.resources.isThere = false;
  pass(rig, 1000);
  await once(deleted.resume(), 'end');

  rig.resources.isThere = true;
  const replaced = await rig.connect();
  rig.resources.video = { ...VIDEO_STREAM, arn: `${VIDEO_STREAM.arn}1` };
  pass(rig, 1000);
  await once(replaced.resume(), 'end');
  assert.equal(rig.counters.of(VIDEO_STREAM.name).connectionErrors, 0);
});

test('a consumer that takes nothing for a minute is hung up on, one that waits for media is not', async (t) => {
  const rig = await start(t);
  const waiting = await rig.connect();
  const piece = { pieces: [Buffer.alloc(256 * 1024)], frames: 0, ends: undefined };
  let written = 0;
  rig.media = async function* () {
    yield HELLO;
    for (;;) {
      yield piece;
      written++;
    }
  };
  const stalled = await rig.connect();
  stalled.pause();
  const closed = once(stalled, 'close').catch(() => undefined);
  // The kernel takes some of it; then no piece goes out any more.
  for (let before = -1; before !== written; ) {
    before = written;
    for (let turns = 0; turns < 200; turns++) await new Promise(setImmediate);
  }
  pass(rig, 61_000);
  stalled.resume();
  await closed;
  assert.equal(rig.counters.of(VIDEO_STREAM.name).connectionErrors, 1);
  assert.equal(rig.open, 1);
  waiting.destroy();
});

test('more consumers than allowed are refused, a place is free again when one hangs up', async (t) => {
  const rig = await start(t, { maxPerStream: 1 });
  const first = await rig.connect();
  const failed = once(rig.failures, 'failure');
  await assert.rejects(rig.connect());
  const [error] = (await failed) as unknown[];
  assert.ok(awsError('ConnectionLimitExceededException', /has 1 consumers already/)(error));
  assert.equal(rig.counters.of(VIDEO_STREAM.name).connectionErrors, 1);
  first.destroy();
  while (rig.open > 0) await new Promise(setImmediate);
  await rig.connect();
});

test('what was sent is counted as CloudWatch does', async (t) => {
  const rig = await start(t);
  const info = { serverMs: NOW_MS - 250 } as NonNullable<MediaPiece['ends']>['info'];
  rig.media = async function* () {
    yield { pieces: [Buffer.alloc(10), Buffer.alloc(5)], frames: 2, ends: undefined };
    yield { pieces: [Buffer.alloc(1)], frames: 0, ends: { info, isReadable: true } };
    yield { pieces: [Buffer.alloc(1)], frames: 0, ends: { info, isReadable: false } };
  };
  const response = await rig.connect();
  if (!response.readableEnded) await once(response.resume(), 'end');
  const { connections, ...counters } = rig.counters.of(VIDEO_STREAM.name);
  assert.ok(connections <= 1);
  assert.deepEqual(counters, {
    outgoingBytes: 17,
    outgoingFragments: 1,
    outgoingFrames: 2,
    millisBehindNow: 250,
    connectionErrors: 0,
    successes: 1,
    failures: 1,
  });
});

test('streams beyond a thousand share one set of counters', () => {
  const counters = new MediaCountersByStream();
  for (let i = 0; i < 1500; i++) counters.of(`camera-${i}`).outgoingFrames++;
  const values = counters.by(({ outgoingFrames }) => outgoingFrames);
  assert.equal(values.size, 1001);
  assert.equal([...values.values()].at(-1), 500);
});
