import { CodecError } from './codec-error.ts';

/** Picture size in pixels. */
export interface VideoSize {
  readonly width: number;
  readonly height: number;
}

/** What H.264 and H.265 cut off each side of the coded picture, in crop units. */
export interface Cropping {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** ISO BMFF sample entries hold width and height in 16 bits (ISO/IEC 14496-12 §12.1.3). */
const MAX_SIDE = 65535;

/**
 * The size that is shown: the coded size less the cropping. Cropping that leaves nothing is ignored, as the decoders
 * do, because cameras send such. Throws CodecError for sizes that no sample entry can hold.
 */
export function croppedSize(
  codedWidth: number,
  codedHeight: number,
  crop: Cropping,
  unit: { readonly x: number; readonly y: number },
): VideoSize {
  const width = codedWidth - (crop.left + crop.right) * unit.x;
  const height = codedHeight - (crop.top + crop.bottom) * unit.y;
  return width > 0 && height > 0 ? checkedSize(width, height) : checkedSize(codedWidth, codedHeight);
}

/** Refuses empty pictures and sizes over 65535 with a CodecError. */
export function checkedSize(width: number, height: number): VideoSize {
  if (!isSide(width) || !isSide(height)) {
    throw new CodecError('unsupported', `picture of ${width}x${height} pixels`);
  }
  return { width, height };
}

function isSide(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels >= 1 && pixels <= MAX_SIDE;
}
