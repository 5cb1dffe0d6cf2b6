import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeInitSegment } from '../../../../../fragments/cmaf/init-segment.ts';
import { describeTrack } from '../../../../../fragments/media/describe-track.ts';
import type { Track } from '../../../../../fragments/media/track.ts';
import type { FragmentInfo } from '../../../../../fragments/stream/fragment.ts';
import { initSegmentOf } from '../../../../../fragments/stream/init-id.ts';
import { InitTracks } from '../../../../../server/playback/session/init-tracks.ts';
import { openSession } from '../../../../../server/playback/session/open-session.ts';
import { SessionError } from '../../../../../server/playback/session/session-error.ts';
import type { SessionFacts, SessionRequest } from '../../../../../server/playback/session/session-facts.ts';
import { SessionFragments } from '../../../../../server/playback/session/session-fragments.ts';
import type { OpenStream } from '../../../../../server/streams/stream-service.ts';
import { NOW_MS } from '../../../fragments/stream/media.ts';
import { MemoryLog } from '../../../fragments/stream/memory-log.ts';
import { info } from './infos.ts';
import { sessionRequest } from './session-rig.ts';

const AAC: Track = describeTrack({
  id: 1,
  kind: 'audio',
  codec: 'aac',
  timescale: 48_000,
  config: Buffer.from('1190', 'hex'),
});
const MP3: Track = describeTrack({
  id: 1,
  kind: 'audio',
  codec: 'mp3',
  timescale: 48_000,
  config: new Uint8Array(0),
  sampleRateHz: 48_000,
  channels: 2,
});

/** A stream of whole fragments in a log, nobody publishing. */
class Recording {
  readonly log = new MemoryLog();
  nowMs = NOW_MS;
  readonly stream = {
    record: { name: 'cam', createdMs: 1 },
    log: this.log,
    window: {
      fragments: [],
      current: undefined,
      nextOrdinal: 0,
      byOrdinal: () => undefined,
    },
  } as unknown as OpenStream;

  add(of: Partial<FragmentInfo> = {}, track: Track = AAC): FragmentInfo {
    const ordinal = of.ordinal ?? this.log.end.nextOrdinal;
    const init = initSegmentOf(writeInitSegment([track]));
    const fragment = info(ordinal, { initId: init.id, ...of });
    this.nowMs = Math.max(this.nowMs, fragment.serverMs + 2000);
    void this.log.append({
      fragment,
      init,
      chunkDurationTicks: 0,
      chunkIndex: 0,
      isLast: true,
      tags: [],
      buffers: [],
    });
    this.log.end = { ...this.log.end, nextOrdinal: ordinal + 1 };
    return fragment;
  }

  open(of: Partial<SessionRequest>): Promise<SessionFacts> {
    return openSession(this.stream, new InitTracks(), sessionRequest(of), this.nowMs);
  }

  async fragments(facts: SessionFacts, nowMs = this.nowMs): Promise<SessionFragments> {
    const fragments = new SessionFragments(facts, this.stream, new InitTracks());
    await fragments.update(nowMs);
    return fragments;
  }
}

function recording(count: number): Recording {
  const made = new Recording();
  for (let i = 0; i < count; i++) made.add();
  return made;
}

/** `[index, ordinal]` of what a playlist lists. */
function shown(fragments: SessionFragments, nowMs: number): [index: number, ordinal: number][] {
  return fragments.visible(nowMs).map((listed) => [listed.index, listed.info.ordinal]);
}

test('LIVE slides over the newest fragments, and its numbers never change', async () => {
  const camera = recording(8);
  const facts = await camera.open({ mode: 'LIVE', maxFragments: 3 });
  const fragments = await camera.fragments(facts);
  assert.deepEqual(shown(fragments, camera.nowMs), [
    [0, 5],
    [1, 6],
    [2, 7],
  ]);
  for (let i = 0; i < 200; i++) {
    camera.add();
    await fragments.update(camera.nowMs);
  }
  const now = [
    [200, 205],
    [201, 206],
    [202, 207],
  ];
  assert.deepEqual(shown(fragments, camera.nowMs), now);
  assert.equal(fragments.isOver(camera.nowMs), false);
  assert.ok(fragments.size < 200, `${fragments.size} kept`);
  // Another process, or this one after a restart, says the same.
  assert.deepEqual(shown(await camera.fragments(facts), camera.nowMs), now);
});

test('LIVE is what comes now: nothing of an earlier broadcast, nothing when the camera is away', async () => {
  const camera = recording(3);
  camera.nowMs += 30_001;
  await assert.rejects(camera.open({ mode: 'LIVE' }), (error: SessionError) => {
    assert.equal(error.message, 'No fragments found in the stream for the streaming request.');
    return error.code === 'ResourceNotFoundException';
  });
  const backMs = camera.nowMs + 60_000;
  camera.add({ serverMs: backMs, run: 1 });
  camera.add({ serverMs: backMs + 2000, run: 1 });
  const fragments = await camera.fragments(await camera.open({ mode: 'LIVE' }));
  assert.deepEqual(shown(fragments, camera.nowMs), [
    [0, 3],
    [1, 4],
  ]);
});

test('LIVE by producer time leaves out what was sent before, and shows a clock that was set back', async () => {
  const camera = recording(4);
  const facts = await camera.open({ mode: 'LIVE', clock: 'producer' });
  const fragments = await camera.fragments(facts);
  camera.add({ run: 1, producerMs: NOW_MS + 4000 });
  camera.add({ run: 1, producerMs: NOW_MS + 6000 });
  camera.add({ run: 1, producerMs: NOW_MS + 8000 });
  camera.add({ run: 2, producerMs: NOW_MS - 3_600_123 });
  await fragments.update(camera.nowMs);
  const expected = [
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 6],
    [5, 7],
  ];
  assert.deepEqual(shown(fragments, camera.nowMs), expected);
  assert.deepEqual(shown(await camera.fragments(facts), camera.nowMs), expected);
});

test('ON_DEMAND lists the oldest of the range as they were when the session began', async () => {
  const camera = recording(10);
  const range = { startMs: NOW_MS + 4000, endMs: NOW_MS + 14_000 };
  const facts = await camera.open({ ...range, clock: 'producer', maxFragments: 4 });
  // Would replace one of them.
  camera.add({ producerMs: NOW_MS + 6000, run: 1 });
  const fragments = await camera.fragments(facts);
  assert.deepEqual(shown(fragments, camera.nowMs), [
    [0, 2],
    [1, 3],
    [2, 4],
    [3, 5],
  ]);
  assert.equal(fragments.isOver(camera.nowMs), true);
  assert.equal(fragments.byNumber(info(3).number)?.index, 1);
  assert.equal(fragments.byIndex(3)?.info.ordinal, 5);
  assert.equal(fragments.byIndex(4), undefined);
  await assert.rejects(camera.open({ startMs: NOW_MS - 9000, endMs: NOW_MS - 1 }), SessionError);
});

test('LIVE_REPLAY gains a fragment when its duration has passed, then follows the live edge', async () => {
  const camera = recording(10);
  const startedMs = camera.nowMs;
  const facts = await camera.open({ mode: 'LIVE_REPLAY', startMs: NOW_MS + 2000, maxFragments: 3 });
  const fragments = await camera.fragments(facts);
  const last = (nowMs: number) => fragments.visible(nowMs).at(-1)?.info.ordinal;
  assert.deepEqual(shown(fragments, startedMs), [
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
  assert.equal(last(startedMs + 1999), 3);
  assert.equal(last(startedMs + 2000), 4);
  assert.equal(last(startedMs + 4000), 5);
  assert.deepEqual(shown(fragments, startedMs + 12_000), [
    [6, 7],
    [7, 8],
    [8, 9],
  ]);
  assert.equal(last(startedMs + 60_000), 9, 'there is no more yet');
  camera.add();
  await fragments.update(startedMs + 60_000);
  assert.equal(last(startedMs + 60_000), 10);
  assert.equal(fragments.isOver(startedMs + 60_000), false);
  assert.equal(last(startedMs - 5000), 3, 'also when the clock was set back');
  assert.equal(fragments.availabilityStartMs, startedMs - 6000);
});

test('LIVE_REPLAY with an end is over when all of it is listed', async () => {
  const camera = recording(10);
  const range = { startMs: NOW_MS, endMs: NOW_MS + 9000 };
  const facts = await camera.open({ mode: 'LIVE_REPLAY', ...range, maxFragments: 3 });
  const fragments = await camera.fragments(facts);
  const startedMs = camera.nowMs;
  camera.add();
  await fragments.update(startedMs + 3999);
  assert.equal(fragments.isOver(startedMs + 3999), false);
  assert.equal(fragments.isOver(startedMs + 4000), true);
  assert.deepEqual(
    shown(fragments, startedMs + 4000).map(([, ordinal]) => ordinal),
    [2, 3, 4],
  );
});

test('another codec fails the session for good', async () => {
  const camera = recording(2);
  const facts = await camera.open({ mode: 'LIVE' });
  const fragments = await camera.fragments(facts);
  camera.add({ run: 1 }, MP3);
  for (let call = 0; call < 2; call++) {
    await assert.rejects(
      fragments.update(camera.nowMs),
      (error) => error instanceof SessionError && error.code === 'UnsupportedStreamMediaTypeException',
    );
  }
});

test('another configuration of the same codec is a new version in HLS, and ends DASH', async () => {
  const mono = describeTrack({ ...AAC, config: Buffer.from('1188', 'hex') });
  for (const protocol of ['hls', 'dash'] as const) {
    const camera = recording(2);
    const facts = await camera.open({ protocol, mode: 'LIVE' });
    camera.add({ run: 1 }, mono);
    if (protocol === 'dash') {
      await assert.rejects(camera.fragments(facts), SessionError);
      continue;
    }
    const fragments = await camera.fragments(facts);
    assert.deepEqual(
      fragments.visible(camera.nowMs).map(({ version }) => version),
      [0, 0, 1],
    );
    assert.equal(fragments.byVersion(1)?.info.ordinal, 2);
    assert.equal(fragments.byVersion(2), undefined);
  }
});

test('the end of a right is the end of its session', async () => {
  const camera = recording(2);
  const facts = await openSession(
    camera.stream,
    new InitTracks(),
    sessionRequest({ mode: 'LIVE' }),
    camera.nowMs,
    camera.nowMs + 1000,
  );
  assert.equal(facts.expiresMs, camera.nowMs + 1000);
});
