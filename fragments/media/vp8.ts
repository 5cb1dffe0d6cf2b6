import { CodecError } from './codec-error.ts';
import { checkedSize, type VideoSize } from './video-size.ts';
import { buildVpcC, vpLevelOf } from './vpcc.ts';

/** VP8: the frame header (RFC 6386 §9.1). */

const KEY_FRAME_HEADER_BYTES = 10;
const UNSPECIFIED = 2;

/** Parses a frame; `undefined` for one that is not a key frame. The upscaling bits are left to the decoder. Throws CodecError. */
export function parseVp8KeyFrame(frame: Uint8Array): VideoSize | undefined {
  if (frame.length === 0) throw new CodecError('truncated', 'empty VP8 frame');
  if (!isVp8Sync(frame)) return undefined;
  const [, , , c0, c1, c2, w0, w1, h0, h1] = frame.subarray(0, KEY_FRAME_HEADER_BYTES);
  if (w0 === undefined || w1 === undefined || h0 === undefined || h1 === undefined) {
    throw new CodecError('truncated', 'VP8 key frame header is cut off');
  }
  if (c0 !== 0x9d || c1 !== 0x01 || c2 !== 0x2a) throw new CodecError('invalid', 'no VP8 start code');
  return checkedSize(((w1 & 63) << 8) | w0, ((h1 & 63) << 8) | h0);
}

/** Can a decoder start here? The lowest bit of the frame tag is 0 for key frames. */
export function isVp8Sync(frame: Uint8Array): boolean {
  return frame.length > 0 && ((frame[0] ?? 1) & 1) === 0;
}

/** The payload of a vpcC box made of a key frame; the level is guessed from size and frame rate. Throws CodecError. */
export function vpcCFromVp8KeyFrame(frame: Uint8Array, framesPerSecond = 30): Uint8Array {
  const size = parseVp8KeyFrame(frame);
  if (size === undefined) throw new CodecError('invalid', 'not a VP8 key frame');
  return buildVpcC({
    profile: 0,
    level: vpLevelOf(size, framesPerSecond),
    bitDepth: 8,
    chromaSubsampling: 1,
    isFullRange: false,
    colourPrimaries: UNSPECIFIED,
    transferCharacteristics: UNSPECIFIED,
    matrixCoefficients: UNSPECIFIED,
  });
}
