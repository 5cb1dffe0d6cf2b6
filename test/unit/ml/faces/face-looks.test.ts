import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  headRegion,
  looksOfPicture,
  looksOfRegions,
  MAX_REGION_LOOKS,
  onlyOnce,
} from '../../../../ml/faces/face-looks.ts';

const HD = { width: 1280, height: 720 };

describe('headRegion', () => {
  it('is the upper end of somebody who stands', () => {
    const [left, top, width, height] = headRegion([0.4, 0.2, 0.1, 0.6], HD);
    const sidePixels = 1.1 * 0.45 * 0.6 * 720;
    assert.ok(Math.abs(width * 1280 - sidePixels) < 1e-6 && Math.abs(height * 720 - sidePixels) < 1e-6);
    assert.ok(Math.abs(left + width / 2 - 0.45) < 1e-9);
    assert.ok(top < 0.2 && top > 0.15);
  });

  it('is as wide as somebody of whom the camera sees the upper half', () => {
    const [, , width] = headRegion([0.3, 0.4, 0.4, 0.6], HD);
    assert.ok(Math.abs(width - 0.44) < 1e-9);
  });
});

describe('looksOfRegions', () => {
  it('looks at squares within the picture', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.double({ min: -0.2, max: 1, noNaN: true }),
            fc.double({ min: -0.2, max: 1, noNaN: true }),
            fc.double({ min: 0, max: 1, noNaN: true }),
            fc.double({ min: 0, max: 1, noNaN: true }),
          ),
          { maxLength: 30 },
        ),
        (regions) => {
          const looks = looksOfRegions(regions, HD);
          assert.ok(looks.length <= MAX_REGION_LOOKS);
          for (const { left, top, side } of looks) {
            assert.ok(side >= 1);
            if (side <= 720)
              assert.ok(left >= 0 && top >= 0 && left + side <= 1280.001 && top + side <= 720.001);
          }
        },
      ),
    );
  });

  it('looks once where two heads are side by side', () => {
    const one = looksOfRegions(
      [
        [0.4, 0.3, 0.2, 0.35],
        [0.41, 0.31, 0.19, 0.33],
      ],
      HD,
    );
    assert.equal(one.length, 1);
    const two = looksOfRegions(
      [
        [0.1, 0.3, 0.2, 0.35],
        [0.6, 0.3, 0.2, 0.35],
      ],
      HD,
    );
    assert.equal(two.length, 2);
  });
});

describe('looksOfPicture', () => {
  it('covers all of it, again and again smaller, with few squares', () => {
    for (const picture of [
      HD,
      { width: 640, height: 360 },
      { width: 3000, height: 4000 },
      { width: 100, height: 100 },
    ]) {
      const looks = looksOfPicture(picture, 50);
      assert.ok(looks.length >= 1 && looks.length <= 16, `${looks.length}`);
      const smallest = looks.filter(({ side }) => side === looks.at(-1)?.side);
      for (let x = 0; x < picture.width; x += picture.width / 50) {
        for (let y = 0; y < picture.height; y += picture.height / 50) {
          assert.ok(
            smallest.some(
              ({ left, top, side }) => x >= left && y >= top && x <= left + side && y <= top + side,
            ),
          );
        }
      }
    }
  });

  it('is one look at a square picture whose faces are large enough', () => {
    assert.deepEqual(looksOfPicture({ width: 600, height: 600 }, 50), [{ left: 0, top: 0, side: 600 }]);
  });
});

describe('onlyOnce', () => {
  it('keeps the surer of two that overlap', () => {
    const faces = [
      { box: [0, 0, 0.2, 0.2], score: 0.6 },
      { box: [0.01, 0, 0.2, 0.2], score: 0.8 },
      { box: [0.5, 0.5, 0.2, 0.2], score: 0.5 },
    ] as const;
    assert.deepEqual(
      onlyOnce(faces).map(({ score }) => score),
      [0.8, 0.5],
    );
  });
});
