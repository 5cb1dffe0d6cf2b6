import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { producerHeaderOf } from '../../../../../fragments/stream/producer-header.ts';
import type { PutMediaSettings } from '../../../../../server/ingest/put-media/put-media-settings.ts';
import type { StreamRegistryOptions } from '../../../../../server/streams/stream-registry.ts';
import {
  cluster,
  type DialogueFragment,
  dialogueHead,
  END_TAG,
  fragmentAt,
  G711,
  producerDialogue,
  randomPieces,
  reorderedFragmentAt,
  VIDEO,
} from '../../../../fixtures/put-media/dialogues.ts';
import {
  ebmlHeader,
  element,
  info,
  SEGMENT_1,
  simpleBlock,
  tags,
  tracks,
  uint,
} from '../../../fragments/matroska/ebml-bytes.ts';
import { caseOf } from '../../../fragments/media/codec-fixtures.ts';
import { NOW_MS, type RigSession, SessionRig, STREAM } from './session-rig.ts';

function rigFor(
  t: TestContext,
  settings: Partial<PutMediaSettings> = {},
  options: Partial<StreamRegistryOptions> = {},
): SessionRig {
  const rig = new SessionRig(settings, options);
  t.after(() => rig.close());
  return rig;
}

/** A body that is over, and all that is said of it. */
async function send(rig: SessionRig, body: Buffer, baseMs = 0): Promise<RigSession> {
  const opened = await rig.session(baseMs);
  opened.session.push(body, rig.nowMs);
  opened.session.endOfBody(rig.nowMs);
  await opened.session.over;
  return opened;
}

/** Track, presentation time and bytes of all frames, in an order that both sides can be brought into. */
function sentFrames(fragment: DialogueFragment) {
  return fragment.frames
    .map(({ track, relativeMs, isKey, data }) => ({
      track,
      ms: fragment.timecodeMs + relativeMs,
      isKey,
      data,
    }))
    .sort((a, b) => a.track - b.track || a.ms - b.ms);
}

function storedFrames(rig: SessionRig, ordinal: number) {
  return rig
    .samplesOf(ordinal)
    .map(({ trackId, dtsTicks, compositionOffsetTicks, isSync, data }) => ({
      track: trackId,
      ms: dtsTicks + compositionOffsetTicks,
      isKey: isSync,
      data: Buffer.from(data),
    }))
    .sort((a, b) => a.track - b.track || a.ms - b.ms);
}

test('a session of two fragments: acknowledgements in order, media as they were sent, the header kept', async (t) => {
  const rig = rigFor(t);
  const sent = [fragmentAt(1_678_912_146_652), fragmentAt(1_678_912_148_652)];
  const { said, acks } = await send(rig, producerDialogue(sent));
  assert.deepEqual(said(), [
    'BUFFERING 1678912146652',
    'RECEIVED 1678912146652',
    'BUFFERING 1678912148652',
    'RECEIVED 1678912148652',
    'PERSISTED 1678912146652',
    'PERSISTED 1678912148652',
  ]);
  const infos = rig.log.fragments;
  assert.deepEqual(
    infos.map(({ number, producerMs, startTicks, durationTicks, startsRun, independent, serverMs }) => [
      number,
      producerMs,
      startTicks,
      durationTicks,
      startsRun,
      independent,
      serverMs,
    ]),
    [
      [acks[0]?.FragmentNumber, 1_678_912_146_652, 1_678_912_146_652, 2000, true, true, NOW_MS],
      [acks[2]?.FragmentNumber, 1_678_912_148_652, 1_678_912_148_652, 2000, false, true, NOW_MS],
    ],
  );
  for (const [at, fragment] of sent.entries()) assert.deepEqual(storedFrames(rig, at), sentFrames(fragment));
  const init = rig.log.chunks[0]?.init.bytes;
  assert.deepEqual(init && producerHeaderOf(init), dialogueHead());
  assert.deepEqual(rig.stream.live(NOW_MS).publisher, undefined);
});

test('pieces of any size make the same of every form of a dialogue', async (t) => {
  const fragments = [fragmentAt(0), fragmentAt(2000), fragmentAt(4000)];
  const bodies = [
    producerDialogue(fragments),
    producerDialogue(fragments, { unknownBytes: 8 }),
    producerDialogue(fragments, { firstTags: { a: '1' }, tagsBehind: new Map([[1, { b: '2' }]]) }),
    producerDialogue(fragments, { withEndTag: false }),
  ];
  for (const [at, body] of bodies.entries()) {
    const whole = new SessionRig();
    const pieces = new SessionRig();
    t.after(() => Promise.all([whole.close(), pieces.close()]));
    const one = await send(whole, body);
    const many = await pieces.session();
    for (const piece of randomPieces(body, at + 1, at === 0 ? 3 : 700))
      many.session.push(piece, pieces.nowMs);
    many.session.endOfBody(pieces.nowMs);
    await many.session.over;
    assert.deepEqual(many.said().toSorted(), one.said().toSorted());
    assert.equal(pieces.log.fragments.length, 3);
    for (let ordinal = 0; ordinal < 3; ordinal++) {
      assert.deepEqual(pieces.log.bytesOf(ordinal), whole.log.bytesOf(ordinal));
      assert.deepEqual(await pieces.log.tags(ordinal), await whole.log.tags(ordinal));
    }
  }
});

test('each acknowledgement comes as soon as it can', async (t) => {
  const rig = rigFor(t);
  const { session, said } = await rig.session();
  session.push(dialogueHead(), rig.nowMs);
  const first = cluster(fragmentAt(1000));
  session.push(first.subarray(0, 14), rig.nowMs);
  assert.deepEqual(said(), [], 'the time is not known yet');
  session.push(first.subarray(14, 15), rig.nowMs);
  assert.deepEqual(said(), ['BUFFERING 1000']);
  session.push(first.subarray(15), rig.nowMs);
  assert.equal(rig.stream.window.current?.samples.length, 40, 'all frames are seen before the fragment ends');
  session.push(END_TAG, rig.nowMs);
  assert.deepEqual(said(), ['BUFFERING 1000', 'RECEIVED 1000']);
  await rig.settle();
  assert.deepEqual(said(), ['BUFFERING 1000', 'RECEIVED 1000', 'PERSISTED 1000']);
  assert.ok(!session.isEnding, 'and the session goes on');
  session.push(cluster(fragmentAt(3000)), rig.nowMs);
  assert.equal(said().at(-1), 'BUFFERING 3000');
});

test('PERSISTED waits for the log', async (t) => {
  const rig = rigFor(t);
  rig.log.isStalled = true;
  const { session, said } = await rig.session();
  session.push(producerDialogue([fragmentAt(0)]), rig.nowMs);
  session.endOfBody(rig.nowMs);
  await rig.settle();
  assert.deepEqual(said(), ['BUFFERING 0', 'RECEIVED 0']);
  rig.log.flush();
  await session.over;
  assert.deepEqual(said().at(-1), 'PERSISTED 0');
});

test('a stream without retention never says PERSISTED', async (t) => {
  const rig = rigFor(t, {}, { retention: { retentionHours: 0, maxBytes: null } });
  const { said } = await send(rig, producerDialogue([fragmentAt(0), fragmentAt(2000)]));
  assert.deepEqual(said(), ['BUFFERING 0', 'RECEIVED 0', 'BUFFERING 2000', 'RECEIVED 2000']);
});

test('relative times count from the start time, and stay relative in acknowledgements and media', async (t) => {
  const rig = rigFor(t);
  const startMs = 1_678_912_000_000;
  const { said } = await send(rig, producerDialogue([fragmentAt(0), fragmentAt(2000)]), startMs);
  assert.deepEqual(said().slice(0, 1), ['BUFFERING 0']);
  assert.deepEqual(
    rig.log.fragments.map(({ producerMs, startTicks }) => [producerMs, startTicks]),
    [
      [startMs, 0],
      [startMs + 2000, 2000],
    ],
  );
});

test('times in other ticks: acknowledged in ms, stored as they came', async (t) => {
  const rig = rigFor(t);
  // 100 microseconds a tick
  const fragment = { ...fragmentAt(50_000) };
  const { said } = await send(rig, producerDialogue([fragment], { timecodeScaleNs: 100_000 }));
  assert.deepEqual(said().at(0), 'BUFFERING 5000');
  const [stored] = rig.log.fragments;
  assert.deepEqual([stored?.timescale, stored?.startTicks, stored?.producerMs], [10_000, 50_000, 5000]);
});

test('B-frames: presentation times come back exactly, decode times increase', async (t) => {
  const rig = rigFor(t);
  const reordering = { ...VIDEO, codecPrivate: caseOf('h264 b-pyramid').config };
  const sent = [reorderedFragmentAt(10_000), reorderedFragmentAt(10_700), reorderedFragmentAt(11_400)];
  await send(rig, producerDialogue(sent, { tracks: [reordering, G711] }));
  let last = -1;
  for (const [at, fragment] of sent.entries()) {
    assert.deepEqual(storedFrames(rig, at), sentFrames(fragment));
    for (const { trackId, dtsTicks } of rig.samplesOf(at)) {
      if (trackId !== 1) continue;
      assert.ok(dtsTicks > last, `${dtsTicks} after ${last}`);
      last = dtsTicks;
    }
  }
});

test('tags belong to the cluster that they follow, or to the first when they come before it', async (t) => {
  const rig = rigFor(t);
  await send(
    rig,
    producerDialogue([fragmentAt(0), fragmentAt(2000), fragmentAt(4000)], {
      firstTags: { first: '1', AWS_KINESISVIDEO_FRAGMENT_NUMBER: 'no' },
      tagsBehind: new Map([
        [0, { behind: 'ü' }],
        [2, { AWS_KINESISVIDEO_NOTIFICATION: '', last: '' }],
      ]),
    }),
  );
  assert.deepEqual(await rig.log.tags(0), [
    { name: 'first', value: '1' },
    { name: 'behind', value: 'ü' },
  ]);
  assert.deepEqual(await rig.log.tags(1), []);
  assert.deepEqual(await rig.log.tags(2), [
    { name: 'AWS_KINESISVIDEO_NOTIFICATION', value: '' },
    { name: 'last', value: '' },
  ]);
});

test('a cluster of known size is complete with its last byte; what follows belongs to the next one', async (t) => {
  const rig = rigFor(t);
  const { session, said } = await rig.session();
  const sized = (timecode: number) =>
    element('1f43b675', [
      uint('e7', timecode, 4),
      simpleBlock(1, 0, Buffer.alloc(50, 1)),
      simpleBlock(2, 0, Buffer.alloc(5, 2)),
    ]);
  session.push(Buffer.concat([dialogueHead(), sized(0)]), rig.nowMs);
  assert.deepEqual(said(), ['BUFFERING 0', 'RECEIVED 0']);
  session.push(Buffer.concat([tags({ between: 'x' }), sized(1000)]), rig.nowMs);
  session.endOfBody(rig.nowMs);
  await session.over;
  assert.deepEqual(await rig.log.tags(0), []);
  assert.deepEqual(await rig.log.tags(1), [{ name: 'between', value: 'x' }]);
});

test('private data that change begin a run with an init segment of its own; a header repeated does not', async (t) => {
  const rig = rigFor(t);
  const changed = { ...VIDEO, codecPrivate: caseOf('h264 main').config };
  const body = Buffer.concat([
    producerDialogue([fragmentAt(0)], { withEndTag: false }),
    info(),
    tracks([VIDEO, G711]),
    cluster(fragmentAt(2000)),
    info(),
    tracks([changed, G711]),
    cluster(fragmentAt(4000)),
  ]);
  await send(rig, body);
  const [first, second, third] = rig.log.fragments;
  assert.equal(first?.initId, second?.initId);
  assert.notEqual(second?.initId, third?.initId);
  assert.deepEqual([first?.startsRun, second?.startsRun, third?.startsRun], [true, false, true]);
});

test('unknown codecs are kept as they came', async (t) => {
  const rig = rigFor(t);
  const sent = fragmentAt(0);
  const data = { number: 2, type: 17, codecId: 'S_TEXT/UTF8', name: 'what is seen' };
  await send(rig, producerDialogue([sent], { tracks: [VIDEO, data] }));
  assert.deepEqual(storedFrames(rig, 0), sentFrames(sent));
});

test('a new session may repeat timecodes: both are kept, and the second begins a run', async (t) => {
  const rig = rigFor(t);
  const body = producerDialogue([fragmentAt(0), fragmentAt(2000)]);
  const one = await send(rig, body);
  const two = await send(rig, body);
  assert.deepEqual(one.said(), two.said());
  assert.deepEqual(
    rig.log.fragments.map(({ startTicks, startsRun, run }) => [startTicks, startsRun, run]),
    [
      [0, true, 0],
      [2000, false, 0],
      [0, true, 1],
      [2000, false, 1],
    ],
  );
  const sequences = rig.log.fragments.map(({ number }) => Number((BigInt(number) - (1n << 156n)) >> 92n));
  assert.deepEqual(sequences, [1001, 1002, 2001, 2002]);
});

test('a jump in a session begins a run, a new document may go back', async (t) => {
  const rig = rigFor(t);
  const body = Buffer.concat([
    producerDialogue([fragmentAt(0), fragmentAt(60_000)]),
    producerDialogue([fragmentAt(62_000)]),
    producerDialogue([fragmentAt(0)]),
  ]);
  const { said } = await send(rig, body);
  assert.ok(!said().some((line) => line.startsWith('ERROR')));
  assert.deepEqual(
    rig.log.fragments.map(({ startTicks, startsRun, durationTicks }) => [
      startTicks,
      startsRun,
      durationTicks,
    ]),
    [
      [0, true, 2000],
      [60_000, true, 2000],
      [62_000, false, 2000],
      [0, true, 2000],
    ],
  );
});

test('while nothing comes, IDLE every five seconds, and after thirty the end', async (t) => {
  const rig = rigFor(t);
  const { session, said } = await rig.session();
  session.push(Buffer.concat([dialogueHead(), cluster(fragmentAt(0))]), rig.nowMs);
  for (let ms = 0; ms < 29_900; ms += 250) session.tick(NOW_MS + ms);
  assert.deepEqual(said(), ['BUFFERING 0', 'IDLE', 'IDLE', 'IDLE', 'IDLE', 'IDLE']);
  assert.ok(!session.isEnding);
  session.tick(NOW_MS + 30_000);
  await session.over;
  assert.deepEqual(said().slice(-2), ['RECEIVED 0', 'PERSISTED 0']);
});

test('a session that lasts too long, or whose key is no good any more, is told to sign again', async (t) => {
  const rig = rigFor(t, { maxSessionMs: 60_000 });
  const { session, said } = await rig.session();
  session.push(Buffer.concat([dialogueHead(), cluster(fragmentAt(0)), END_TAG]), rig.nowMs);
  session.push(cluster(fragmentAt(2000)), NOW_MS + 59_000);
  session.tick(NOW_MS + 60_000);
  await session.over;
  assert.deepEqual(
    said().filter((line) => line.startsWith('ERROR')),
    ['ERROR 4003 2000'],
  );
  const other = await rig.session();
  other.session.expire(rig.nowMs);
  assert.deepEqual(other.said(), ['ERROR 4003 -1']);
});

test('each error by its trigger', async (t) => {
  const head = dialogueHead();
  const both = (timecode: number) => cluster(fragmentAt(timecode));
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`tag${at}`, 'x']));
  const fourTracks = [VIDEO, G711, { ...G711, number: 3 }, { ...G711, number: 4 }];
  const big = cluster({
    timecodeMs: 0,
    frames: [{ track: 1, relativeMs: 0, isKey: true, data: Buffer.alloc(200_000) }],
  });
  const long = cluster({
    timecodeMs: 0,
    frames: [0, 20_001].map((relativeMs) => ({ track: 1, relativeMs, isKey: true, data: Buffer.alloc(9) })),
  });
  const cases: readonly [string, readonly Buffer[], Partial<PutMediaSettings>?][] = [
    ['ERROR 4001 0', [head, big], { maxFragmentBytes: 150_000 }],
    ['ERROR 4001 0', [head, both(0)], { maxFragmentBytes: 2000 }],
    ['ERROR 4002 0', [head, long]],
    ['ERROR 4004 2000', [head, both(2000), both(2000)]],
    ['ERROR 4004 1999', [head, both(2000), END_TAG, both(1999)]],
    ['ERROR 4006 -1', [Buffer.from('this is no media at all')]],
    ['ERROR 4006 0', [head, both(0), element('18538067', Buffer.alloc(0))]],
    ['ERROR 4006 -1', [dialogueHead([VIDEO, VIDEO]), both(0)]],
    ['ERROR 4007 8650000000000000', [head, both(8.65e15)]],
    ['ERROR 4009 -1', [head, tags(many)]],
    ['ERROR 4009 0', [head, both(0), tags(many)]],
    ['ERROR 4009 -1', [head, tags({ name: 'v'.repeat(257) })]],
    ['ERROR 4010 0', [head, both(0), simpleBlock(3, 0, Buffer.alloc(3))]],
    ['ERROR 4011 0', [head, cluster(fragmentAt(0, { withAudio: false })), both(2000)]],
    ['ERROR 4011 0', [head, cluster({ timecodeMs: 0, frames: [] }), both(2000)]],
    ['ERROR 4012 -1', [dialogueHead(fourTracks), both(0)]],
  ];
  for (const [expected, parts, settings] of cases) {
    const rig = rigFor(t, settings);
    const { said, session } = await send(rig, Buffer.concat(parts));
    const errors = said().filter((line) => line.startsWith('ERROR'));
    assert.deepEqual(errors, [expected], `${expected} ${JSON.stringify(settings)}`);
    assert.ok(session.isEnding);
    assert.equal(rig.counters.of(STREAM).errorAcks, 1);
    assert.match(rig.stream.live(NOW_MS).lastError?.message ?? '', /^[A-Z_]+: /);
  }
});

test('the limits of form can be lifted', async (t) => {
  const rig = rigFor(t, { maxTracks: 10, requireAllTracks: false, maxTags: 40 });
  const fourTracks = [VIDEO, G711, { ...G711, number: 3 }, { ...G711, number: 4 }];
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`tag${at}`, 'x']));
  const { said } = await send(
    rig,
    Buffer.concat([dialogueHead(fourTracks), cluster(fragmentAt(0)), tags(many), cluster(fragmentAt(2000))]),
  );
  assert.equal(said().filter((line) => line.startsWith('PERSISTED')).length, 2);
});

test('an error ends the session, but not what was complete before it', async (t) => {
  const rig = rigFor(t);
  rig.log.isStalled = true;
  const { session, said } = await rig.session();
  session.push(producerDialogue([fragmentAt(0), fragmentAt(2000), fragmentAt(1000)]), rig.nowMs);
  session.push(Buffer.from('not looked at any more'), rig.nowMs);
  rig.log.flush();
  await session.over;
  assert.deepEqual(said().slice(-3), ['ERROR 4004 1000', 'PERSISTED 0', 'PERSISTED 2000']);
});

test('a body that breaks off is a read error; what came of the fragment is kept', async (t) => {
  const rig = rigFor(t);
  const { session, said } = await rig.session();
  const body = Buffer.concat([dialogueHead(), cluster(fragmentAt(0))]);
  session.push(body.subarray(0, -50), rig.nowMs);
  session.abort(rig.nowMs);
  await session.over;
  assert.deepEqual(said(), ['BUFFERING 0', 'ERROR 4000 0']);
  assert.equal(rig.samplesOf(0).length, 39);
  assert.equal(rig.counters.of(STREAM).connectionErrors, 1);
});

test('a fragment that the disk refuses is an archival error', async (t) => {
  const rig = rigFor(t);
  rig.log.failure = ({ fragment }) => (fragment.ordinal === 1 ? 'disk-full' : undefined);
  const { session, said } = await rig.session();
  session.push(
    Buffer.concat([dialogueHead(), cluster(fragmentAt(0)), cluster(fragmentAt(2000)), END_TAG]),
    rig.nowMs,
  );
  await session.over;
  assert.deepEqual(said().slice(-2), ['PERSISTED 0', 'ERROR 5001 2000']);
});

test('a stream that is deleted ends its session, a server that closes acknowledges what it has', async (t) => {
  const rig = rigFor(t);
  const deleted = await rig.session();
  deleted.session.push(Buffer.concat([dialogueHead(), cluster(fragmentAt(0))]), rig.nowMs);
  await rig.streams.delete(STREAM);
  await deleted.session.over;
  assert.deepEqual(deleted.said(), ['BUFFERING 0', 'RECEIVED 0', 'ERROR 4008 0']);

  const closed = await rig.session();
  closed.session.push(Buffer.concat([dialogueHead(), cluster(fragmentAt(0))]), rig.nowMs);
  await rig.streams.close(rig.nowMs);
  await closed.session.over;
  assert.deepEqual(closed.said(), ['BUFFERING 0', 'RECEIVED 0', 'PERSISTED 0']);
});

test('rates hold the reading, not the media', async (t) => {
  const rig = rigFor(t, { maxBytesPerSecond: 10_000, maxFragmentsPerSecond: 1 });
  const { session, said } = await rig.session();
  session.push(producerDialogue([fragmentAt(0), fragmentAt(2000), fragmentAt(4000)]), rig.nowMs);
  assert.ok(session.isPaused(rig.nowMs));
  for (let ms = 0; ms <= 4000; ms += 250) session.tick(NOW_MS + ms);
  assert.equal(said().filter((line) => line.startsWith('BUFFERING')).length, 3);
  assert.ok(!session.isPaused(NOW_MS + 4000));
});

test('a producer is not read from while the disk is behind', async (t) => {
  const rig = rigFor(t, { maxPendingBytes: 5000 });
  rig.log.isStalled = true;
  const { session } = await rig.session();
  session.push(Buffer.concat([dialogueHead(), cluster(fragmentAt(0))]), rig.nowMs);
  assert.ok(session.isPaused(rig.nowMs));
  session.push(END_TAG, rig.nowMs);
  assert.ok(session.isPaused(rig.nowMs));
  for (let ms = 0; ms < 60_000; ms += 250) session.tick(NOW_MS + ms);
  assert.ok(!session.isEnding, 'that is no silence of the producer');
  rig.log.flush();
  assert.ok(!session.isPaused(NOW_MS + 60_000));
});

test('what CloudWatch counts', async (t) => {
  const rig = rigFor(t);
  const body = producerDialogue([fragmentAt(0), fragmentAt(2000)]);
  await send(rig, body);
  const counters = rig.counters.of(STREAM);
  assert.deepEqual(
    [counters.incomingBytes, counters.incomingFragments, counters.incomingFrames, counters.errorAcks],
    [body.length, 2, 80, 0],
  );
  assert.deepEqual(
    [counters.bufferingAck.count, counters.receivedAck.count, counters.persistedAck.count],
    [2, 2, 2],
  );
});

test('a header may not come without Tracks, and a document of another kind is refused', async (t) => {
  const rig = rigFor(t);
  const { said } = await send(rig, Buffer.concat([ebmlHeader(), SEGMENT_1, info(), cluster(fragmentAt(0))]));
  assert.deepEqual(said(), ['ERROR 4006 -1']);
  const other = await send(rig, Buffer.concat([ebmlHeader('other')]));
  assert.deepEqual(other.said(), ['ERROR 4006 -1']);
});
