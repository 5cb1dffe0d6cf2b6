import sharp from 'sharp';
import { WHOLE_PICTURE } from '../../ml/geometry/box.ts';
import { boxOverlay, type LabelledBox } from '../../ml/picture/box-overlay.ts';
import type { RgbPicture } from '../../ml/picture/rgb-picture.ts';

/** A picture with boxes drawn onto it, as a file of the type that its name ends in. */
export async function annotatedPicture(
  { rgb, width, height }: RgbPicture,
  boxes: readonly LabelledBox[],
  type: 'jpeg' | 'png',
): Promise<Uint8Array> {
  const overlay = Buffer.from(boxOverlay(boxes, width, height, WHOLE_PICTURE));
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .composite([{ input: overlay, left: 0, top: 0 }])
    .toFormat(type, type === 'jpeg' ? { quality: 90 } : {})
    .toBuffer();
}
