import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeJpeg } from '../../../../ml/picture/encode-jpeg.ts';
import { pictureOfFile } from '../../../../ml/picture/picture-of-file.ts';
import { RgbPicture } from '../../../../ml/picture/rgb-picture.ts';
import { pixelsOf } from './pixels-of.ts';

const WIDTH = 160;
const HEIGHT = 90;
/** A slope from black to white to the right. */
const slope = new RgbPicture(
  Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (Math.floor(i / 3) % WIDTH) * 1.6),
  WIDTH,
  HEIGHT,
);

async function shown(...options: Parameters<typeof encodeJpeg>) {
  const picture = await pictureOfFile(await encodeJpeg(...options));
  const pixels = pixelsOf(picture);
  const at = (x: number, y: number) =>
    pixels.slice((y * picture.width + x) * 3, (y * picture.width + x) * 3 + 3);
  return { width: picture.width, height: picture.height, at };
}

function near(actual: readonly number[], expected: number, by = 4): void {
  assert.ok(
    actual.every((value) => Math.abs(value - expected) <= by),
    `${actual} for ${expected}`,
  );
}

test('a picture comes back as it was, but for what JPEG loses', async () => {
  const { width, height, at } = await shown(slope);
  assert.deepEqual([width, height], [WIDTH, HEIGHT]);
  for (const x of [0, 40, 100, 159]) near(at(x, 45), x * 1.6);
});

test('one side is enough, both stretch', async () => {
  const size = async (options: Parameters<typeof encodeJpeg>[1]) => {
    const { width, height } = await shown(slope, options);
    return [width, height];
  };
  assert.deepEqual(await size({ width: 80 }), [80, 45]);
  assert.deepEqual(await size({ height: 30 }), [53, 30]);
  assert.deepEqual(await size({ width: 64, height: 64 }), [64, 64]);
  assert.deepEqual(await size({ width: 320 }), [320, 180]);
  assert.deepEqual(await size({ crop: [0.5, 0, 0.25, 1] }), [40, 90]);
  assert.deepEqual(await size({ crop: [0.5, 0, 0.25, 1], width: 20 }), [20, 45]);
  assert.deepEqual(await size({ crop: [0.9, 0.9, 0.5, 0.5] }), [16, 9]);
  assert.deepEqual(await size({ crop: [3, 3, 1, 1] }), [1, 1]);
});

test('a small picture shows the mean of what it stands for, and a crop its part', async () => {
  // Stripes of one pixel: what reads only some of them makes black or white of it.
  const stripes = new RgbPicture(
    Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (Math.floor(i / 3) % 2) * 255),
    WIDTH,
    HEIGHT,
  );
  const small = await shown(stripes, { width: 20 });
  near(small.at(10, 5), 127, 12);
  const right = await shown(slope, { crop: [0.5, 0, 0.5, 1] });
  near(right.at(0, 45), 128);
  near(right.at(79, 45), 254);
});

test('better quality takes more bytes', async () => {
  const bytes = async (quality: number) => (await encodeJpeg(slope, { quality })).length;
  assert.ok((await bytes(95)) > (await bytes(30)));
});

test('boxes are drawn where they are, in the crop too, whatever their labels say', async () => {
  const box = [0.25, 0.25, 0.5, 0.5] as const;
  const isColored = ([red = 0, green = 0, blue = 0]: number[]) =>
    Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
  const labels = ['person', '<script>&"\'</script>', '\u0000\ud800\uffff', 'x'.repeat(1000), ''];
  for (const label of labels) {
    const whole = await shown(slope, { boxes: [{ box, label, score: 0.5 }], width: 640, quality: 100 });
    assert.ok(isColored(whole.at(160, 180)), `left edge with ${label}`);
    assert.ok(isColored(whole.at(480, 180)), 'right edge');
    assert.ok(isColored(whole.at(320, 270)), 'lower edge');
    assert.ok(!isColored(whole.at(320, 180)), 'the middle is free');
    assert.ok(!isColored(whole.at(40, 340)), 'so is what lies outside');
  }
  const crop = await shown(slope, { boxes: [{ box, label: 'car' }], crop: [0, 0, 0.5, 0.5], width: 640 });
  assert.ok(isColored(crop.at(320, 300)));
  assert.ok(!isColored(crop.at(100, 100)));
});

test('boxes outside of the crop, and without sense, draw nothing and harm nothing', async () => {
  const boxes = [
    { box: [0.8, 0.8, 0.1, 0.1] as const, label: 'away' },
    { box: [Number.NaN, 0, 1, 1] as const, label: 'nowhere' },
    { box: [0, 0, Number.POSITIVE_INFINITY, 1] as const, label: 'endless' },
  ];
  const plain = await shown(slope, { crop: [0, 0, 0.5, 0.5] });
  const drawn = await shown(slope, { crop: [0, 0, 0.5, 0.5], boxes: boxes.slice(0, 2) });
  assert.deepEqual(drawn.at(40, 22), plain.at(40, 22));
  await encodeJpeg(slope, { boxes });
});
