import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPageModule } from './page-modules.ts';

interface Segment {
  readonly start: number;
  readonly duration: number;
  readonly programDateTime: number | null;
}

const { epochAt, secondsAt, covers } = await loadPageModule<{
  epochAt(segments: readonly Segment[], seconds: number): number | undefined;
  secondsAt(segments: readonly Segment[], epochMs: number): number | undefined;
  covers(segments: readonly Segment[], epochMs: number): boolean;
}>('media-clock.js');

const NOON = Date.UTC(2026, 2, 1, 12);

/** Two segments, a gap of a minute, one more. The player's seconds know of no gap. */
const SEGMENTS: readonly Segment[] = [
  { start: 10, duration: 2, programDateTime: NOON },
  { start: 12, duration: 2, programDateTime: NOON + 2000 },
  { start: 14, duration: 2, programDateTime: NOON + 64_000 },
];

test('a position tells the time of its segment, on both sides of a gap', () => {
  assert.equal(epochAt(SEGMENTS, 10), NOON);
  assert.equal(epochAt(SEGMENTS, 13.5), NOON + 3500);
  assert.equal(epochAt(SEGMENTS, 14.25), NOON + 64_250);
});

test('a position a rounding before a segment belongs to it', () => {
  assert.equal(Math.round(epochAt(SEGMENTS, 13.9998) ?? 0), NOON + 64_000);
});

test('outside the playlist time goes on straight', () => {
  assert.equal(epochAt(SEGMENTS, 17), NOON + 67_000);
  assert.equal(epochAt(SEGMENTS, 9), NOON - 1000);
  assert.equal(epochAt([], 9), undefined);
  assert.equal(epochAt([{ start: 0, duration: 2, programDateTime: null }], 1), undefined);
});

test('a time is found at its position; one in a gap at the next segment', () => {
  assert.equal(secondsAt(SEGMENTS, NOON + 3500), 13.5);
  assert.equal(secondsAt(SEGMENTS, NOON + 30_000), 14);
  assert.equal(secondsAt(SEGMENTS, NOON - 5000), 10);
  assert.equal(secondsAt(SEGMENTS, NOON + 999_000), 16);
  assert.equal(secondsAt([], NOON), undefined);
});

test('what is covered is what a segment holds', () => {
  assert.equal(covers(SEGMENTS, NOON), true);
  assert.equal(covers(SEGMENTS, NOON + 3999), true);
  assert.equal(covers(SEGMENTS, NOON + 4000), false);
  assert.equal(covers(SEGMENTS, NOON + 66_000), false);
});
