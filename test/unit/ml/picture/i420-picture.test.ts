import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Box } from '../../../../ml/geometry/box.ts';
import { type ColorFormat, I420Picture, type I420Planes } from '../../../../ml/picture/i420-picture.ts';
import { PictureError } from '../../../../ml/picture/picture-error.ts';
import { middleOf, valueAt } from './reference-sampling.ts';

const color = fc.record({
  range: fc.constantFrom('limited', 'full'),
  matrix: fc.constantFrom('bt601', 'bt709'),
}) satisfies fc.Arbitrary<ColorFormat>;

/** Planes with padding at the end of rows, any size. */
const planes: fc.Arbitrary<I420Planes> = fc
  .record({
    width: fc.integer({ min: 1, max: 24 }),
    height: fc.integer({ min: 1, max: 24 }),
    padding: fc.integer({ min: 0, max: 5 }),
    color,
  })
  .chain(({ width, height, padding, color }) => {
    const yStride = width + padding;
    const uvStride = ((width + 1) >> 1) + padding;
    const chromaBytes = uvStride * ((height + 1) >> 1);
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    return fc
      .tuple(bytes(yStride * height), bytes(chromaBytes), bytes(chromaBytes))
      .map(([y, u, v]) => ({ width, height, y, u, v, yStride, uvStride, color }));
  });

const fraction = fc.double({ min: 0, max: 0.9, noNaN: true });
const size = fc.double({ min: 0.05, max: 1.2, noNaN: true });
const region: fc.Arbitrary<Box> = fc.tuple(fraction, fraction, size, size);

/** The colour at a point by the equations of the standards (ITU-R BT.601 and BT.709, in Kr and Kb). */
function referenceRgb(planes: I420Planes, x: number, y: number): number[] {
  const { width, height, color = { range: 'limited', matrix: 'bt601' } } = planes;
  const chroma = { width: (width + 1) >> 1, height: (height + 1) >> 1 };
  const of = (plane: Uint8Array, stride: number) => (column: number, row: number) =>
    plane[row * stride + column] ?? Number.NaN;
  const limited = color.range === 'limited';
  const luma =
    (valueAt({ width, height, pixel: of(planes.y, planes.yStride) }, x * width, y * height) -
      (limited ? 16 : 0)) /
    (limited ? 219 : 255);
  // A chroma sample has the place of the left one of two luma columns, and lies between two luma rows.
  const chromaAt = (plane: Uint8Array) =>
    (valueAt({ ...chroma, pixel: of(plane, planes.uvStride) }, (x * width) / 2 + 0.25, (y * height) / 2) -
      128) /
    (limited ? 224 : 255);
  const kr = color.matrix === 'bt601' ? 0.299 : 0.2126;
  const kb = color.matrix === 'bt601' ? 0.114 : 0.0722;
  const red = luma + 2 * (1 - kr) * chromaAt(planes.v);
  const blue = luma + 2 * (1 - kb) * chromaAt(planes.u);
  const green = (luma - kr * red - kb * blue) / (1 - kr - kb);
  return [red, green, blue].map((value) => Math.min(Math.max(value * 255, 0), 255));
}

test('any region of any picture is stretched as the definition says', () => {
  fc.assert(
    fc.property(
      planes,
      region,
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 7 }),
      (planes, region, width, height, offset) => {
        const target = new Float32Array(offset + width * height * 3 + 1).fill(-1);
        new I420Picture(planes).sampleRgb(region, target, width, height, offset);
        for (let row = 0; row < height; row++) {
          for (let column = 0; column < width; column++) {
            const { x, y } = middleOf(region, column, row, width, height);
            for (const [channel, expected] of referenceRgb(planes, x, y).entries()) {
              const value = target[offset + (row * width + column) * 3 + channel] ?? Number.NaN;
              assert.ok(Math.abs(value - expected) < 0.02, `${value} for ${expected} at ${column},${row}`);
            }
          }
        }
        assert.ok(target.subarray(0, offset).every((value) => value === -1));
        assert.equal(target.at(-1), -1);
      },
    ),
    { numRuns: 200 },
  );
});

test('black, white, grey and the primaries of limited BT.601', () => {
  const rgbOf = (y: number, u: number, v: number) => {
    const picture = I420Picture.packed(Uint8Array.of(y, y, y, y, u, v), 2, 2);
    const target = new Float32Array(3);
    picture.sampleRgb([0, 0, 1, 1], target, 1, 1);
    return Array.from(target, Math.round);
  };
  assert.deepEqual(rgbOf(16, 128, 128), [0, 0, 0]);
  assert.deepEqual(rgbOf(235, 128, 128), [255, 255, 255]);
  assert.deepEqual(rgbOf(126, 128, 128), [128, 128, 128]);
  assert.deepEqual(rgbOf(81, 90, 240), [254, 0, 0]);
  assert.deepEqual(rgbOf(145, 54, 34), [0, 255, 1]);
  assert.deepEqual(rgbOf(41, 240, 110), [0, 0, 255]);
});

test('brightness is the mean of a cell, 0 to 255 whatever the range', () => {
  fc.assert(
    fc.property(planes, (planes) => {
      const picture = new I420Picture(planes);
      const every = new Uint8Array(planes.width * planes.height);
      picture.sampleLuma(every, planes.width, planes.height);
      for (let row = 0; row < planes.height; row++) {
        for (let column = 0; column < planes.width; column++) {
          const luma = planes.y[row * planes.yStride + column] ?? Number.NaN;
          const expected = planes.color?.range === 'full' ? luma : ((luma - 16) * 255) / 219;
          const value = every[row * planes.width + column] ?? Number.NaN;
          assert.ok(Math.abs(value - Math.min(Math.max(expected, 0), 255)) <= 0.5);
        }
      }
    }),
    { numRuns: 50 },
  );
  const halves = new I420Picture({
    width: 8,
    height: 4,
    y: Uint8Array.from({ length: 32 }, (_, i) => (i % 8 < 4 ? (i % 2) * 100 : 200)),
    u: new Uint8Array(8),
    v: new Uint8Array(8),
    yStride: 8,
    uvStride: 4,
    color: { range: 'full', matrix: 'bt709' },
  });
  const grid = new Uint8Array(2);
  halves.sampleLuma(grid, 2, 1);
  assert.deepEqual([...grid], [100, 200]);
});

test('planes that are too short for their size are refused', () => {
  const refused = { name: 'PictureError', code: 'bad-media' };
  assert.throws(() => I420Picture.packed(new Uint8Array(5), 2, 2), refused);
  assert.throws(() => I420Picture.packed(new Uint8Array(0), 0, 0), refused);
  assert.throws(() => I420Picture.packed(new Uint8Array(6), Number.NaN, 2), PictureError);
  const planes = { width: 4, height: 2, y: new Uint8Array(8), u: new Uint8Array(2), v: new Uint8Array(2) };
  assert.doesNotThrow(() => new I420Picture({ ...planes, yStride: 4, uvStride: 2 }));
  assert.throws(() => new I420Picture({ ...planes, yStride: 3, uvStride: 2 }), refused);
  assert.throws(() => new I420Picture({ ...planes, yStride: 4, uvStride: 1 }), refused);
  assert.throws(() => new I420Picture({ ...planes, v: new Uint8Array(1), yStride: 4, uvStride: 2 }), refused);
});

test('a region outside of the picture, or without any size, is answered by the pixels at the edge', () => {
  const picture = I420Picture.packed(Uint8Array.of(16, 235, 16, 235, 128, 128), 2, 2);
  const target = new Float32Array(3);
  picture.sampleRgb([2, 2, 1, 1], target, 1, 1);
  assert.deepEqual([...target], [255, 255, 255]);
  picture.sampleRgb([-3, 0, 1, 1], target, 1, 1);
  assert.deepEqual([...target], [0, 0, 0]);
});
