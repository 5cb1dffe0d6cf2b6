import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sampleAligned } from '../../../../ml/faces/aligned-crop.ts';
import { readPatch, sampleSquare } from '../../../../ml/faces/picture-square.ts';
import { RgbPicture } from '../../../../ml/picture/rgb-picture.ts';

/** Red grows to the right, green downwards: bilinear sampling of it is exact. */
function ramp(width: number, height: number): RgbPicture {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rgb.set([x, y, 200], (y * width + x) * 3);
  }
  return new RgbPicture(rgb, width, height);
}

const pixelOf = (target: Float32Array, pixels: number, x: number, y: number) =>
  Array.from(target.subarray((y * pixels + x) * 3, (y * pixels + x) * 3 + 3));

describe('sampleSquare', () => {
  it('stretches what is in the picture', () => {
    const target = new Float32Array(8 * 8 * 3);
    sampleSquare(ramp(100, 60), { left: 10, top: 20, side: 16 }, target, 8);
    assert.deepEqual(pixelOf(target, 8, 0, 0), [10.5, 20.5, 200]);
    assert.deepEqual(pixelOf(target, 8, 7, 3), [24.5, 26.5, 200]);
  });

  it('is black where there is no picture: above and below, and at the sides', () => {
    const target = new Float32Array(8 * 8 * 3).fill(9);
    sampleSquare(ramp(64, 32), { left: 0, top: -16, side: 64 }, target, 8);
    assert.deepEqual(pixelOf(target, 8, 3, 1), [0, 0, 0]);
    assert.deepEqual(pixelOf(target, 8, 0, 2), [3.5, 3.5, 200]);
    assert.deepEqual(pixelOf(target, 8, 7, 5), [59.5, 27.5, 200]);
    assert.deepEqual(pixelOf(target, 8, 3, 6), [0, 0, 0]);
    sampleSquare(ramp(32, 64), { left: -16, top: 0, side: 64 }, target, 8);
    assert.deepEqual(pixelOf(target, 8, 1, 3), [0, 0, 0]);
    assert.deepEqual(pixelOf(target, 8, 2, 0), [3.5, 3.5, 200]);
    assert.deepEqual(pixelOf(target, 8, 6, 3), [0, 0, 0]);
    sampleSquare(ramp(32, 64), { left: 500, top: 0, side: 64 }, target, 8);
    assert.ok(target.every((value) => value === 0));
  });
});

describe('readPatch', () => {
  it('reads pixels as they are, within the picture', () => {
    const patch = readPatch(ramp(20, 10), [-3, 2.5, 5.5, 40], 100);
    assert.deepEqual([patch?.left, patch?.top, patch?.width, patch?.height], [0, 2, 6, 8]);
    assert.deepEqual([patch?.columns, patch?.rows], [6, 8]);
    assert.deepEqual(pixelOf(patch?.rgb ?? new Float32Array(0), 6, 5, 7), [5, 9, 200]);
  });

  it('reads large parts smaller, and nothing outside', () => {
    const patch = readPatch(ramp(200, 100), [0, 0, 200, 100], 50);
    assert.deepEqual([patch?.columns, patch?.rows], [50, 25]);
    assert.equal(readPatch(ramp(20, 10), [30, 0, 40, 10], 50), undefined);
  });
});

describe('sampleAligned', () => {
  it('turns the square with the face', () => {
    const target = new Float32Array(16 * 16 * 3);
    const angle = 0.3;
    const side = 32;
    sampleAligned(ramp(200, 200), { centerX: 100, centerY: 90, side, angle }, target, 16);
    for (const [column, row] of [
      [0, 0],
      [15, 0],
      [3, 12],
      [15, 15],
    ] as const) {
      const u = (column + 0.5 - 8) * (side / 16);
      const v = (row + 0.5 - 8) * (side / 16);
      const x = 100 + u * Math.cos(angle) - v * Math.sin(angle) - 0.5;
      const y = 90 + u * Math.sin(angle) + v * Math.cos(angle) - 0.5;
      const [red = 0, green = 0] = pixelOf(target, 16, column, row);
      assert.ok(Math.abs(red - x) < 1e-3 && Math.abs(green - y) < 1e-3, `${column},${row}`);
    }
  });

  it('repeats the edge beyond the picture, and is black far from it', () => {
    const target = new Float32Array(8 * 8 * 3);
    sampleAligned(ramp(50, 50), { centerX: 0, centerY: 25, side: 16, angle: 0 }, target, 8);
    assert.deepEqual(pixelOf(target, 8, 0, 4), [0, 25.5, 200]);
    sampleAligned(ramp(50, 50), { centerX: -100, centerY: 25, side: 16, angle: 0 }, target, 8);
    assert.ok(target.every((value) => value === 0));
  });
});
