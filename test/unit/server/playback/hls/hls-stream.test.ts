import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { HlsStream } from '../../../../../server/playback/hls/hls-stream.ts';
import { camera, sampleAt, VIDEO } from '../../../fragments/stream/media.ts';
import { StreamRig } from './stream-rig.ts';

/** As much of a response as waiting needs. */
const responseOf = () => new EventEmitter() as ServerResponse;

const textOf = (hls: HlsStream, suffix = '') => hls.livePlaylist()?.for(suffix).plain.toString() ?? '';
const linesOf = (hls: HlsStream) => textOf(hls).trimEnd().split('\n');
const tagsOf = (hls: HlsStream, tag: string) => linesOf(hls).filter((line) => line.startsWith(tag));

test('without a fragment there is no playlist; with one there is, with its parts and the hint', async () => {
  const rig = await StreamRig.open();
  const hls = await rig.follow();
  assert.equal(hls.livePlaylist(), undefined);
  rig.write(camera(0, 600));
  assert.equal(hls.livePlaylist(), undefined);
  rig.write(camera(600, 1700));
  const lines = linesOf(hls);
  assert.deepEqual(lines.slice(0, 8), [
    '#EXTM3U',
    '#EXT-X-VERSION:6',
    '#EXT-X-TARGETDURATION:2',
    '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,HOLD-BACK=6',
    '#EXT-X-PART-INF:PART-TARGET=0.5',
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-DISCONTINUITY-SEQUENCE:0',
    '#EXT-X-INDEPENDENT-SEGMENTS',
  ]);
  assert.equal(tagsOf(hls, '#EXTINF').length, 1);
  assert.equal(tagsOf(hls, '#EXT-X-PART:').length, 4);
  assert.equal(lines.at(-1), '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part/1.1.m4s"');
});

test('a version is rendered once, and again when a part came', async () => {
  const rig = await StreamRig.open();
  const hls = await rig.follow();
  rig.write(camera(0, 2600));
  const before = hls.livePlaylist();
  assert.equal(hls.livePlaylist(), before);
  rig.write(camera(2600, 2700));
  assert.equal(hls.livePlaylist(), before);
  rig.write(camera(2700, 3200));
  assert.notEqual(hls.livePlaylist(), before);
});

test('the window slides: old segments leave, numbers go on, parts leave before them', async () => {
  const rig = await StreamRig.open();
  const hls = await rig.follow();
  await rig.writeSlowly(camera(0, 60_000));
  const durations = tagsOf(hls, '#EXTINF').map((line) => Number(line.slice(8, -1)));
  const total = durations.reduce((a, b) => a + b);
  assert(total >= 30 && total < 32, `${total}`);
  const sequence = Number(tagsOf(hls, '#EXT-X-MEDIA-SEQUENCE')[0]?.split(':')[1]);
  assert.equal(sequence, 59 - durations.length);
  // Parts within three target durations of the end, and all of them downloadable as long again.
  const parts = tagsOf(hls, '#EXT-X-PART:').map((line) =>
    /part\/(\d+)\.(\d+)/.exec(line)?.slice(1).map(Number),
  );
  assert.equal(parts[0]?.[0], 54);
  for (let ordinal = 54 - 6; ordinal < 59; ordinal++) {
    assert.notEqual(hls.part(ordinal, 0), undefined, `${ordinal}`);
  }
  assert.equal(hls.part(30, 0), undefined);
});

test('after a restart the playlist is made of the log until the camera is back', async () => {
  const before = await StreamRig.open();
  before.write(camera(0, 10_000));
  await before.end();
  before.log.end = { nextOrdinal: 10, nextRun: 1, lastSequence: 10 };

  const rig = await StreamRig.on(before.log);
  const hls = await rig.follow();
  assert.equal(tagsOf(hls, '#EXTINF').length, 10);
  assert.equal(tagsOf(hls, '#EXT-X-PART').length, 0);
  assert.equal(tagsOf(hls, '#EXT-X-SERVER-CONTROL').length, 0);
  assert.equal(tagsOf(hls, '#EXT-X-PRELOAD-HINT').length, 0);
  assert.equal(tagsOf(hls, '#EXT-X-ENDLIST').length, 0);

  rig.nowMs = before.nowMs + 60_000;
  rig.write(camera(0, 2100));
  const lines = linesOf(hls);
  assert.equal(lines.filter((line) => line === '#EXT-X-DISCONTINUITY').length, 1);
  assert.equal(tagsOf(hls, '#EXT-X-MAP').length, 1);
  assert.equal(tagsOf(hls, '#EXTINF').length, 12);
  assert.equal(tagsOf(hls, '#EXT-X-MEDIA-SEQUENCE')[0], '#EXT-X-MEDIA-SEQUENCE:0');
  assert.match(lines.at(-1) ?? '', /part\/12\.0\.m4s/);
});

test('another decoder configuration: discontinuity, its own init URL, and both inits to be had', async () => {
  const rig = await StreamRig.open();
  const hls = await rig.follow();
  rig.write(camera(0, 2000));
  rig.publish([{ ...VIDEO, width: 1280, height: 720 }]);
  rig.write(Array.from({ length: 50 }, (_, i) => sampleAt(VIDEO, 2000 + i * 40, { isSync: i % 25 === 0 })));
  const maps = tagsOf(hls, '#EXT-X-MAP');
  assert.equal(new Set(maps).size, 2);
  const lines = linesOf(hls);
  assert.equal(lines.indexOf(maps[1] ?? ''), lines.indexOf('#EXT-X-DISCONTINUITY') + 1);
  for (const map of maps) {
    const id = /init\/(.*)\.mp4/.exec(map)?.[1] ?? '';
    assert.notEqual(hls.init(id), undefined);
  }
});

test('DISCONTINUITY-SEQUENCE stays exact while runs leave the window', async () => {
  const rig = await StreamRig.open({ hls: { liveWindowMs: 10_000 } });
  const hls = await rig.follow();
  const runOf = new Map<string, number>();
  for (let run = 0; run < 8; run++) {
    rig.write(camera(0, 4100));
    let discontinuities = Number(tagsOf(hls, '#EXT-X-DISCONTINUITY-SEQUENCE')[0]?.split(':')[1]);
    for (const line of linesOf(hls)) {
      if (line === '#EXT-X-DISCONTINUITY') discontinuities += 1;
      if (!line.startsWith('segment/')) continue;
      assert.equal(runOf.get(line) ?? discontinuities, discontinuities, line);
      runOf.set(line, discontinuities);
    }
    await rig.end();
  }
  assert.equal(Math.max(...runOf.values()), 7);
});

test('a fragment that the disk lost is played from memory at the live edge, and is a gap later', async () => {
  const rig = await StreamRig.open();
  const hls = await rig.follow();
  rig.log.failure = ({ fragment }) => (fragment.ordinal === 3 ? 'io-error' : undefined);
  rig.write(camera(0, 4100));
  // The answer of the disk comes after this turn of the event loop.
  await new Promise(setImmediate);
  rig.write(camera(4100, 5100));
  assert(!textOf(hls).includes('#EXT-X-GAP'));
  rig.write(camera(5100, 20_000));
  assert.match(textOf(hls), /#EXT-X-GAP\n#EXTINF:1.000000,\ngap\/3\.m4s\n/);
  assert.equal(tagsOf(hls, '#EXT-X-GAP').length, 1);
});

test('requests wait for their part; the camera is not held up by answering them', async () => {
  const rig = await StreamRig.open();
  const hls = await rig.follow();
  rig.write(camera(0, 2300));
  const edge = hls.edge;
  assert.deepEqual(edge, { lastMsn: 1, lastParts: 3, nextMsn: 2, nextParts: 0 });
  let release: string | undefined;
  const waited = hls.wait(responseOf(), 60_000, ({ nextParts }) => nextParts > 0);
  waited.then((answer) => {
    release = answer;
  });
  rig.write(camera(2300, 2400));
  await new Promise(setImmediate);
  assert.equal(release, undefined);
  rig.write(camera(2400, 2700));
  assert.equal(release, undefined);
  assert.equal(await waited, 'advanced');
  assert.equal(hls.waiting.size, 0);
  hls.close();
});

test('when the camera leaves, those who wait are answered at once with a playlist that says so', async () => {
  const rig = await StreamRig.open();
  const hls = await rig.follow();
  rig.write(camera(0, 2600));
  const waited = hls.wait(responseOf(), 60_000, () => false);
  await rig.end();
  assert.equal(await waited, 'advanced');
  assert(!hls.isLive);
  assert.equal(tagsOf(hls, '#EXT-X-PRELOAD-HINT').length, 0);
  assert.equal(tagsOf(hls, '#EXTINF').length, 3);
  assert.equal(tagsOf(hls, '#EXT-X-ENDLIST').length, 0);
  hls.close();
});

test('who waits too long, hangs up, comes too late or when all places are taken', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const rig = await StreamRig.open({ hls: { maxWaiting: 3 } });
  const hls = await rig.follow();
  rig.write(camera(0, 2600));
  const never = () => false;
  const overdue = hls.wait(responseOf(), 6000, never);
  const response = responseOf();
  const gone = hls.wait(response, 6000, never);
  const closing = hls.wait(responseOf(), 60_000, never);
  assert.equal(await hls.wait(responseOf(), 6000, never), 'full');
  response.emit('close');
  assert.equal(await gone, 'gone');
  assert.equal(hls.waiting.size, 2);
  rig.nowMs += 6000;
  t.mock.timers.tick(6000);
  assert.equal(await overdue, 'overdue');
  hls.close();
  assert.equal(await closing, 'closing');
});

test('what is held for viewers is bounded', async () => {
  const rig = await StreamRig.open({
    hls: { maxHeldBytes: 20_000 },
    settings: { windowFragments: 2, windowBytes: 10_000 },
  });
  const hls = await rig.follow();
  await rig.writeSlowly(camera(0, 600_000));
  assert(hls.rows.length < 150, `${hls.rows.length}`);
  let held = 0;
  for (let ordinal = 0; ordinal < 600; ordinal++) if (hls.part(ordinal, 0) !== undefined) held += 1;
  assert(held < 20, `${held}`);
});
