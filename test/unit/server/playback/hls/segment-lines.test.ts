import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveFragment } from '../../../../../fragments/stream/live-window.ts';
import { growingLines, segmentLines } from '../../../../../server/playback/hls/segment-lines.ts';
import { infoAt, NOON_MS, partsOf } from './infos.ts';

const lines = (...args: Parameters<typeof segmentLines>) =>
  segmentLines(...args)
    .trimEnd()
    .split('\n');

test('the first segment has its MAP and date, and no discontinuity', () => {
  const info = infoAt(7, { run: 3, startsRun: true });
  assert.deepEqual(lines(info, { previous: undefined, suffix: '?token=t' }), [
    '#EXT-X-MAP:URI="init/00000000000000aa.mp4?token=t"',
    '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T12:00:14.000Z',
    '#EXTINF:2.000000,',
    `segment/${info.number}.m4s?token=t`,
  ]);
});

test('the next one of the same run has its date only', () => {
  assert.deepEqual(lines(infoAt(8), { previous: infoAt(7), suffix: '' }).slice(0, -2), [
    '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T12:00:16.000Z',
  ]);
});

test('a run begins with a discontinuity, a new init with its MAP after it', () => {
  const sameInit = lines(infoAt(8, { run: 1 }), { previous: infoAt(7), suffix: '' });
  assert.equal(sameInit[0], '#EXT-X-DISCONTINUITY');
  assert.match(sameInit[1] ?? '', /^#EXT-X-PROGRAM-DATE-TIME/);
  const newInit = lines(infoAt(8, { run: 1, initId: '00000000000000bb' }), {
    previous: infoAt(7),
    suffix: '',
  });
  assert.deepEqual(newInit.slice(0, 2), [
    '#EXT-X-DISCONTINUITY',
    '#EXT-X-MAP:URI="init/00000000000000bb.mp4"',
  ]);
});

test('there are as many discontinuities as runs went by, also of runs that were lost whole', () => {
  const text = segmentLines(infoAt(8, { run: 4 }), { previous: infoAt(7, { run: 1 }), suffix: '' });
  assert.equal(text.match(/#EXT-X-DISCONTINUITY\n/g)?.length, 3);
});

test('segments that are missing stand as gaps, in the run of what follows', () => {
  const next = infoAt(10, { run: 1 });
  const text = lines(next, { previous: infoAt(7), suffix: '' });
  assert.deepEqual(text.slice(0, 9), [
    '#EXT-X-DISCONTINUITY',
    '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T12:00:16.000Z',
    '#EXT-X-GAP',
    '#EXTINF:2.000000,',
    'gap/8.m4s',
    '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T12:00:18.000Z',
    '#EXT-X-GAP',
    '#EXTINF:2.000000,',
    'gap/9.m4s',
  ]);
});

test('a missing segment is never longer than its neighbour, however long the break was', () => {
  const next = infoAt(9, { producerMs: NOON_MS + 3_600_000 });
  assert(segmentLines(next, { previous: infoAt(7), suffix: '' }).includes('#EXTINF:2.000000,\ngap/8.m4s'));
});

test('a lost fragment is a gap with its own duration', () => {
  assert.deepEqual(lines(infoAt(8), { previous: infoAt(7), suffix: '', isLost: true }).slice(1), [
    '#EXT-X-GAP',
    '#EXTINF:2.000000,',
    'gap/8.m4s',
  ]);
});

test('parts come after discontinuity, map and date, and before their segment', () => {
  const info = infoAt(8, { run: 1, initId: '00000000000000bb' });
  const text = lines(info, { previous: infoAt(7), suffix: '?token=t', parts: partsOf(2) });
  assert.deepEqual(text.slice(3), [
    '#EXT-X-PART:DURATION=0.500000,URI="part/8.0.m4s?token=t",INDEPENDENT=YES',
    '#EXT-X-PART:DURATION=0.500000,URI="part/8.1.m4s?token=t"',
    '#EXTINF:2.000000,',
    `segment/${info.number}.m4s?token=t`,
  ]);
});

test('a growing fragment has its parts and no segment; without parts it says nothing', () => {
  const growing = { info: infoAt(8, { run: 1 }), parts: partsOf(1) } as unknown as LiveFragment;
  const text = growingLines(growing, { previous: infoAt(7), suffix: '' });
  assert.match(text, /^#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:.*\n#EXT-X-PART:.*\n$/);
  const empty = { ...growing, parts: [] };
  assert.equal(growingLines(empty, { previous: infoAt(7), suffix: '' }), '');
});

test('a producer time that no calendar holds is told by the server clock', () => {
  for (const producerMs of [Number.NaN, 1e17, Number.NEGATIVE_INFINITY]) {
    assert.match(
      segmentLines(infoAt(8, { producerMs }), { previous: infoAt(7), suffix: '' }),
      /DATE-TIME:2026-01-02T12:00:16.000Z/,
    );
  }
});
