import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { PlaylistRange } from '../../../../../server/playback/hls/archive-playlist.ts';
import { HlsStreams } from '../../../../../server/playback/hls/hls-streams.ts';
import { camera, NOW_MS } from '../../../fragments/stream/media.ts';
import { StreamRig, type StreamRigOptions } from './stream-rig.ts';

async function start(t: TestContext, options: StreamRigOptions = {}) {
  const rig = await StreamRig.open(options);
  const streams = new HlsStreams(rig.streams, rig.hlsSettings, () => rig.nowMs);
  t.after(() => streams.close());
  return { rig, streams };
}

const rangeFrom = (startMs: number): PlaylistRange => ({
  kind: 'archive',
  startMs,
  endMs: undefined,
  suffix: '',
});

test('a stream is opened once for all who ask', async (t) => {
  const { streams } = await start(t);
  const [one, two] = await Promise.all([streams.get('cam'), streams.get('cam')]);
  assert.equal(one, two);
  assert.equal(streams.get('cam'), one);
  await assert.rejects(async () => streams.get('other'), { code: 'not-found' });
});

test('what has no viewers is let go; what is waited for is kept', async (t) => {
  const { rig, streams } = await start(t);
  rig.write(camera(0, 2600));
  const hls = await streams.get('cam');
  const response = new EventEmitter() as ServerResponse;
  const waiting = hls.wait(response, 1e6, () => false);
  rig.nowMs += rig.hlsSettings.idleMs + 1;
  streams.sweep();
  assert.equal(await streams.get('cam'), hls);
  assert.equal(streams.waiting, 1);
  response.emit('close');
  await waiting;
  rig.nowMs += rig.hlsSettings.idleMs + 1;
  streams.sweep();
  assert.notEqual(await streams.get('cam'), hls);
});

test('a stream that was deleted and made again is another one', async (t) => {
  const first = await StreamRig.open();
  const second = await StreamRig.open();
  let current = first;
  const streams = new HlsStreams(
    { peek: (name) => current.streams.peek(name), open: (name) => current.streams.open(name) },
    first.hlsSettings,
    () => 0,
  );
  t.after(() => streams.close());
  const before = await streams.get('cam');
  current = second;
  const after = await streams.get('cam');
  assert.notEqual(after, before);
  assert.equal(after.stream, second.stream);
});

test('playlists of ranges are kept in bounds, the newest whatever its size', async (t) => {
  const { rig, streams } = await start(t, { hls: { maxRangeBytes: 8000 } });
  await rig.writeSlowly(camera(0, 60_000));
  const hls = await streams.get('cam');
  const one = streams.archive(hls, rangeFrom(NOW_MS));
  await one.render(rig.nowMs);
  assert.equal(streams.archive(hls, rangeFrom(NOW_MS)), one);
  const two = streams.archive(hls, rangeFrom(NOW_MS + 1000));
  await two.render(rig.nowMs);
  assert(one.sizeBytes + two.sizeBytes > 8000);
  assert.equal(streams.archive(hls, rangeFrom(NOW_MS + 1000)), two);
  assert.notEqual(streams.archive(hls, rangeFrom(NOW_MS)), one);

  const kept = streams.archive(hls, rangeFrom(NOW_MS + 5000));
  rig.nowMs += rig.hlsSettings.idleMs + 1;
  streams.sweep();
  assert.notEqual(streams.archive(await streams.get('cam'), rangeFrom(NOW_MS + 5000)), kept);
});

test('closing lets everybody go', async () => {
  const rig = await StreamRig.open();
  const streams = new HlsStreams(rig.streams, rig.hlsSettings, () => rig.nowMs);
  rig.write(camera(0, 2600));
  const hls = await streams.get('cam');
  const waiting = hls.wait(new EventEmitter() as ServerResponse, 1e6, () => false);
  streams.close();
  assert.equal(await waiting, 'closing');
  assert(streams.isClosed);
});
