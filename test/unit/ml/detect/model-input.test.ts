import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelInput } from '../../../../ml/detect/model-input.ts';
import type { InputSettings } from '../../../../ml/detect/model-settings.ts';
import { RgbPicture } from '../../../../ml/picture/rgb-picture.ts';

const SETTINGS: InputSettings = {
  width: 4,
  height: 4,
  layout: 'nhwc',
  range: '0..255',
  order: 'rgb',
  resize: 'stretch',
};
/** Red left, blue right. */
const WIDE = new RgbPicture(
  Uint8Array.from({ length: 8 * 4 * 3 }, (_, i) => {
    const isLeft = Math.floor(i / 3) % 8 < 4;
    return i % 3 === (isLeft ? 0 : 2) ? 255 : 0;
  }),
  8,
  4,
);

function written(
  settings: Partial<InputSettings>,
  region: readonly [number, number, number, number] = [0, 0, 1, 1],
) {
  const input = new ModelInput({ ...SETTINGS, ...settings });
  const target = new Float32Array(input.length + 5).fill(-7);
  const place = input.write(WIDE, region, target, 5);
  assert.deepEqual(
    [...target.subarray(0, 5)],
    [-7, -7, -7, -7, -7],
    'what is before the offset is left alone',
  );
  return { values: Array.from(target.subarray(5)), place };
}
const pixel = (values: readonly number[], index: number) => values.slice(index * 3, index * 3 + 3);

test('stretched, pixels of red, green and blue', () => {
  const { values, place } = written({});
  assert.deepEqual(place, [0, 0, 1, 1]);
  assert.deepEqual(
    [pixel(values, 0), pixel(values, 3), pixel(values, 15)],
    [
      [255, 0, 0],
      [0, 0, 255],
      [0, 0, 255],
    ],
  );
});

test('a part of the picture', () => {
  const { values } = written({}, [0.5, 0, 0.5, 1]);
  for (let index = 0; index < 16; index++) assert.deepEqual(pixel(values, index), [0, 0, 255]);
});

test('other ranges, other order, planes', () => {
  assert.deepEqual(pixel(written({ range: '0..1' }).values, 0), [1, 0, 0]);
  assert.deepEqual(pixel(written({ range: '-1..1' }).values, 0), [1, -1, -1]);
  assert.deepEqual(pixel(written({ order: 'bgr' }).values, 0), [0, 0, 255]);
  const planes = written({ layout: 'nchw' }).values;
  assert.deepEqual([planes[0], planes[3], planes[16], planes[32], planes[35]], [255, 0, 0, 0, 255]);
});

test('letterbox: the shape stays, bars are grey, and it is told where the picture is', () => {
  const { values, place } = written({ resize: 'letterbox' });
  assert.deepEqual(place, [0, 0.25, 1, 0.5]);
  assert.deepEqual(pixel(values, 0), [114, 114, 114]);
  assert.deepEqual(pixel(values, 4), [255, 0, 0]);
  assert.deepEqual(pixel(values, 12), [114, 114, 114]);
  const upright = written({ resize: 'letterbox', range: '0..1' }, [0, 0, 0.25, 1]);
  assert.deepEqual(upright.place, [0.25, 0, 0.5, 1]);
  assert.deepEqual(pixel(upright.values, 1), [1, 0, 0]);
  assert.ok(Math.abs((upright.values[0] ?? 0) - 114 / 255) < 1e-6);
});
