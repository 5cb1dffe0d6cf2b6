import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPageModule } from './page-modules.ts';

interface Scale {
  readonly fromMs: number;
  readonly toMs: number;
  readonly widthPx: number;
}

const { xOf, timeOf, marks, columns } = await loadPageModule<{
  xOf(scale: Scale, atMs: number): number;
  timeOf(scale: Scale, xPx: number): number;
  marks(scale: Scale, offsetMinutesAt: (atMs: number) => number): { stepMs: number; atMs: number[] };
  columns(
    scale: Scale,
    ranges: readonly { startMs: number; endMs: number }[],
  ): { fromPx: number; toPx: number }[];
}>('timeline-scale.js');

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 2, 1, 12);
const scale: Scale = { fromMs: NOON, toMs: NOON + HOUR, widthPx: 720 };
const utc = () => 0;

test('instants and pixels are each other’s inverse', () => {
  assert.equal(xOf(scale, NOON + HOUR / 2), 360);
  assert.equal(timeOf(scale, 360), NOON + HOUR / 2);
});

test('marks stand on round times, far enough apart', () => {
  const { stepMs, atMs } = marks({ ...scale, fromMs: NOON + 61_000, toMs: NOON + HOUR + 61_000 }, utc);
  assert.equal(stepMs, 600_000);
  assert.deepEqual(atMs.slice(0, 2), [NOON + 600_000, NOON + 1_200_000]);
  assert.equal(marks({ ...scale, toMs: NOON + 5000 }, utc).stepMs, 1000);
  assert.equal(marks({ ...scale, toMs: NOON + 400 * 24 * HOUR }, utc).stepMs, 7 * 24 * HOUR);
});

test('days begin at local midnight, also across a change of the clocks', () => {
  // Central Europe: +1 h, from 2026-03-29T01:00Z on +2 h.
  const change = Date.UTC(2026, 2, 29, 1);
  const berlin = (atMs: number) => (atMs < change ? -60 : -120);
  const fromMs = Date.UTC(2026, 2, 27);
  const { atMs } = marks({ fromMs, toMs: fromMs + 4 * 24 * HOUR, widthPx: 400 }, berlin);
  assert.deepEqual(atMs, [
    Date.UTC(2026, 2, 27, 23),
    Date.UTC(2026, 2, 28, 23),
    Date.UTC(2026, 2, 29, 22),
    Date.UTC(2026, 2, 30, 22),
  ]);
});

test('stretches become columns; gaps shorter than a pixel close, longer ones stay', () => {
  const second = 1000;
  const ranges = [
    { startMs: NOON, endMs: NOON + 600 * second },
    { startMs: NOON + 601 * second, endMs: NOON + 1200 * second },
    { startMs: NOON + 1300 * second, endMs: NOON + 1310 * second },
  ];
  const found = columns(scale, ranges);
  assert.deepEqual(found, [
    { fromPx: 0, toPx: 240 },
    { fromPx: 260, toPx: 262 },
  ]);
});

test('what is recorded is seen, however short; what lies outside is not', () => {
  assert.deepEqual(columns(scale, [{ startMs: NOON + 1000, endMs: NOON + 1001 }]), [
    { fromPx: 0.2, toPx: 1.2 },
  ]);
  assert.deepEqual(columns(scale, [{ startMs: NOON - 2000, endMs: NOON - 1000 }]), []);
  assert.deepEqual(columns(scale, [{ startMs: NOON + 2 * HOUR, endMs: NOON + 3 * HOUR }]), []);
  assert.deepEqual(columns(scale, [{ startMs: NOON - HOUR, endMs: NOON + 9 * HOUR }]), [
    { fromPx: 0, toPx: 720 },
  ]);
});
