import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boxOverlay } from '../../../../ml/picture/box-overlay.ts';
import { pictureOfFile } from '../../../../ml/picture/picture-of-file.ts';
import { RgbPicture } from '../../../../ml/picture/rgb-picture.ts';
import { annotatedPicture } from '../../../../server/cli/annotated-picture.ts';

const WIDTH = 640;
const HEIGHT = 360;
const grey = new RgbPicture(new Uint8Array(WIDTH * HEIGHT * 3).fill(128), WIDTH, HEIGHT);
const BOX = [0.25, 0.25, 0.5, 0.5] as const;

/** Which pixels of the annotated picture are not grey. */
async function drawn(boxes: Parameters<typeof annotatedPicture>[1], type: 'jpeg' | 'png' = 'png') {
  const picture = await pictureOfFile(await annotatedPicture(grey, boxes, type));
  assert.deepEqual([picture.width, picture.height], [WIDTH, HEIGHT]);
  return (x: number, y: number) => {
    const [red = 0, green = 0, blue = 0] = picture.rgb.subarray((y * WIDTH + x) * 3, (y * WIDTH + x) * 3 + 3);
    return Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
  };
}

test('boxes are drawn where they are, whatever their labels say', async () => {
  for (const label of ['person', '<script>&"\'</script>', '\u0000\ud800\uffff', 'x'.repeat(1000), '']) {
    for (const type of ['jpeg', 'png'] as const) {
      const isDrawn = await drawn([{ box: BOX, label, score: 0.5 }], type);
      assert.ok(isDrawn(160, 180), `left edge with ${label}`);
      assert.ok(isDrawn(480, 180), 'right edge');
      assert.ok(isDrawn(320, 270), 'lower edge');
      assert.ok(!isDrawn(320, 180), 'the middle is free');
      assert.ok(!isDrawn(40, 340), 'so is what lies outside');
    }
  }
});

test('boxes outside of the picture, and without sense, draw nothing and harm nothing', async () => {
  const isDrawn = await drawn([
    { box: [1.2, 0.8, 0.1, 0.1], label: 'away' },
    { box: [Number.NaN, 0, 1, 1], label: 'nowhere' },
    { box: BOX, label: 'here' },
  ]);
  assert.ok(isDrawn(160, 180));
  assert.ok(!isDrawn(320, 180));
  await annotatedPicture(grey, [{ box: [0, 0, Number.POSITIVE_INFINITY, 1], label: 'endless' }], 'png');
});

test('labels are text and never markup; of a picture of a part, boxes are where they are in it', () => {
  const svg = boxOverlay(
    [{ box: [0.5, 0.5, 0.25, 0.25], label: '<b>&', score: 0.456 }],
    100,
    100,
    [0.5, 0.5, 0.5, 0.5],
  );
  assert.match(svg, /<rect x="0\.0" y="0\.0" width="50\.0" height="50\.0"/);
  assert.match(svg, />&#60;b&#62;&#38; 46%<\/text>/);
  assert.equal(
    boxOverlay([{ box: [0, 0, 0.2, 0.2], label: 'x' }], 100, 100, [0.5, 0.5, 0.5, 0.5]).includes('rect'),
    false,
  );
});
