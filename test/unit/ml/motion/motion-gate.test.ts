import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Box } from '../../../../ml/geometry/box.ts';
import { type Motion, MotionGate } from '../../../../ml/motion/motion-gate.ts';
import { brightnessPicture, noise } from './luma-grid-picture.ts';

const STEP_MS = 200;
/** A scene with some structure. */
const scene = (x: number, y: number) => 90 + 40 * Math.sin(x * 9) + 30 * Math.cos(y * 7);
const isIn = ([left, top, width, height]: Box, x: number, y: number) =>
  x >= left && x < left + width && y >= top && y < top + height;
/** The scene with something bright in it. */
const withThing = (box: Box, by = 80) =>
  brightnessPicture((x, y) => scene(x, y) + (isIn(box, x, y) ? by : 0));
const empty = brightnessPicture(scene);

/** A gate that has seen the empty scene for a while; pictures come five times a second. */
function settled(stepMs = STEP_MS) {
  const gate = new MotionGate();
  let timeMs = 0;
  const see = (picture = empty): Motion => {
    timeMs += stepMs;
    return gate.observe(picture, timeMs);
  };
  for (let i = 0; i < 10; i++) see();
  return see;
}

function contains(outer: Box, inner: Box, slack = 0.04): boolean {
  return (
    outer[0] <= inner[0] + slack &&
    outer[1] <= inner[1] + slack &&
    outer[0] + outer[2] >= inner[0] + inner[2] - slack &&
    outer[1] + outer[3] >= inner[1] + inner[3] - slack
  );
}

test('the first picture opens it, what is always the same closes it', () => {
  const gate = new MotionGate();
  assert.deepEqual(gate.observe(empty, 0), { isOpen: true, isNewScene: true, moving: [], changed: [] });
  for (let timeMs = STEP_MS; timeMs < 20_000; timeMs += STEP_MS) {
    assert.equal(gate.observe(empty, timeMs).isOpen, false);
  }
});

test('what moves opens it at once, and is told where it is and was', () => {
  const see = settled();
  const boxes: Box[] = [0, 1, 2, 3, 4].map((i) => [0.2 + i * 0.03, 0.3, 0.05, 0.2]);
  for (const [i, box] of boxes.entries()) {
    const { isOpen, isNewScene, moving } = see(withThing(box));
    assert.ok(isOpen && !isNewScene);
    assert.equal(moving.length, 1);
    assert.ok(contains(moving[0] ?? [0, 0, 0, 0], box));
    const before = boxes[i - 1];
    if (before !== undefined) {
      // A plain thing changes at its front and at its back.
      assert.ok(contains(moving[0] ?? [0, 0, 0, 0], [before[0], before[1], 0.03, before[3]]));
      assert.ok((moving[0]?.[2] ?? 1) < 0.2 && (moving[0]?.[3] ?? 1) < 0.35);
    }
  }
});

test('two things far apart are told apart', () => {
  const see = settled();
  const pair = brightnessPicture(
    (x, y) => scene(x, y) + (isIn([0.1, 0.1, 0.1, 0.1], x, y) || isIn([0.7, 0.6, 0.1, 0.2], x, y) ? 80 : 0),
  );
  const { moving } = see(pair);
  assert.equal(moving.length, 2);
  assert.ok(contains(moving[0] ?? [1, 1, 0, 0], [0.1, 0.1, 0.1, 0.1]));
  assert.ok(contains(moving[1] ?? [1, 1, 0, 0], [0.7, 0.6, 0.1, 0.2]));
});

test('who stands still moves no more, and is told as a change for some seconds', () => {
  const see = settled();
  const standing = withThing([0.4, 0.4, 0.1, 0.3]);
  assert.ok(see(standing).moving.length > 0);
  const later = Array.from({ length: 100 }, () => see(standing));
  assert.ok(later.every(({ moving }) => moving.length === 0));
  const told = later.filter(({ changed }) => changed.length > 0);
  assert.ok(told.length >= 2 && told.length <= 15, `${told.length} of 20 seconds`);
  for (const { isOpen, changed } of told) {
    assert.ok(isOpen);
    assert.ok(contains(changed[0] ?? [1, 1, 0, 0], [0.4, 0.4, 0.1, 0.3]));
  }
  assert.ok(later.slice(-25).every(({ isOpen }) => !isOpen));
});

test('what is too slow to be seen moving is told as a change', () => {
  const see = settled();
  const told = Array.from({ length: 100 }, (_, i) => see(withThing([0.3, 0.3, 0.2, 0.3], i * 1.2)));
  assert.ok(told.every(({ moving }) => moving.length === 0));
  assert.ok(told.some(({ changed }) => changed.length > 0));
});

test('exposure, clouds and noise do not open it; a walker is seen through all of them', () => {
  const see = settled();
  for (let i = 0; i < 25; i++) {
    const light = 12 * Math.sin(i / 2);
    const grain = noise(i + 1, 6);
    const quiet = see(brightnessPicture((x, y) => scene(x, y) + light + grain(x, y)));
    assert.deepEqual(quiet.moving, [], `picture ${i}`);
  }
  const grain = noise(99, 6);
  const walker = see(
    brightnessPicture((x, y) => scene(x, y) + grain(x, y) + (isIn([0.5, 0.2, 0.05, 0.2], x, y) ? 90 : 0)),
  );
  assert.equal(walker.moving.length, 1);
});

test('a key frame that looks a little other everywhere does not open it, when it comes among other frames', () => {
  const see = settled();
  // A few cells of each block.
  const popped = brightnessPicture(
    (x, y) => scene(x, y) + (Math.floor(x * 160) % 5 === 0 && Math.floor(y * 90) % 5 < 4 ? 18 : 0),
  );
  assert.equal(see(popped).isOpen, false);
  assert.equal(see(popped).isOpen, false);
});

test('what moves weakly is believed in the second picture, or at once where pictures are seconds apart', () => {
  const faint = (shift: number) =>
    brightnessPicture(
      (x, y) =>
        scene(x, y) + (isIn([0.5, 0.5, 0.1, 0.1], x, y) && (Math.floor(x * 160) + shift) % 5 === 0 ? 30 : 0),
    );
  const dense = settled();
  assert.equal(dense(faint(0)).isOpen, false);
  assert.equal(dense(faint(1)).isOpen, true);
  const sparse = settled(2000);
  assert.equal(sparse(faint(0)).isOpen, true);
});

test('lights switched on, and another view, are a new scene', () => {
  const see = settled();
  assert.equal(see(brightnessPicture((x, y) => scene(x, y) + 60)).isNewScene, true);
  const other = brightnessPicture((x, y) => 130 + 90 * Math.sin(x * 30 + y * 17));
  assert.equal(see(other).isNewScene, true);
  assert.equal(see(other).isOpen, false);
});

test('time that stands still or goes back does no harm', () => {
  const gate = new MotionGate();
  for (const timeMs of [5000, 5000, 1000, 900, 6000]) gate.observe(empty, timeMs);
  assert.equal(gate.observe(withThing([0.4, 0.4, 0.2, 0.2]), 100).moving.length, 1);
  assert.equal(gate.observe(withThing([0.4, 0.4, 0.2, 0.2]), 200).moving.length, 0);
});

test('upright and very wide pictures', () => {
  for (const aspect of [9 / 16, 4 / 3, 4, 0.1, 10]) {
    const gate = new MotionGate(aspect);
    gate.observe(empty, 0);
    const { moving } = gate.observe(withThing([0.2, 0.6, 0.3, 0.3]), 200);
    assert.equal(moving.length, 1, `aspect ${aspect}`);
    assert.ok(contains(moving[0] ?? [1, 1, 0, 0], [0.2, 0.6, 0.3, 0.3], 0.2));
  }
});
