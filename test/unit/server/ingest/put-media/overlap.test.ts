import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Track } from '../../../../../fragments/media/track.ts';
import type { StreamRegistryOptions } from '../../../../../server/streams/stream-registry.ts';
import { StreamError } from '../../../../../server/streams/stream-service.ts';
import { cluster, dialogueHead, END_TAG, fragmentAt } from '../../../../fixtures/put-media/dialogues.ts';
import { AUDIO, VIDEO } from '../../../fragments/stream/media.ts';
import { NOW_MS, SessionRig, STREAM } from './session-rig.ts';

function rigFor(t: TestContext, options: Partial<StreamRegistryOptions> = {}): SessionRig {
  const rig = new SessionRig({}, options);
  t.after(() => rig.close());
  return rig;
}

const isBusy = (error: unknown) => error instanceof StreamError && error.code === 'busy';
const HEAD = dialogueHead();

test('two sessions at once: fragments follow each other whole, each switch begins a run', async (t) => {
  const rig = rigFor(t);
  const [one, two] = [await rig.session(), await rig.session()];
  one.session.push(HEAD, rig.nowMs);
  two.session.push(HEAD, rig.nowMs);
  // frame by frame in turns, as two connections come in
  const bytes = [0, 2000, 4000].map((timecodeMs) => cluster(fragmentAt(timecodeMs)));
  for (const fragment of bytes) {
    for (let at = 0; at < fragment.length; at += 500) {
      rig.nowMs += 20;
      for (const { session } of [one, two]) session.push(fragment.subarray(at, at + 500), rig.nowMs);
    }
  }
  for (const { session } of [one, two]) session.push(END_TAG, rig.nowMs);
  for (const { session } of [one, two]) session.endOfBody(rig.nowMs);
  await Promise.all([one.session.over, two.session.over]);
  for (const { said } of [one, two]) {
    assert.deepEqual(
      said().filter((line) => line.startsWith('PERSISTED')),
      ['PERSISTED 0', 'PERSISTED 2000', 'PERSISTED 4000'],
    );
  }
  assert.deepEqual(
    rig.log.fragments.map(({ ordinal, run, startsRun }) => [ordinal, run, startsRun]),
    [0, 1, 2, 3, 4, 5].map((at) => [at, at, true]),
  );
  for (let ordinal = 0; ordinal < 6; ordinal++) assert.equal(rig.samplesOf(ordinal).length, 40);
});

test('a session waits for its turn by not being read; a silent one is closed as it is after a second', async (t) => {
  const rig = rigFor(t);
  const [old, next] = [await rig.session(), await rig.session()];
  old.session.push(Buffer.concat([HEAD, cluster(fragmentAt(0))]), rig.nowMs);
  next.session.push(Buffer.concat([HEAD, cluster(fragmentAt(2000)), END_TAG]), rig.nowMs);
  assert.ok(next.session.isPaused(rig.nowMs));
  assert.deepEqual(next.said(), []);
  next.session.tick(NOW_MS + 900);
  assert.deepEqual(next.said(), []);
  next.session.tick(NOW_MS + 1000);
  assert.deepEqual(old.said(), ['BUFFERING 0', 'RECEIVED 0']);
  assert.deepEqual(next.said(), ['BUFFERING 2000', 'RECEIVED 2000']);
  assert.ok(!next.session.isPaused(NOW_MS + 1000));
  await rig.settle();
  assert.equal(old.said().at(-1), 'PERSISTED 0', 'what the old one waits for before it ends its body');

  // and if it comes back all the same, its cluster goes on in a fragment of its own
  const rest = cluster({ timecodeMs: 0, frames: fragmentAt(0).frames.slice(0, 3) });
  old.session.push(rest.subarray(rest.indexOf(0xa3)), NOW_MS + 1200);
  old.session.endOfBody(NOW_MS + 1200);
  await old.session.over;
  assert.deepEqual(old.said().slice(3), ['BUFFERING 0', 'RECEIVED 0', 'PERSISTED 0']);
  assert.equal(rig.samplesOf(2).length, 3);
});

test('a session that ends or fails makes way at once', async (t) => {
  const rig = rigFor(t);
  const [one, two] = [await rig.session(), await rig.session()];
  one.session.push(Buffer.concat([HEAD, cluster(fragmentAt(0))]), rig.nowMs);
  two.session.push(Buffer.concat([HEAD, cluster(fragmentAt(2000))]), rig.nowMs);
  one.session.abort(rig.nowMs);
  assert.deepEqual(two.said(), ['BUFFERING 2000']);
  // one that waits and gives up is not waited for
  const three = await rig.session();
  three.session.push(Buffer.concat([HEAD, cluster(fragmentAt(4000))]), rig.nowMs);
  three.session.abort(rig.nowMs);
  const four = await rig.session();
  four.session.push(Buffer.concat([HEAD, cluster(fragmentAt(4000)), END_TAG]), rig.nowMs);
  two.session.endOfBody(rig.nowMs);
  await two.session.over;
  assert.deepEqual(four.said(), ['BUFFERING 4000', 'RECEIVED 4000', 'PERSISTED 4000']);
});

test('what comes while a session waits is kept: more bytes, bad ones, the end of the body', async (t) => {
  const rig = rigFor(t);
  const [holder, waiting, bad] = [await rig.session(), await rig.session(), await rig.session()];
  holder.session.push(Buffer.concat([HEAD, cluster(fragmentAt(0))]), rig.nowMs);
  const body = Buffer.concat([HEAD, cluster(fragmentAt(2000)), END_TAG]);
  for (const { session } of [waiting, bad]) session.push(body, rig.nowMs);
  bad.session.push(Buffer.from('no media'), rig.nowMs);
  bad.session.push(Buffer.from('nor this'), rig.nowMs);
  for (const { session } of [waiting, bad]) {
    session.endOfBody(rig.nowMs);
    session.abort(rig.nowMs);
    assert.ok(!session.isEnding);
  }
  holder.session.endOfBody(rig.nowMs);
  await Promise.all([waiting.session.over, bad.session.over]);
  assert.deepEqual(waiting.said(), ['BUFFERING 2000', 'RECEIVED 2000', 'PERSISTED 2000']);
  assert.deepEqual(bad.said(), ['BUFFERING 2000', 'RECEIVED 2000', 'ERROR 4006 -1', 'PERSISTED 2000']);
});

test('five sessions at most, and none beside a publisher of another kind', async (t) => {
  const rig = rigFor(t);
  const sessions = await Promise.all([1, 2, 3, 4, 5].map(() => rig.session()));
  await assert.rejects(rig.session(), isBusy);
  const request = {
    stream: STREAM,
    publisher: { protocol: 'rtmp', remoteAddress: '192.0.2.9', sinceMs: NOW_MS },
    onRevoked: () => {},
  } as const;
  await assert.rejects(rig.streams.publish(request, rig.nowMs), isBusy);
  for (const { session } of sessions) session.endOfBody(rig.nowMs);
  const rtmp = await rig.streams.publish(request, rig.nowMs);
  await assert.rejects(rig.session(), isBusy);
  await rtmp.end(rig.nowMs);
  await rig.session();
});

test('with takeover a camera makes way for a session, the oldest session for a sixth, and all for a camera', async (t) => {
  const rig = rigFor(t, { takeover: true });
  const revoked: string[] = [];
  const request = {
    stream: STREAM,
    publisher: { protocol: 'rtmp', remoteAddress: '192.0.2.9', sinceMs: NOW_MS },
    onRevoked: (reason: string) => revoked.push(reason),
  } as const;
  const rtmp = await rig.streams.publish(request, rig.nowMs);
  rtmp.setTracks([VIDEO, AUDIO] as readonly Track[], rig.nowMs);
  const oldest = await rig.session();
  assert.deepEqual(revoked, ['taken-over']);
  const others = await Promise.all([1, 2, 3, 4, 5].map(() => rig.session()));
  assert.deepEqual(oldest.said(), ['ERROR 4008 -1']);
  await rig.streams.publish(request, rig.nowMs);
  for (const { said } of others) assert.deepEqual(said(), ['ERROR 4008 -1']);
  assert.equal(rig.stream.live(NOW_MS).publisher?.protocol, 'rtmp');
});

test('live state tells of the sessions', async (t) => {
  const rig = rigFor(t);
  const { session } = await rig.session();
  session.push(Buffer.concat([HEAD, cluster(fragmentAt(0))]), rig.nowMs);
  const live = rig.stream.live(NOW_MS + 1000);
  assert.equal(live.publisher?.protocol, 'put-media');
  assert.deepEqual(
    live.tracks.map(({ codec }) => codec),
    ['h264', 'pcmu'],
  );
  assert.ok(live.bitrateBps > 0);
  assert.ok(rig.stream.window.isLive);
  session.endOfBody(rig.nowMs);
  await session.over;
  assert.ok(!rig.stream.window.isLive);
});
