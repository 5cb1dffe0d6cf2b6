import sharp from 'sharp';
import type { PictureFormat } from './decode-job.ts';
import type { RawFrame } from './frame-decoder.ts';

const DEFAULT_QUALITY = 80;

// One picture at a time, and nothing kept between pictures: this process is bounded in memory.
sharp.concurrency(1);
sharp.cache(false);

/** A picture as a file. */
export async function encodePicture(frame: RawFrame, format: PictureFormat): Promise<Uint8Array> {
  const { width, height } = format;
  const raw = { width: frame.width, height: frame.height, channels: 4 } as const;
  const picture = sharp(frame.rgba, { raw }).removeAlpha();
  if (width !== undefined && height !== undefined) picture.resize({ width, height, fit: 'fill' });
  else if (width !== undefined) picture.resize({ width });
  else if (height !== undefined) picture.resize({ height });
  const encoded =
    format.type === 'png'
      ? picture.png({ compressionLevel: 6 })
      : picture.jpeg({ quality: format.quality ?? DEFAULT_QUALITY });
  return encoded.toBuffer();
}
