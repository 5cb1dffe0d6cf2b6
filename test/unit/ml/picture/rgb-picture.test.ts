import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import type { Box } from '../../../../ml/geometry/box.ts';
import { RgbPicture } from '../../../../ml/picture/rgb-picture.ts';
import { middleOf, valueAt } from './reference-sampling.ts';

const picture = fc
  .record({ width: fc.integer({ min: 1, max: 16 }), height: fc.integer({ min: 1, max: 16 }) })
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((rgb) => ({ rgb, width, height })),
  );
const fraction = fc.double({ min: 0, max: 0.9, noNaN: true });
const size = fc.double({ min: 0.05, max: 1.2, noNaN: true });
const region: fc.Arbitrary<Box> = fc.tuple(fraction, fraction, size, size);
const side = fc.integer({ min: 1, max: 10 });

test('any region of any picture is stretched as the definition says', () => {
  fc.assert(
    fc.property(picture, region, side, side, ({ rgb, width, height }, region, across, down) => {
      const target = new Float32Array(across * down * 3);
      new RgbPicture(rgb, width, height).sampleRgb(region, target, across, down);
      for (let i = 0; i < target.length; i++) {
        const pixel = (x: number, y: number) => rgb[(y * width + x) * 3 + (i % 3)] ?? Number.NaN;
        const cell = Math.floor(i / 3);
        const { x, y } = middleOf(region, cell % across, Math.floor(cell / across), across, down);
        const expected = valueAt({ width, height, pixel }, x * width, y * height);
        assert.ok(Math.abs((target[i] ?? Number.NaN) - expected) < 0.01);
      }
    }),
    { numRuns: 200 },
  );
});

test('a smooth picture made smaller is what sharp makes of it', async () => {
  const width = 320;
  const height = 180;
  const wave = (i: number) => {
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width);
    return 128 + 60 * Math.sin(x / 17 + (i % 3)) + 60 * Math.cos(y / 13);
  };
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => wave(i));
  const target = new Float32Array(128 * 72 * 3);
  new RgbPicture(rgb, width, height).sampleRgb([0, 0, 1, 1], target, 128, 72);
  const theirs = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize({ width: 128, height: 72, fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
  const farthest = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - (target[i] ?? 0))), 0);
  assert.ok(farthest < 4, `${farthest} apart`);
});

test('brightness is that of BT.601', () => {
  const width = 8;
  const height = 6;
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 53) % 256);
  const target = new Uint8Array(width * height);
  new RgbPicture(rgb, width, height).sampleLuma(target, width, height);
  for (let i = 0; i < target.length; i++) {
    const [red = 0, green = 0, blue = 0] = rgb.subarray(i * 3, i * 3 + 3);
    assert.equal(target[i], Math.round(0.299 * red + 0.587 * green + 0.114 * blue));
  }
});

test('bytes that are not those of the size are refused', () => {
  const refused = { name: 'PictureError', code: 'bad-media' };
  assert.throws(() => new RgbPicture(new Uint8Array(11), 2, 2), refused);
  assert.throws(() => new RgbPicture(new Uint8Array(13), 2, 2), refused);
  assert.throws(() => new RgbPicture(new Uint8Array(0), 0, 0), refused);
});
