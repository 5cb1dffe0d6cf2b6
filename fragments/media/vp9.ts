import { BitReader } from './bit-reader.ts';
import { CodecError } from './codec-error.ts';
import { checkedSize, type VideoSize } from './video-size.ts';
import { buildVpcC, type VpConfig, vpLevelOf } from './vpcc.ts';

/** VP9: the head of the uncompressed frame header (VP9 bitstream specification §6.2). */

const SYNC_CODE = 0x49_83_42;
const COLOUR_RGB = 7;
/** color_space (§7.2.2) to matrix coefficients of ISO/IEC 23001-8; what is not listed is unspecified. */
const MATRIX_COEFFICIENTS: Readonly<Record<number, number>> = {
  1: 6,
  2: 1,
  3: 6,
  4: 7,
  5: 9,
  [COLOUR_RGB]: 0,
};
const UNSPECIFIED = 2;

/** What a key frame says; other frames give nothing that a track needs. */
export interface Vp9KeyFrame extends VideoSize {
  readonly profile: number;
  readonly bitDepth: 8 | 10 | 12;
  readonly subsamplingX: boolean;
  readonly subsamplingY: boolean;
  readonly isFullRange: boolean;
  /** 1 BT.601, 2 BT.709, 5 BT.2020, 7 sRGB ... */
  readonly colourSpace: number;
}

/** Parses a frame (or superframe); `undefined` for one that is not a key frame. Throws CodecError. */
export function parseVp9KeyFrame(frame: Uint8Array): Vp9KeyFrame | undefined {
  const reader = new BitReader(frame);
  if (reader.bits(2) !== 2) throw new CodecError('invalid', 'no VP9 frame marker');
  const profile = reader.bits(1) + 2 * reader.bits(1);
  if (profile === 3) reader.skip(1);
  // show_existing_frame; frame_type 0 is a key frame
  if (reader.flag() || reader.flag()) return undefined;
  reader.skip(2); // show_frame, error_resilient_mode
  if (reader.bits(24) !== SYNC_CODE) throw new CodecError('invalid', 'no VP9 sync code');
  const colour = readColourConfig(reader, profile);
  return { profile, ...colour, ...checkedSize(reader.bits(16) + 1, reader.bits(16) + 1) };
}

function readColourConfig(
  reader: BitReader,
  profile: number,
): Omit<Vp9KeyFrame, 'profile' | keyof VideoSize> {
  const bitDepth = profile < 2 ? 8 : reader.flag() ? 12 : 10;
  const colourSpace = reader.bits(3);
  const isRgb = colourSpace === COLOUR_RGB;
  const hasSubsamplingField = profile === 1 || profile === 3;
  const isFullRange = isRgb || reader.flag();
  let subsamplingX = !isRgb;
  let subsamplingY = !isRgb;
  if (hasSubsamplingField) {
    if (!isRgb) {
      subsamplingX = reader.flag();
      subsamplingY = reader.flag();
    }
    reader.skip(1);
  } else if (isRgb) {
    throw new CodecError('invalid', `RGB in VP9 profile ${profile}`);
  }
  return { bitDepth, subsamplingX, subsamplingY, isFullRange, colourSpace };
}

/** Can a decoder start here? Looks at the frame header only. */
export function isVp9Sync(frame: Uint8Array): boolean {
  const byte = frame[0] ?? 0;
  const isProfile3 = (byte & 0x30) === 0x30;
  // frame_marker 2, profile 2, (reserved 1), show_existing_frame 1, frame_type 1
  return byte >> 6 === 2 && (byte & (isProfile3 ? 0x06 : 0x0c)) === 0;
}

/** The payload of a vpcC box made of a key frame; the level is guessed from size and frame rate. Throws CodecError. */
export function vpcCFromVp9KeyFrame(frame: Uint8Array, framesPerSecond = 30): Uint8Array {
  const key = parseVp9KeyFrame(frame);
  if (key === undefined) throw new CodecError('invalid', 'not a VP9 key frame');
  return buildVpcC(vpConfigOf(key, framesPerSecond));
}

/** chromaSubsampling of the vpcC. 4:4:0 has no code point there and counts as 4:4:4. */
export function vp9ChromaSubsampling(key: Vp9KeyFrame): number {
  if (!key.subsamplingX) return 3;
  return key.subsamplingY ? 1 : 2;
}

function vpConfigOf(key: Vp9KeyFrame, framesPerSecond: number): VpConfig {
  const isRgb = key.colourSpace === COLOUR_RGB;
  return {
    profile: key.profile,
    level: vpLevelOf(key, framesPerSecond),
    bitDepth: key.bitDepth,
    chromaSubsampling: vp9ChromaSubsampling(key),
    isFullRange: key.isFullRange,
    colourPrimaries: isRgb ? 1 : UNSPECIFIED,
    transferCharacteristics: isRgb ? 13 : UNSPECIFIED,
    matrixCoefficients: MATRIX_COEFFICIENTS[key.colourSpace] ?? UNSPECIFIED,
  };
}
