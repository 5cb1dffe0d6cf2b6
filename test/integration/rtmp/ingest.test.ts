import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { test } from 'node:test';
import { type Mp4File, openMp4 } from '../../../fragments/cmaf/mp4-file.ts';
import type { Sample, Track } from '../../../fragments/media/track.ts';
import { publishFile, publishMp4 } from '../../../server/ingest/rtmp/file-publisher.ts';
import { RtmpError } from '../../../server/ingest/rtmp/rtmp-error.ts';
import { RtmpPublisher } from '../../../server/ingest/rtmp/rtmp-publisher.ts';
import { clipPath, finished, pushWithFfmpeg } from '../../e2e/support/media.ts';
import { CODEC_SAMPLES } from './codec-samples.ts';
import { type Harness, startHarness, until } from './harness.ts';

const CLIP = clipPath('parking-360p-h264.mp4');

async function readClip(path: string): Promise<{ tracks: readonly Track[]; samples: Sample[] }> {
  const handle = await open(path);
  try {
    const bytes = await handle.readFile();
    const file = await openMp4({
      sizeBytes: bytes.length,
      read: async (offset, length) => bytes.subarray(offset, offset + length),
    });
    const samples: Sample[] = [];
    for await (const sample of file.samples()) samples.push(sample);
    return { tracks: file.tracks, samples };
  } finally {
    await handle.close();
  }
}

/** Same samples, same bytes, and the same times within `toleranceMs`. */
function assertSameMedia(
  harness: Harness,
  stream: string,
  source: { tracks: readonly Track[]; samples: readonly Sample[] },
  toleranceMs: number,
): void {
  const recording = harness.streams.last(stream);
  assert.ok(recording);
  assert.deepEqual(recording.failures, []);
  assert.equal(recording.declared.length, 1, 'one declaration of tracks');
  assert.deepEqual(
    recording.tracks.map((track) => track.codecString),
    source.tracks.map((track) => track.codecString),
  );
  for (const [kind, id] of [
    ['video', 1],
    ['audio', 2],
  ] as const) {
    const track = source.tracks.find((one) => one.kind === kind);
    const wanted = source.samples.filter((sample) => sample.trackId === track?.id);
    const got: Sample[] = recording.samples.filter((sample) => sample.trackId === id);
    assert.equal(got.length, wanted.length, `${kind} samples`);
    for (const [index, sample] of wanted.entries()) {
      const other = got[index];
      assert.ok(other && track);
      assert.ok(Buffer.compare(other.data, sample.data) === 0, `bytes of ${kind} ${index}`);
      assert.equal(other.isSync, sample.isSync, `sync of ${kind} ${index}`);
      const ms = (one: Sample, timescale: number, offset: number) =>
        ((one.dtsTicks + offset) * 1000) / timescale;
      for (const offset of [0, 1]) {
        const gotMs = ms(other, 90_000, offset * other.compositionOffsetTicks);
        const wantedMs = ms(sample, track.timescale, offset * sample.compositionOffsetTicks);
        assert.ok(
          Math.abs(gotMs - wantedMs) <= toleranceMs,
          `${kind} ${index}: ${gotMs} ms, not ${wantedMs}`,
        );
      }
    }
  }
}

test('real ffmpeg publishes: every sample arrives, with its time', async (t) => {
  const harness = await startHarness(t);
  await finished(pushWithFfmpeg(CLIP, `${harness.url}/live/cam.front-1?key=x`, { realTime: false }));
  await harness.streams.until(() => harness.streams.last('cam.front-1')?.isEnded === true);
  assertSameMedia(harness, 'cam.front-1', await readClip(CLIP), 1);
  assert.deepEqual(harness.server.counters.protocolErrors, {});
  assert.equal(harness.server.counters.publishers, 0);
});

for (const file of [
  'parking-360p-h264.mp4',
  'parking-360p-h265.mp4',
  'parking-360p-av1.mp4',
  'parking-720p-h264.mp4',
]) {
  test(`our publisher sends ${file}: exact to the 90 kHz tick`, async (t) => {
    const harness = await startHarness(t);
    const totals = await publishFile(clipPath(file), `${harness.url}/live/cam`, { speed: Infinity });
    await harness.streams.until(() => harness.streams.last('cam')?.isEnded === true);
    const source = await readClip(clipPath(file));
    assert.equal(totals.samples, source.samples.length);
    assertSameMedia(harness, 'cam', source, 1 / 90);
  });
}

test('every codec that RTMP can carry goes over the wire', async (t) => {
  const harness = await startHarness(t);
  for (const { track, data } of CODEC_SAMPLES) {
    const samples = [0, 1, 2].map(
      (index): Sample => ({
        trackId: track.id,
        dtsTicks: Math.round((index * track.timescale) / 30),
        compositionOffsetTicks: 0,
        durationTicks: Math.round(track.timescale / 30),
        isSync: true,
        data,
      }),
    );
    const file: Mp4File = {
      tracks: [track],
      skipped: [],
      async *samples() {
        yield* samples;
      },
    };
    await publishMp4(file, `${harness.url}/live/${track.codec}`, { speed: Infinity });
    await harness.streams.until(() => harness.streams.last(track.codec)?.isEnded === true);
    const recording = harness.streams.last(track.codec);
    assert.deepEqual(recording?.failures, [], track.codec);
    assert.deepEqual(
      recording.tracks.map((one) => [one.codecString, Buffer.from(one.config).toString('hex')]),
      [[track.codecString, Buffer.from(track.config).toString('hex')]],
    );
    assert.equal(recording.samples.length, 3, track.codec);
    assert.ok(recording.samples.every((sample) => Buffer.compare(sample.data, data) === 0));
  }
});

test('loops go on in time', async (t) => {
  const harness = await startHarness(t);
  const totals = await publishFile(clipPath('faces-360p-h264.mp4'), `${harness.url}/live/cam`, {
    speed: Infinity,
    loops: 3,
  });
  await harness.streams.until(() => harness.streams.last('cam')?.isEnded === true);
  assert.equal(totals.loops, 3);
  const video = harness.streams.last('cam')?.samples.filter((sample) => sample.trackId === 1) ?? [];
  assert.equal(video.length, 900);
  const steps = video.slice(1).map((sample, index) => sample.dtsTicks - (video[index]?.dtsTicks ?? 0));
  assert.ok(
    steps.every((step) => step >= 3500 && step < 10_000),
    'no step back, no hole beyond what audio is longer than video',
  );
});

test('a file sent in real time, over and over, ends in good order when it is told to', async (t) => {
  const harness = await startHarness(t);
  const abort = new AbortController();
  const sent = publishFile(CLIP, `${harness.url}/live/cam`, { loops: Infinity, signal: abort.signal });
  await harness.streams.until(() => (harness.streams.last('cam')?.samples.length ?? 0) >= 5);
  abort.abort();
  const totals = await sent;
  await harness.streams.until(() => harness.streams.last('cam')?.isEnded === true);
  assert.equal(harness.streams.last('cam')?.samples.length, totals.samples);
  assert.ok(totals.samples < 814, 'it was not sent as fast as the server takes it');
});

test('a publisher whose server goes away learns of it', async (t) => {
  const harness = await startHarness(t);
  const sent = publishFile(CLIP, `${harness.url}/live/cam`, { loops: Infinity });
  await harness.streams.until(() => (harness.streams.last('cam')?.samples.length ?? 0) >= 5);
  await harness.server.close();
  await assert.rejects(sent, (error) => error instanceof RtmpError && error.code === 'refused');
});

test('RTMPS, with the digest handshake', async (t) => {
  const harness = await startHarness(t);
  const fixture = (name: string) => readFileSync(new URL(`../../fixtures/rtmp/${name}`, import.meta.url));
  const cert = fixture('test-cert.pem');
  const { port } = await harness.server.listen({
    host: '127.0.0.1',
    port: 0,
    tls: { cert, key: fixture('test-key.pem') },
  });
  const url = `rtmps://localhost:${port}/live/cam`;
  await assert.rejects(
    RtmpPublisher.connect(url),
    (error) => error instanceof RtmpError && error.code === 'closed',
  );
  await publishFile(CLIP, url, { speed: Infinity, tls: { ca: cert }, digestScheme: 1 });
  await harness.streams.until(() => harness.streams.last('cam')?.isEnded === true);
  assert.equal(harness.streams.last('cam')?.samples.length, 814);
});

test('keys: refused before any media, named in RTMP, never in a log line', async (t) => {
  const harness = await startHarness(t, { open: false });
  harness.access.secrets.set('right&key', (wish) => wish.action === 'publish' && wish.stream === 'cam');
  const refused = async (path: string, code: string) => {
    await assert.rejects(
      RtmpPublisher.connect(`${harness.url}/live/${path}`),
      (error) => error instanceof RtmpError && error.code === 'refused' && error.message.startsWith(code),
      path,
    );
  };
  await refused('cam', 'NetStream.Publish.Denied');
  await refused('cam?key=hush-hush', 'NetStream.Publish.Denied');
  await refused('other?key=right%26key', 'NetStream.Publish.Denied');
  await refused('..%2f..?key=right%26key', 'NetStream.Publish.Denied');
  await assert.rejects(
    RtmpPublisher.connect(`${harness.url}/other/cam?key=hush-hush`),
    (error) => error instanceof RtmpError && error.message.includes('NetConnection.Connect.InvalidApp'),
  );
  const ffmpeg = pushWithFfmpeg(CLIP, `${harness.url}/live/cam?key=hush-hush`, { realTime: false });
  await assert.rejects(finished(ffmpeg), /The stream key is not valid/);
  assert.equal(harness.streams.recordings.length, 0);
  assert.equal(harness.server.counters.refusedStreams, 5);

  for (const path of ['cam?key=right%26key', 'cam?token=right%26key', 'cam?user=me&password=right%26key']) {
    const publisher = await RtmpPublisher.connect(`${harness.url}/live/${path}`);
    await publisher.end();
  }
  const withPassword = `rtmp://me:right%26key@127.0.0.1:${harness.port}/live/cam`;
  await (await RtmpPublisher.connect(withPassword)).end();
  await until(() => harness.server.counters.connections === 0);
  assert.equal(harness.server.counters.publications, 4);
  assert.ok(!/hush|right/.test(harness.log.text), harness.log.text);
});

test('a busy name: the second is refused and changes nothing, or takes over', async (t) => {
  const harness = await startHarness(t);
  const first = await RtmpPublisher.connect(`${harness.url}/live/cam`);
  await assert.rejects(
    RtmpPublisher.connect(`${harness.url}/live/cam`),
    (error) => error instanceof RtmpError && error.message.startsWith('NetStream.Publish.BadName'),
  );
  harness.streams.takeover = true;
  const second = await RtmpPublisher.connect(`${harness.url}/live/cam`);
  await assert.rejects(first.closed, /taken|took the stream over/);
  await second.end();
});

test('closing the server tells publishers and waits for their last fragment', async (t) => {
  const harness = await startHarness(t);
  const publisher = await RtmpPublisher.connect(`${harness.url}/live/cam`);
  await harness.server.close();
  assert.equal(harness.streams.last('cam')?.isEnded, true);
  await assert.rejects(publisher.closed, /AppShutdown/);
});

test('ffmpeg plays what ffmpeg publishes', async (t) => {
  const harness = await startHarness(t);
  // A player that comes before the publisher waits for it.
  harness.streams.window('cam');
  const player = spawn(
    'ffmpeg',
    ['-nostdin', '-v', 'error', '-i', `${harness.url}/live/cam`, '-c', 'copy', '-f', 'framecrc', '-'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  player.stdout.on('data', (data: Buffer) => {
    text += data.toString();
  });
  const exited = once(player, 'exit');
  await until(() => harness.server.counters.players === 1);
  await finished(pushWithFfmpeg(CLIP, `${harness.url}/live/cam`, { realTime: false }));
  await harness.streams.until(() => harness.streams.last('cam')?.isEnded === true);
  const { samples } = await readClip(CLIP);
  await until(() => text.split('\n').filter((line) => /^[01],/.test(line)).length >= samples.length - 2);
  await harness.server.close();
  await exited;
  const sizes = (index: number) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${index},`))
      .map((line) => Number(line.split(',')[4]));
  const wanted = (trackId: number) =>
    samples.filter((one) => one.trackId === trackId).map((one) => one.data.length);
  const [video, audio] = [sizes(0), sizes(1)];
  // The last packet of a broken connection may still be in the player.
  assert.deepEqual(video, wanted(1).slice(0, video.length));
  assert.deepEqual(audio, wanted(2).slice(0, audio.length));
  assert.ok(video.length + audio.length >= samples.length - 2);
});
