import sharp from 'sharp';
import { PictureError } from './picture-error.ts';
import { RgbPicture } from './rgb-picture.ts';

/** 40 million pixels: what phones and cameras make, and 120 MB of RGB. */
export const MAX_FILE_PIXELS = 40_000_000;

// One picture at a time, and nothing kept between pictures: processes that look at pictures are bounded in memory.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes a JPEG, PNG or WebP, turned as its Exif orientation says, without transparency (onto black), in sRGB. Of an animation,
 * the first picture. The size is looked at before anything is decoded. Throws PictureError.
 */
export async function pictureOfFile(file: Uint8Array, maxPixels = MAX_FILE_PIXELS): Promise<RgbPicture> {
  if (!isKnownFormat(file))
    throw new PictureError('bad-media', 'the file is not a JPEG, PNG or WebP picture');
  await requireModestSize(file, maxPixels);
  try {
    const { data, info } = await open(file, maxPixels)
      .autoOrient()
      .flatten()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return new RgbPicture(threeChannels(data, info.channels), info.width, info.height);
  } catch (cause) {
    if (cause instanceof PictureError) throw cause;
    throw badMedia(cause);
  }
}

async function requireModestSize(file: Uint8Array, maxPixels: number): Promise<void> {
  // The header alone; its own limit is off, so that too many pixels can be told from a broken file.
  const { width, height } = await open(file, 0)
    .metadata()
    .catch((cause: unknown) => {
      throw badMedia(cause);
    });
  if (width * height > maxPixels) {
    throw new PictureError('too-large', `a picture of ${width}x${height}, more than ${maxPixels} pixels`);
  }
}

function open(file: Uint8Array, limitInputPixels: number) {
  return sharp(file, { limitInputPixels, failOn: 'error', sequentialRead: true });
}

/** By the first bytes: the library behind reads many more formats than anyone means to send, SVG among them. */
function isKnownFormat(file: Uint8Array): boolean {
  const start = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, 12)).toString('latin1');
  return (
    start.startsWith('\xff\xd8\xff') ||
    start.startsWith('\x89PNG\r\n\x1a\n') ||
    (start.startsWith('RIFF') && start.slice(8) === 'WEBP')
  );
}

/** Grey pictures come as one channel. */
function threeChannels(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let pixel = 0; pixel < rgb.length / 3; pixel++)
    rgb.fill(data[pixel * channels] as number, pixel * 3, pixel * 3 + 3);
  return rgb;
}

function badMedia(cause: unknown): PictureError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new PictureError('bad-media', `the picture cannot be decoded: ${message}`, { cause });
}
