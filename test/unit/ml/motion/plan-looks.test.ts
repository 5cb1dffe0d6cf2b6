import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Box } from '../../../../ml/geometry/box.ts';
import { type Area, isCutOff, planLooks, wholeLook } from '../../../../ml/motion/plan-looks.ts';

const WIDE = { whole: { width: 512, height: 288 }, step: 32 };
const area = (box: Box, facts: Partial<Area> = {}): Area => ({ box, isNew: false, scale: 1, ...facts });
const round = (box: Box) => box.map((value) => Math.round(value * 1000) / 1000);

test('every area is seen whole, by inputs that the model takes, for less than the whole picture costs', () => {
  const box = fc
    .tuple(
      fc.double({ min: 0, max: 0.95, noNaN: true }),
      fc.double({ min: 0, max: 0.95, noNaN: true }),
      fc.double({ min: 0.01, max: 0.6, noNaN: true }),
      fc.double({ min: 0.01, max: 0.6, noNaN: true }),
    )
    .map(
      ([left, top, width, height]): Box => [left, top, Math.min(width, 1 - left), Math.min(height, 1 - top)],
    );
  const areas = fc.array(fc.record({ box, isNew: fc.boolean(), scale: fc.constantFrom(0.5, 1, 1.5) }), {
    minLength: 1,
    maxLength: 6,
  });
  const input = fc
    .tuple(fc.integer({ min: 2, max: 20 }), fc.integer({ min: 2, max: 20 }))
    .map(([columns, rows]) => ({ whole: { width: columns * 32, height: rows * 32 }, step: 32 }));
  fc.assert(
    fc.property(areas, input, (areas, input) => {
      const looks = planLooks(areas, input);
      if (looks === undefined) return;
      let pixels = 0;
      for (const { region, input: given } of looks) {
        const [left, top, width, height] = region;
        assert.ok(left >= 0 && top >= 0 && left + width <= 1 + 1e-9 && top + height <= 1 + 1e-9);
        assert.ok(given.width % 32 === 0 && given.height % 32 === 0 && given.width > 0 && given.height > 0);
        pixels += given.width * given.height;
      }
      assert.ok(pixels < 0.76 * input.whole.width * input.whole.height);
      for (const { box, scale } of areas) {
        const scales = looks
          .filter(
            ({ region }) =>
              region[0] <= box[0] + 1e-9 &&
              region[1] <= box[1] + 1e-9 &&
              region[0] + region[2] >= box[0] + box[2] - 1e-9 &&
              region[1] + region[3] >= box[1] + box[3] - 1e-9,
          )
          .map(({ region, input: given }) => given.width / (region[2] * input.whole.width));
        assert.ok(Math.max(...scales) >= Math.min(scale, 1) - 0.01, `seen at ${scales}`);
      }
    }),
  );
});

test('a small thing is given few pixels, a new one more around it', () => {
  const box: Box = [0.4, 0.4, 0.05, 0.1];
  assert.deepEqual(
    planLooks([area(box)], WIDE)?.map(({ input }) => input),
    [{ width: 128, height: 128 }],
  );
  assert.deepEqual(
    planLooks([area(box, { isNew: true })], WIDE)?.map(({ input }) => input),
    [{ width: 192, height: 192 }],
  );
});

test('what is large is given half the pixels each way', () => {
  const [look] = planLooks([area([0.4, 0.1, 0.2, 0.85], { scale: 0.5 })], WIDE) ?? [];
  assert.deepEqual(look?.input, { width: 128, height: 160 });
  assert.deepEqual(round(look?.region ?? [0, 0, 0, 0]), [0.25, 0, 0.5, 1]);
});

test('what is to be seen larger has as much around it; beside others it is seen as they are', () => {
  const small = area([0.4, 0.4, 0.05, 0.1], { scale: 1.5 });
  const [look] = planLooks([small], WIDE) ?? [];
  assert.deepEqual(look?.input, { width: 192, height: 192 });
  assert.deepEqual(round(look?.region ?? [0, 0, 0, 0]), [0.3, 0.228, 0.25, 0.444]);
  const [shared] = planLooks([small, area([0.42, 0.42, 0.05, 0.1])], WIDE) ?? [];
  assert.deepEqual(shared?.input, { width: 128, height: 128 });
  assert.deepEqual(round(shared?.region ?? [0, 0, 0, 0]).slice(2), [0.25, 0.444]);
});

test('areas that are near each other share a look, others do not', () => {
  const left = area([0.05, 0.1, 0.05, 0.1]);
  assert.equal(planLooks([left, area([0.15, 0.12, 0.05, 0.1])], WIDE)?.length, 1);
  assert.equal(planLooks([left, area([0.85, 0.8, 0.05, 0.1])], WIDE)?.length, 2);
});

test('much to look at is a look at the whole picture', () => {
  assert.equal(planLooks([area([0.05, 0.05, 0.9, 0.8])], WIDE), undefined);
  const corners = [0.05, 0.5, 0.9].flatMap((x) => [0.05, 0.85].map((y) => area([x, y, 0.05, 0.1])));
  assert.equal(planLooks(corners, WIDE), undefined);
  assert.deepEqual(wholeLook(WIDE), { region: [0, 0, 1, 1], input: WIDE.whole });
});

test('a box is cut off where every look that shows it ends in it, and the picture does not', () => {
  const look = (region: Box) => ({ region, input: { width: 64, height: 64 } });
  const looks = [look([0, 0, 0.5, 0.5])];
  assert.equal(isCutOff([0.3, 0.1, 0.2, 0.2], looks), true);
  assert.equal(isCutOff([0.1, 0.3, 0.2, 0.2], looks), true);
  assert.equal(isCutOff([0, 0, 0.2, 0.2], looks), false);
  assert.equal(isCutOff([0.3, 0.1, 0.2, 0.2], [...looks, look([0.2, 0, 0.5, 0.5])]), false);
  assert.equal(isCutOff([0.3, 0.1, 0.2, 0.2], []), false);
});
