import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FragmentInfo } from '../../../../../fragments/stream/fragment.ts';
import type { SessionFacts } from '../../../../../server/playback/session/session-facts.ts';
import {
  type ListedFragment,
  SessionTimeline,
} from '../../../../../server/playback/session/session-timeline.ts';
import { NOW_MS } from '../../../fragments/stream/media.ts';
import { info } from './infos.ts';

function placed(
  of: Partial<Pick<SessionFacts, 'protocol' | 'clock' | 'discontinuity'>>,
  infos: readonly FragmentInfo[],
  configOf: (info: FragmentInfo) => string = () => 'one',
): ListedFragment[] {
  const timeline = new SessionTimeline({
    protocol: 'hls',
    clock: 'producer',
    discontinuity: 'ON_DISCONTINUITY',
    ...of,
  });
  return infos.map((each) => timeline.place(each, configOf(each)));
}

const starts = (listed: readonly ListedFragment[]) => listed.map(({ startS }) => Number(startS.toFixed(6)));
const breaks = (listed: readonly ListedFragment[]) => listed.map((each) => each.breaks);

/** Three fragments, away for a minute, two more with media time from 0. */
const OUTAGE = [
  info(0, { startTicks: 50_000 }),
  info(1, { startTicks: 52_000 }),
  info(2, { startTicks: 54_000 }),
  info(3, { run: 1, startTicks: 0, serverMs: NOW_MS + 66_000 }),
  info(4, { run: 1, startTicks: 2000, serverMs: NOW_MS + 68_000 }),
];

test('HLS shows a gap where it was, and within a run media time to the tick', () => {
  const jitter = info(1, { startTicks: 52_000, serverMs: NOW_MS + 2700 });
  const listed = placed({ clock: 'server' }, [OUTAGE[0] as FragmentInfo, jitter, ...OUTAGE.slice(2)]);
  assert.deepEqual(starts(listed), [10, 12, 14, 76, 78]);
  assert.deepEqual(breaks(listed), [false, false, false, true, false]);
  assert.deepEqual(
    listed.map(({ shiftS }) => shiftS),
    [-40, -40, -40, 76, 76],
  );
  assert.deepEqual(
    listed.map(({ breakCount, index, playedMs }) => [breakCount, index, playedMs]),
    [
      [0, 0, 2000],
      [0, 1, 4000],
      [0, 2, 6000],
      [1, 3, 8000],
      [1, 4, 10_000],
    ],
  );
});

test('DASH bends its time so that gaps vanish', () => {
  assert.deepEqual(starts(placed({ protocol: 'dash' }, OUTAGE)), [10, 12, 14, 16, 18]);
});

test('50 ms of gap or overlap between runs are no discontinuity, more are', () => {
  for (const [gapMs, isBreak] of [
    [0, false],
    [50, false],
    [-50, false],
    [51, true],
    [-51, true],
  ] as const) {
    const next = info(1, { run: 1, startTicks: 0, serverMs: NOW_MS + 2000 + gapMs });
    const listed = placed({}, [info(0), next]);
    assert.deepEqual(breaks(listed), [false, isBreak], `${gapMs} ms`);
    // No fragment begins before the one before it has ended.
    assert.deepEqual(starts(listed), [10, 12 + Math.max(0, gapMs) / 1000]);
  }
});

test('media that is missing inside a run is a gap too', () => {
  const listed = placed({}, [info(0), info(3)]);
  assert.deepEqual(starts(listed), [10, 16]);
  assert.deepEqual(breaks(listed), [false, true]);
});

test('ALWAYS breaks before every fragment, NEVER nowhere', () => {
  assert.deepEqual(breaks(placed({ discontinuity: 'ALWAYS' }, OUTAGE)), Array(5).fill(true));
  assert.deepEqual(breaks(placed({ discontinuity: 'NEVER' }, OUTAGE)), Array(5).fill(false));
});

test('another decoder configuration is a new version, and a discontinuity', () => {
  const listed = placed({}, [info(0), info(1), info(2), info(3)], ({ ordinal }) =>
    ordinal === 1 || ordinal === 2 ? 'other' : 'one',
  );
  assert.deepEqual(
    listed.map(({ version }) => version),
    [0, 1, 1, 2],
  );
  assert.deepEqual(breaks(listed), [false, true, false, true]);
});

test('a producer clock that was set back does not lead behind what was played', () => {
  const listed = placed({}, [
    info(0),
    info(1),
    info(2, { run: 1, startTicks: 0, producerMs: NOW_MS - 3_600_000 }),
  ]);
  assert.deepEqual(starts(listed), [10, 12, 14]);
  assert.deepEqual(breaks(listed), [false, false, true]);
});
