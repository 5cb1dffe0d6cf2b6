import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import { PictureError } from '../../../../ml/picture/picture-error.ts';
import { pictureOfFile } from '../../../../ml/picture/picture-of-file.ts';
import { pixelsOf } from './pixels-of.ts';

const WIDTH = 6;
const HEIGHT = 4;
/** Left half red, right half blue. */
const RGB = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => i).reduce(
  (rgb, i) => {
    rgb[i * 3 + (i % WIDTH < WIDTH / 2 ? 0 : 2)] = 255;
    return rgb;
  },
  new Uint8Array(WIDTH * HEIGHT * 3),
);
const original = () => sharp(RGB, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });

test('PNG and lossless WebP are read to the bit, JPEG nearly', async () => {
  for (const file of [
    await original().png().toBuffer(),
    await original().webp({ lossless: true }).toBuffer(),
  ]) {
    const picture = await pictureOfFile(file);
    assert.deepEqual([picture.width, picture.height], [WIDTH, HEIGHT]);
    assert.deepEqual(pixelsOf(picture), [...RGB]);
  }
  const jpeg = await pictureOfFile(
    await original().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer(),
  );
  assert.ok(pixelsOf(jpeg).every((value, i) => Math.abs(value - (RGB[i] ?? Number.NaN)) < 12));
});

test('grey, 16-bit, palette, CMYK and transparent pictures become RGB', async () => {
  const red = { r: 255, g: 0, b: 0 };
  const of = (picture: Sharp) => picture.toBuffer().then(pictureOfFile).then(pixelsOf);
  const grey = sharp(new Uint8Array([7, 200]), { raw: { width: 2, height: 1, channels: 1 } });
  assert.deepEqual(await of(grey.clone().toColourspace('b-w').png()), [7, 7, 7, 200, 200, 200]);
  assert.deepEqual(await of(original().toColourspace('rgb16').png()), [...RGB]);
  assert.deepEqual(await of(original().png({ palette: true })), [...RGB]);
  const cmyk = await of(original().toColourspace('cmyk').jpeg({ quality: 100 }));
  assert.equal(cmyk.length, RGB.length);
  const clear = sharp({ create: { width: 1, height: 2, channels: 4, background: { ...red, alpha: 0 } } });
  assert.deepEqual(await of(clear.png()), [0, 0, 0, 0, 0, 0]);
});

test('the Exif orientation is obeyed', async () => {
  const picture = await pictureOfFile(await original().withMetadata({ orientation: 6 }).png().toBuffer());
  assert.deepEqual([picture.width, picture.height], [HEIGHT, WIDTH]);
  // Turned to the right: what was on the left is at the top.
  assert.deepEqual(pixelsOf(picture).slice(0, 3), [255, 0, 0]);
  assert.deepEqual(pixelsOf(picture).slice(-3), [0, 0, 255]);
});

test('too many pixels are refused by the header alone', async () => {
  const png = await sharp({ create: { width: 3000, height: 2000, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  await assert.rejects(pictureOfFile(png, 5_999_999), { name: 'PictureError', code: 'too-large' });
  // All but the header is missing: nothing was decoded.
  await assert.rejects(pictureOfFile(png.subarray(0, 200), 5_999_999), { code: 'too-large' });
  assert.equal((await pictureOfFile(png, 6_000_000)).width, 3000);
});

test('what is not a whole JPEG, PNG or WebP is refused', async () => {
  const refused = { name: 'PictureError', code: 'bad-media' };
  const png = await original().png().toBuffer();
  const jpeg = await original().jpeg().toBuffer();
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>');
  for (const file of [
    new Uint8Array(0),
    Buffer.from('hello'),
    svg,
    await original().gif().toBuffer(),
    await original().tiff().toBuffer(),
    png.subarray(0, png.length - 30),
    jpeg.subarray(0, jpeg.length >> 1),
    Buffer.concat([png.subarray(0, 40), Buffer.alloc(60, 0x5a), png.subarray(100)]),
  ]) {
    await assert.rejects(pictureOfFile(file), refused);
  }
});

test('broken files of all three formats are read or refused, never anything else', async () => {
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const files = [
    await original().jpeg().toBuffer(),
    await original().png().toBuffer(),
    await original().webp().toBuffer(),
  ];
  for (const file of files) {
    for (let round = 0; round < 60; round++) {
      const broken = Uint8Array.from(round % 4 === 0 ? file.subarray(0, random(file.length)) : file);
      // The first bytes stay: they say which format it is.
      for (let i = random(6); i > 0 && broken.length > 12; i--)
        broken[12 + random(broken.length - 12)] = random(256);
      const picture = await pictureOfFile(broken).catch((error: unknown) => {
        assert.ok(error instanceof PictureError, String(error));
      });
      if (picture !== undefined) assert.equal(pixelsOf(picture).length, picture.width * picture.height * 3);
    }
  }
});
