import { avcLengthSize } from '../../fragments/media/avc.ts';
import { hevcLengthSize } from '../../fragments/media/hevc.ts';
import { NalCursor } from '../../fragments/media/nal-units.ts';
import type { DecodableTrack } from './declared-size.ts';

const AVC_NAL_IDR = 5;
const HEVC_NAL_RASL_N = 8;
const HEVC_NAL_RASL_R = 9;
const HEVC_NAL_IDR_W_RADL = 19;
const HEVC_NAL_IDR_N_LP = 20;
/** RFC 6386 §9.1: the frame header's bit for `show_frame`. */
const VP8_SHOW_FRAME = 0x10;

/** Whether a picture comes out for the sample: VP8 has frames that only others refer to. */
export function showsPicture({ codec }: DecodableTrack, sample: Uint8Array): boolean {
  return codec !== 'vp8' || ((sample[0] ?? 0) & VP8_SHOW_FRAME) !== 0;
}

/**
 * Whether nothing from this sync sample on refers to anything before it, so that a decoder may forget all it has: in open groups
 * of pictures those shown before the key frame do. Throws CodecError for a config that cannot be read.
 */
export function startsClosedGroup({ codec, config }: DecodableTrack, sample: Uint8Array): boolean {
  if (codec === 'h264') {
    return hasNal(sample, avcLengthSize(config), (header) => (header & 0x1f) === AVC_NAL_IDR);
  }
  if (codec === 'h265') {
    return hasNal(sample, hevcLengthSize(config), (header) => {
      const type = hevcNalType(header);
      return type === HEVC_NAL_IDR_W_RADL || type === HEVC_NAL_IDR_N_LP;
    });
  }
  return true;
}

/**
 * Whether a sample that is shown before the key frame `start`, and comes after it, also needs what came before that: a decoder
 * that begins at `start` has no use for it, and may pass over it without a word. Throws CodecError for a config that cannot be read.
 */
export function needsEarlierGroup(track: DecodableTrack, start: Uint8Array, sample: Uint8Array): boolean {
  if (track.codec !== 'h265') return !startsClosedGroup(track, start);
  // "RASL pictures [...] associated with a CRA picture [that begins the bitstream] are not output and may not be correctly decodable"
  return hasNal(sample, hevcLengthSize(track.config), (header) => {
    const type = hevcNalType(header);
    return type === HEVC_NAL_RASL_N || type === HEVC_NAL_RASL_R;
  });
}

function hevcNalType(header: number): number {
  return (header >> 1) & 0x3f;
}

function hasNal(sample: Uint8Array, lengthSize: number, is: (header: number) => boolean): boolean {
  const cursor = new NalCursor(sample, lengthSize);
  while (cursor.next()) if (is(sample[cursor.start] ?? 0)) return true;
  return false;
}
