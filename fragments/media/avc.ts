import { type AvcSps, isAvcHighProfile, parseAvcSps } from './avc-sps.ts';
import { BitReader } from './bit-reader.ts';
import { CodecError } from './codec-error.ts';
import { NalCursor, withoutEmulationPrevention } from './nal-units.ts';

/**
 * H.264: the avcC record (ISO/IEC 14496-15 §5.3.3.1) and what a sample says of itself. Parameter sets are NAL units
 * with their header byte, without start codes or lengths.
 */

const NAL_SLICE = 1;
const NAL_IDR = 5;
const NAL_SEI = 6;
const NAL_SPS = 7;
const NAL_PPS = 8;
const SEI_RECOVERY_POINT = 6;

/** numOfSequenceParameterSets has five bits, numOfPictureParameterSets eight. */
const MAX_SPS = 31;
const MAX_PPS = 255;
/** 32 ids of SPS and 256 of PPS (H.264 §7.4.2). */
const MAX_SETS_IN_SAMPLE = 288;

/** SPS and PPS NAL units, in order. */
export interface AvcParameterSets {
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}

/** A parsed avcC; the sets are views of it. */
export interface AvcConfig extends AvcParameterSets {
  readonly profileIdc: number;
  readonly constraintFlags: number;
  readonly levelIdc: number;
  /** Bytes in front of each NAL unit of a sample: 1 to 4. */
  readonly lengthSize: number;
  /** SPS extension NAL units (alpha); high profiles only. */
  readonly spsExtensions: readonly Uint8Array[];
}

/** Parses the payload of an avcC box. A missing high-profile tail is tolerated. Throws CodecError. */
export function parseAvcC(config: Uint8Array): AvcConfig {
  const reader = new BitReader(config);
  const version = reader.bits(8);
  if (version !== 1) throw new CodecError('invalid', `avcC version ${version}`);
  const profileIdc = reader.bits(8);
  const constraintFlags = reader.bits(8);
  const levelIdc = reader.bits(8);
  reader.skip(6);
  const lengthSize = reader.bits(2) + 1;
  reader.skip(3);
  const sps = readSets(reader, reader.bits(5));
  const pps = readSets(reader, reader.bits(8));
  let spsExtensions: Uint8Array[] = [];
  if (isAvcHighProfile(profileIdc) && reader.bitsLeft >= 32) {
    reader.skip(24); // chroma_format, bit_depth_luma_minus8, bit_depth_chroma_minus8
    spsExtensions = readSets(reader, reader.bits(8));
  }
  return { profileIdc, constraintFlags, levelIdc, lengthSize, sps, pps, spsExtensions };
}

function readSets(reader: BitReader, count: number): Uint8Array[] {
  const sets: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const set = reader.bytes(reader.bits(16));
    if (set.length > 0) sets.push(set);
  }
  return sets;
}

/**
 * Writes the payload of an avcC box; profile, level and the high-profile tail come from the first SPS. Throws
 * CodecError when there is no SPS, it is unreadable, or sets are too many or too long.
 */
export function buildAvcC(
  sps: readonly Uint8Array[],
  pps: readonly Uint8Array[],
  options: { readonly lengthSize?: number; readonly spsExtensions?: readonly Uint8Array[] } = {},
): Uint8Array {
  const [first] = sps;
  if (first === undefined) throw new CodecError('invalid', 'avcC without an SPS');
  const { lengthSize = 4, spsExtensions = [] } = options;
  if (sps.length > MAX_SPS || pps.length > MAX_PPS || spsExtensions.length > MAX_PPS) {
    throw new CodecError('unsupported', `avcC with ${sps.length} SPS and ${pps.length} PPS`);
  }
  const { profileIdc, constraintFlags, levelIdc, chromaFormatIdc, bitDepthLuma, bitDepthChroma } =
    parseAvcSps(first);
  const parts: Uint8Array[] = [
    Uint8Array.of(1, profileIdc, constraintFlags, levelIdc, 0xfc | (lengthSize - 1), 0xe0 | sps.length),
    ...sps.flatMap(withLength16),
    Uint8Array.of(pps.length),
    ...pps.flatMap(withLength16),
  ];
  if (isAvcHighProfile(profileIdc)) {
    parts.push(
      Uint8Array.of(
        0xfc | chromaFormatIdc,
        0xf8 | (bitDepthLuma - 8),
        0xf8 | (bitDepthChroma - 8),
        spsExtensions.length,
      ),
      ...spsExtensions.flatMap(withLength16),
    );
  }
  return Buffer.concat(parts);
}

function withLength16(set: Uint8Array): Uint8Array[] {
  if (set.length > 0xffff) throw new CodecError('unsupported', `parameter set of ${set.length} bytes`);
  return [Uint8Array.of(set.length >> 8, set.length & 255), set];
}

/** Bytes of the NAL unit lengths in the samples of this avcC, without parsing the rest. Throws CodecError. */
export function avcLengthSize(config: Uint8Array): number {
  const byte = config[4];
  if (byte === undefined) throw new CodecError('truncated', `avcC of ${config.length} bytes`);
  return (byte & 3) + 1;
}

/** RFC 6381 §3.3: `avc1.` and profile_idc, constraint flags, level_idc in hex. */
export function avcCodecString(of: Pick<AvcSps, 'profileIdc' | 'constraintFlags' | 'levelIdc'>): string {
  const hex = Buffer.from([of.profileIdc, of.constraintFlags, of.levelIdc]).toString('hex');
  return `avc1.${hex}`;
}

/**
 * Can a decoder start at this sample? True for an IDR picture, and for an I picture that a recovery point SEI with
 * recovery_frame_cnt 0 names (open GOPs, many cameras). A torn sample is judged by what there is of it.
 */
export function isAvcSync(sample: Uint8Array, lengthSize: number): boolean {
  const cursor = new NalCursor(sample, lengthSize);
  let recoversHere = false;
  while (cursor.next()) {
    const type = (sample[cursor.start] ?? 0) & 31;
    if (type === NAL_IDR) return true;
    if (type === NAL_SEI) recoversHere ||= isRecoveryPoint(sample.subarray(cursor.start + 1, cursor.end));
    if (type === NAL_SLICE)
      return recoversHere && isIntraSlice(sample.subarray(cursor.start + 1, cursor.end));
  }
  return false;
}

/** Looks for a recovery point message with recovery_frame_cnt 0 in an SEI NAL unit (§7.3.2.3.1, §D.1.8). */
function isRecoveryPoint(seiPayload: Uint8Array): boolean {
  const rbsp = withoutEmulationPrevention(seiPayload);
  let position = 0;
  const variableLength = (): number => {
    let value = 0;
    while (rbsp[position] === 255) {
      value += 255;
      position += 1;
    }
    value += rbsp[position] ?? 0;
    position += 1;
    return value;
  };
  // The last byte is rbsp_trailing_bits.
  while (position < rbsp.length - 1) {
    const type = variableLength();
    const size = variableLength();
    // recovery_frame_cnt is ue(v): value 0 is a single 1 bit.
    if (type === SEI_RECOVERY_POINT) return ((rbsp[position] ?? 0) & 0x80) !== 0;
    position += size;
  }
  return false;
}

/** slice_type of a slice header (§7.3.3): 2 and 7 are I, 4 and 9 are SI. */
function isIntraSlice(slicePayload: Uint8Array): boolean {
  // Two Exp-Golomb codes fit in 16 bytes, also with emulation prevention.
  const reader = new BitReader(withoutEmulationPrevention(slicePayload.subarray(0, 16)));
  try {
    reader.ue(); // first_mb_in_slice
    const type = reader.ue() % 5;
    return type === 2 || type === 4;
  } catch (error) {
    if (error instanceof CodecError) return false;
    throw error;
  }
}

/**
 * The SPS and PPS NAL units in front of a sample's first slice, as views; both lists are empty for most samples.
 * Throws CodecError for more sets than there are ids.
 */
export function avcParameterSetsOf(sample: Uint8Array, lengthSize: number): AvcParameterSets {
  const sps: Uint8Array[] = [];
  const pps: Uint8Array[] = [];
  const cursor = new NalCursor(sample, lengthSize);
  while (cursor.next()) {
    const type = (sample[cursor.start] ?? 0) & 31;
    if (type === NAL_SPS) sps.push(sample.subarray(cursor.start, cursor.end));
    else if (type === NAL_PPS) pps.push(sample.subarray(cursor.start, cursor.end));
    // §7.4.1.2.3: parameter sets come before the first slice of the picture that needs them.
    else if (type >= NAL_SLICE && type <= NAL_IDR) break;
    if (sps.length + pps.length > MAX_SETS_IN_SAMPLE) {
      throw new CodecError('unsupported', 'too many parameter sets in one sample');
    }
  }
  return { sps, pps };
}

/** pic_parameter_set_id of a PPS NAL unit (§7.3.2.2). Throws CodecError. */
export function avcPpsId(pps: Uint8Array): number {
  const reader = new BitReader(withoutEmulationPrevention(pps));
  reader.skip(8);
  return reader.ueAtMost(255, 'pic_parameter_set_id');
}
