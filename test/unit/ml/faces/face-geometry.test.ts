import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  cropOf,
  type PixelFace,
  type PixelPoint,
  poseOf,
  toPicture,
} from '../../../../ml/faces/face-geometry.ts';
import { qualityOf } from '../../../../ml/faces/face-quality.ts';
import { RgbPicture } from '../../../../ml/picture/rgb-picture.ts';

/** A face of 100 pixels around (200, 200): its eyes 40 apart, turned by an angle. */
function face(change: { nose?: PixelPoint; angle?: number } = {}): PixelFace {
  const { nose = [0, 6.5], angle = 0 } = change;
  const level: PixelPoint[] = [[-20, -15], [20, -15], nose, [0, 25], [-45, -8], [45, -8]];
  const points = level.map(
    ([x, y]): PixelPoint => [
      200 + x * Math.cos(angle) - y * Math.sin(angle),
      200 + x * Math.sin(angle) + y * Math.cos(angle),
    ],
  );
  return { left: 150, top: 150, width: 100, height: 100, points, score: 0.9 };
}

describe('poseOf', () => {
  it('is level for a face that looks straight ahead, however the head is tilted', () => {
    for (const angle of [0, 0.4, -0.7]) {
      const { roll, yaw, pitch } = poseOf(face({ angle }));
      assert.ok(Math.abs(roll - (angle * 180) / Math.PI) < 1e-6);
      assert.ok(Math.abs(yaw) < 1e-6);
      assert.ok(Math.abs(pitch) < 2);
    }
  });

  it('follows the nose', () => {
    assert.ok(poseOf(face({ nose: [20, 6.5] })).yaw > 10);
    assert.ok(poseOf(face({ nose: [-20, 6.5] })).yaw < -10);
    assert.ok(poseOf(face({ nose: [0, -5] })).pitch > 10);
    assert.ok(poseOf(face({ nose: [0, 20] })).pitch < -10);
    assert.ok(poseOf(face({ nose: [20, 6.5], angle: 1 })).yaw > 10);
  });
});

describe('cropOf', () => {
  it('is around the face, and turned with it', () => {
    const { centerX, centerY, side, angle } = cropOf(face({ angle: 0.25 }));
    assert.deepEqual([centerX, centerY, side], [200, 200, 150]);
    assert.ok(Math.abs(angle - 0.25) < 1e-9);
  });
});

describe('toPicture', () => {
  it('is the place in the picture of what was seen in a square', () => {
    const seen = { left: 64, top: 32, width: 64, height: 64, points: [[128, 0]] as const, score: 0.5 };
    const { left, top, width, points } = toPicture(seen, { left: 100, top: -50, side: 512 }, 256);
    assert.deepEqual([left, top, width], [228, 14, 128]);
    assert.deepEqual(points, [[356, -50]]);
  });
});

describe('qualityOf', () => {
  /** Stripes of so many pixels. */
  function stripes(pixels: number, dark: number, light: number): RgbPicture {
    const rgb = new Uint8Array(300 * 300 * 3);
    for (let i = 0; i < rgb.length; i++) {
      rgb[i] = Math.floor((Math.floor(i / 3) % 300) / pixels) % 2 === 0 ? dark : light;
    }
    return new RgbPicture(rgb, 300, 300);
  }

  it('tells dark from bright', () => {
    assert.ok(Math.abs((qualityOf(stripes(4, 0, 0), face())?.brightness ?? -1) - 0) < 1e-6);
    assert.ok(Math.abs((qualityOf(stripes(4, 255, 255), face())?.brightness ?? -1) - 100) < 1e-3);
    assert.ok(Math.abs((qualityOf(stripes(4, 100, 155), face())?.brightness ?? -1) - 50) < 2);
  });

  it('tells detail from smooth, whatever the contrast', () => {
    const fine = qualityOf(stripes(3, 0, 255), face())?.sharpness ?? 0;
    const faint = qualityOf(stripes(3, 100, 155), face())?.sharpness ?? 0;
    const coarse = qualityOf(stripes(40, 0, 255), face())?.sharpness ?? 0;
    assert.ok(fine > 2 * coarse, `${fine} ${coarse}`);
    assert.ok(Math.abs(fine - faint) < 5);
    assert.ok((qualityOf(stripes(1, 90, 90), face())?.sharpness ?? 1) < 1);
  });

  it('is not known outside of the picture', () => {
    assert.equal(qualityOf(stripes(3, 0, 255), { ...face(), left: 400 }), undefined);
  });
});
