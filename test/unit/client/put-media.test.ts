import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  type PutMediaAck,
  PutMediaError,
  type PutMediaOptions,
  type PutMediaProgress,
  putMedia,
} from '../../../client/put-media/index.ts';
import { describeTrack } from '../../../fragments/media/describe-track.ts';
import type { Sample } from '../../../fragments/media/track.ts';
import { ffmpeg, MEDIA, readMedia, temporaryFolder } from '../fragments/cmaf/support.ts';
import { acknowledge, FakeService, type FakeSession } from './fake-service.ts';

const START = new Date('2026-01-02T03:04:05.678Z');
const VIDEO = describeTrack({
  id: 1,
  kind: 'video',
  codec: 'vp8',
  timescale: 1000,
  config: Buffer.of(1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0),
  width: 64,
  height: 48,
});

/** Frames of 100 ms, a key frame each second. */
function* frames(count: number, from = 0): Generator<Sample> {
  for (let i = from; i < from + count; i++) {
    yield {
      trackId: 1,
      dtsTicks: 100 * i,
      compositionOffsetTicks: 0,
      durationTicks: 100,
      isSync: i % 10 === 0,
      data: Buffer.alloc(500, i),
    };
  }
}

function options(service: FakeService, more: Partial<PutMediaOptions> = {}): PutMediaOptions {
  return {
    controlEndpoint: service.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    streamName: 'door',
    startTime: START,
    fragmentMs: 1000,
    backoffMs: 1,
    source: { tracks: [VIDEO], samples: frames(50) },
    ...more,
  };
}

async function upload(from: PutMediaOptions): Promise<{ acks: PutMediaAck[]; progress: PutMediaProgress }> {
  const acks: PutMediaAck[] = [];
  const uploading = putMedia(from);
  for (let next = await uploading.next(); ; next = await uploading.next()) {
    if (next.done === true) return { acks, progress: next.value };
    acks.push(next.value);
  }
}

const timesOf = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => START.getTime() + 1000 * (from + i));

const persisted = (acks: readonly PutMediaAck[]): number[] =>
  acks.flatMap((ack) => (ack.eventType === 'PERSISTED' ? [ack.fragmentTimecodeMs] : []));

function framesOf(session: FakeSession | undefined): string[] {
  return (session?.events ?? []).flatMap((event) =>
    event.type === 'frame' ? [hash('md5', event.data)] : [],
  );
}

describe('an upload', () => {
  it('sends every sample in fragments, and yields what is acknowledged', async () => {
    await using service = await FakeService.start();
    const { acks, progress } = await upload(options(service));
    assert.deepEqual(persisted(acks), timesOf(5));
    assert.deepEqual(acks[0], {
      eventType: 'BUFFERING',
      fragmentTimecodeMs: START.getTime(),
      fragmentNumber: `9134${START.getTime()}`,
    });
    assert.deepEqual(
      framesOf(service.sessions[0]),
      Array.from(frames(50), ({ data }) => hash('md5', data)),
    );
    assert.deepEqual(service.calls, ['/describeStream', '/getDataEndpoint', '/putMedia']);
    assert.deepEqual(
      [
        progress.fragmentsSent,
        progress.sessions,
        progress.reconnections,
        progress.bufferedFragments,
        progress.bufferedBytes,
      ],
      [5, 1, 0, 0, 0],
    );
    const headers = service.sessions[0]?.request.headers;
    assert.equal(headers?.['x-amzn-stream-name'], 'door');
    assert.equal(headers?.['x-amzn-fragment-timecode-type'], 'ABSOLUTE');
    assert.match(
      headers?.authorization ?? '',
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/kinesisvideo\/aws4_request, SignedHeaders=host;/,
    );
  });

  it('sends tags in front of fragments', async () => {
    await using service = await FakeService.start();
    await upload(
      options(service, {
        tags: ({ timecodeMs }) => (timecodeMs === START.getTime() ? { door: 'open' } : undefined),
      }),
    );
    const told = service.sessions[0]?.events.filter(({ type }) => type === 'tags');
    assert.deepEqual(told, [
      { type: 'tags', position: 'before-cluster', tags: [{ name: 'door', value: 'open' }] },
    ]);
  });

  it('of a stream that is not archived is done with RECEIVED', async () => {
    await using service = await FakeService.start({
      retentionHours: 0,
      onFragment: (session, timecode) => session.ack('RECEIVED', timecode),
    });
    const { acks } = await upload(options(service));
    assert.equal(acks.length, 5);
  });

  it('goes where it is told without asking', async () => {
    await using service = await FakeService.start();
    await upload(options(service, { endpoint: service.url, controlEndpoint: undefined }));
    assert.deepEqual(service.calls, ['/putMedia']);
  });

  it('of a live source sends frames before their fragment is complete', async () => {
    const come = Promise.withResolvers<void>();
    await using service = await FakeService.start({
      onFrame(session) {
        if (framesOf(session).length === 3) come.resolve();
      },
    });
    async function* samples(): AsyncGenerator<Sample> {
      yield* frames(3);
      await come.promise;
      yield* frames(17, 3);
    }
    await upload(options(service, { source: { tracks: [VIDEO], samples: samples() } }));
    assert.equal(framesOf(service.sessions[0]).length, 20);
  });

  it('declares other tracks in a session of their own', async () => {
    await using service = await FakeService.start();
    const other = { ...VIDEO, width: 128 };
    const samples = [...frames(20), { tracks: [other] }, ...frames(20, 20)];
    const { progress } = await upload(options(service, { source: { tracks: [VIDEO], samples } }));
    assert.equal(progress.sessions, 2);
    assert.deepEqual(
      service.sessions.map(({ fragments }) => fragments),
      [timesOf(2), timesOf(2, 2)],
    );
  });

  it('rotates its session at a fragment', async () => {
    await using service = await FakeService.start();
    const { acks, progress } = await upload(options(service, { maxSessionMs: 0 }));
    assert.equal(progress.reconnections, 0);
    assert.equal(progress.fragmentsSentAgain, 0);
    assert.ok(progress.sessions > 1);
    assert.deepEqual(persisted(acks), timesOf(5));
  });
});

describe('files', () => {
  for (const clip of ['person-360p-h264.mp4', 'parking-360p-h265.mp4', 'parking-360p-vp9.webm']) {
    it(`${clip} comes over sample by sample`, async () => {
      await using service = await FakeService.start();
      const { progress } = await upload(options(service, { source: join(MEDIA, clip), fragmentMs: 2000 }));
      const [session] = service.sessions;
      if (clip.endsWith('.mp4')) {
        const { samples } = await readMedia(join(MEDIA, clip));
        assert.deepEqual(
          framesOf(session),
          samples.map(({ data }) => hash('md5', data)),
        );
      }
      assert.ok(framesOf(session).length > 100);
      assert.equal(progress.droppedSamples, 0);
      for (const [i, time] of (session?.fragments ?? []).entries())
        assert.ok(time > (session?.fragments[i - 1] ?? 0));
      // Every track has a frame in every fragment.
      const header = session?.events.find(({ type }) => type === 'header');
      assert.ok(header?.type === 'header');
      let seen = new Set<number>();
      for (const event of session?.events ?? []) {
        if (event.type === 'frame') seen.add(event.trackNumber);
        if (event.type !== 'cluster-ends') continue;
        assert.equal(seen.size, header.tracks.length);
        seen = new Set();
      }
    });
  }

  it('Matroska with B-frames keeps its times', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'b.mkv');
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=64x48:r=25',
      '-t',
      '4',
      '-c:v',
      'libx264',
      '-bf',
      '2',
      '-g',
      '25',
      file,
    );
    await using service = await FakeService.start();
    await upload(options(service, { source: file }));
    const times = (service.sessions[0]?.events ?? []).flatMap((event) =>
      event.type === 'frame' ? [event.timecode - START.getTime()] : [],
    );
    assert.deepEqual(
      times.toSorted((a, b) => a - b),
      Array.from({ length: 100 }, (_, i) => 40 * i),
    );
    assert.deepEqual(times.slice(0, 4), [0, 120, 40, 80]);
  });

  it('that are no media are refused by their reader', async () => {
    await using service = await FakeService.start();
    await assert.rejects(upload(options(service, { source: new URL(import.meta.url) })), {
      name: 'Mp4Error',
    });
    await assert.rejects(upload(options(service, { source: '/nowhere.mp4' })), { code: 'ENOENT' });
    assert.deepEqual(service.sessions, []);
  });
});

describe('a session that breaks', () => {
  it('is replaced, and goes on behind the last PERSISTED fragment', async () => {
    await using service = await FakeService.start({
      onFragment(session, timecode) {
        if (session.index > 0 || session.fragments.length <= 2) acknowledge(session, timecode);
        else if (session.fragments.length === 3) session.request.destroy();
      },
    });
    const { acks, progress } = await upload(options(service));
    assert.equal(progress.reconnections, 1);
    assert.ok(progress.fragmentsSentAgain > 0);
    assert.deepEqual(service.sessions[1]?.fragments, timesOf(3, 2));
    assert.deepEqual(persisted(acks), timesOf(5));
  });

  it('goes on behind the last RECEIVED fragment where nothing is archived', async () => {
    await using service = await FakeService.start({
      retentionHours: 0,
      onFragment(session, timecode) {
        session.ack('RECEIVED', timecode);
        if (session.index === 0 && session.fragments.length === 2) session.response.end();
      },
    });
    await upload(options(service));
    assert.deepEqual(service.sessions.flatMap(({ fragments }) => fragments).slice(0, 2), timesOf(2));
    assert.equal(service.sessions.at(-1)?.fragments.at(-1), timesOf(5).at(-1));
  });

  it('sends again what a retryable error names', async () => {
    await using service = await FakeService.start({
      onFragment(session, timecode) {
        if (session.index > 0) acknowledge(session, timecode);
        else session.ack('ERROR', timecode, { ErrorId: 5001, ErrorCode: 'ARCHIVAL_ERROR' });
      },
    });
    const reasons: string[] = [];
    const { acks } = await upload(options(service, { onReconnect: ({ code }) => reasons.push(code) }));
    assert.deepEqual(reasons, ['ARCHIVAL_ERROR']);
    assert.equal(acks[0]?.eventType, 'ERROR');
    assert.deepEqual(persisted(acks), timesOf(5));
  });

  it('ends the upload with an error that no new session mends', async () => {
    await using service = await FakeService.start({
      onFragment: (session, timecode) =>
        session.ack('ERROR', timecode, { ErrorId: 4002, ErrorCode: 'MAX_FRAGMENT_DURATION_REACHED' }),
    });
    await assert.rejects(upload(options(service)), (error: unknown) => {
      assert.ok(error instanceof PutMediaError);
      const { code, errorId, fragmentTimecodeMs, isRetryable } = error;
      assert.deepEqual(
        [code, errorId, fragmentTimecodeMs, isRetryable],
        ['MAX_FRAGMENT_DURATION_REACHED', 4002, START.getTime(), false],
      );
      return true;
    });
  });

  it('ends the upload with the exception of the reply', async () => {
    await using service = await FakeService.start({
      onRequest({ response, request }) {
        request.resume();
        response.writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException:http://internal/' });
        response.end(JSON.stringify({ message: 'no such stream' }));
        return true;
      },
    });
    await assert.rejects(upload(options(service)), {
      name: 'PutMediaError',
      code: 'ResourceNotFoundException',
      statusCode: 404,
      message: 'no such stream',
    });
    assert.equal(service.sessions.length, 1);
  });

  it('is tried again while the service is busy, up to a limit', async () => {
    await using service = await FakeService.start({
      onRequest({ response, request }) {
        request.resume();
        response.writeHead(503);
        response.end();
        return true;
      },
    });
    await assert.rejects(upload(options(service, { maxFailures: 3 })), { statusCode: 503 });
    assert.equal(service.sessions.length, 4);
  });

  it('is one whose reply ends before all is acknowledged, and one that is silent', async () => {
    await using service = await FakeService.start({
      onFragment(session, timecode) {
        if (session.index === 2) acknowledge(session, timecode);
        // The second is silent, and its request is never answered to the end.
        if (session.index === 1 && session.fragments.length === 5)
          session.response.end = () => session.response;
      },
    });
    const reasons: string[] = [];
    await upload(options(service, { ackTimeoutMs: 100, onReconnect: ({ code }) => reasons.push(code) }));
    assert.deepEqual(reasons, ['UnacknowledgedFragments', 'AckTimeout']);
  });

  it('is not one that the service ends since the source is silent', async () => {
    const hungUp = Promise.withResolvers<void>();
    await using service = await FakeService.start({
      onFrame({ index, request, response }) {
        if (index > 0) return;
        request.socket.once('close', () => hungUp.resolve());
        response.end();
      },
    });
    async function* samples(): AsyncGenerator<Sample> {
      yield* frames(1);
      await hungUp.promise;
      // The client reads the end of the reply in one of the next turns; one that writes before that has seen a broken session.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      yield* frames(19, 1);
    }
    const source = { tracks: [VIDEO], samples: samples() };
    const { acks, progress } = await upload(options(service, { source }));
    assert.equal(progress.sessions, 2);
    assert.ok(progress.reconnections <= 1);
    assert.deepEqual(persisted(acks), timesOf(2));
    assert.equal(framesOf(service.sessions[1]).length, 20);
  });

  it('is one that answers nonsense', async () => {
    await using service = await FakeService.start({
      onFragment(session, timecode) {
        if (session.index === 0) session.response.write('{"EventType":\n');
        else acknowledge(session, timecode);
      },
    });
    const reasons: string[] = [];
    await upload(options(service, { onReconnect: ({ code }) => reasons.push(code) }));
    assert.deepEqual(reasons, ['BadReply']);
  });
});

describe('bounds and ends', () => {
  it('the source is not read while too much is not acknowledged', async () => {
    let read = 0;
    function* samples(): Generator<Sample> {
      for (const frame of frames(200)) {
        read += 1;
        yield frame;
      }
    }
    const release = Promise.withResolvers<void>();
    let isReleased = false;
    const waiting: (() => void)[] = [];
    let most = 0;
    await using service = await FakeService.start({
      onFragment(session, timecode) {
        if (isReleased) acknowledge(session, timecode);
        else waiting.push(() => acknowledge(session, timecode));
      },
    });
    const uploading = upload(
      options(service, {
        source: { tracks: [VIDEO], samples: samples() },
        maxBufferBytes: 20_000,
        onProgress: ({ bufferedBytes }) => {
          most = Math.max(most, bufferedBytes);
          // Everything that the bound lets through has been sent.
          if (bufferedBytes > 20_000) release.resolve();
        },
      }),
    );
    await release.promise;
    assert.ok(read < 60);
    isReleased = true;
    for (const acknowledgeNow of waiting) acknowledgeNow();
    await uploading;
    assert.equal(read, 200);
    assert.ok(most < 22_000);
  });

  it('an aborted upload throws the reason and hangs up', async () => {
    const stop = new AbortController();
    await using service = await FakeService.start({ onFragment: () => stop.abort(new Error('enough')) });
    await assert.rejects(upload(options(service, { signal: stop.signal })), { message: 'enough' });
    const request = service.sessions[0]?.request;
    if (request !== undefined && !request.closed) await once(request, 'close');
  });

  it('who stops iterating stops the upload', async () => {
    await using service = await FakeService.start();
    let isOver = false;
    async function* samples(): AsyncGenerator<Sample> {
      try {
        for (let i = 0; ; i += 10) {
          yield* frames(10, i);
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        isOver = true;
      }
    }
    for await (const ack of putMedia(options(service, { source: { tracks: [VIDEO], samples: samples() } }))) {
      if (ack.eventType === 'PERSISTED') break;
    }
    while (!isOver) await new Promise((resolve) => setImmediate(resolve));
  });

  it('samples in real time are sent when their time has come', async () => {
    await using service = await FakeService.start();
    const startMs = performance.now();
    const { acks } = await upload(
      options(service, { realTime: true, source: { tracks: [VIDEO], samples: frames(4) } }),
    );
    assert.ok(performance.now() - startMs >= 290);
    assert.equal(persisted(acks).length, 1);
  });

  it('needs one name of the stream', async () => {
    await using service = await FakeService.start();
    await assert.rejects(upload(options(service, { streamName: undefined })), TypeError);
    await assert.rejects(upload(options(service, { streamArn: 'arn:aws:kinesisvideo:x' })), TypeError);
  });

  it('cannot send data tracks alone, nor times that go far back', async () => {
    await using service = await FakeService.start();
    const data = describeTrack({
      id: 1,
      kind: 'data',
      codec: 'opaque',
      timescale: 1000,
      config: new Uint8Array(0),
    });
    await assert.rejects(upload(options(service, { source: { tracks: [data], samples: frames(3) } })), {
      code: 'BadMedia',
    });
    const back = [...frames(20, 1000), ...frames(20)];
    await assert.rejects(upload(options(service, { source: { tracks: [VIDEO], samples: back } })), {
      code: 'BadMedia',
    });
  });
});
