import { BitReader } from './bit-reader.ts';
import type { BitSpan } from './bit-span.ts';
import { CodecError } from './codec-error.ts';
import { withoutEmulationPrevention } from './nal-units.ts';
import { croppedSize } from './video-size.ts';

/** What Framelog needs of an H.264 sequence parameter set (H.264 §7.3.2.1.1). */
export interface AvcSps {
  readonly id: number;
  readonly profileIdc: number;
  /** The byte between profile_idc and level_idc: constraint_set0..5 flags, most significant first. */
  readonly constraintFlags: number;
  readonly levelIdc: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Frames only; false allows field pictures (interlaced). */
  readonly frameMbsOnly: boolean;
  /** Pixels after cropping. */
  readonly width: number;
  readonly height: number;
  /** Frames that may come before a frame in decode order and after it in output order, where the SPS settles it. */
  readonly reorderFrames: number | undefined;
  /** Upper bound of `reorderFrames`: max_dec_frame_buffering where stated, else MaxDpbFrames of the level (§A.3.1). */
  readonly dpbFrames: number;
  /** All that comes before the VUI parameters: what a decoder really depends on. */
  readonly material: readonly BitSpan[];
}

/** Profiles whose SPS carries chroma format, bit depth and scaling matrices (§7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Profiles for which constraint_set3_flag promises intra pictures only (§A.2). */
const INTRA_CAPABLE_PROFILES = new Set([44, 86, 100, 110, 122, 244]);

/** MaxDpbMbs by level_idc (table A-1); level 1b counts as 1. */
const MAX_DPB_MBS: ReadonlyArray<readonly [levelIdc: number, macroblocks: number]> = [
  [10, 396],
  [11, 900],
  [20, 2376],
  [21, 4752],
  [30, 8100],
  [31, 18000],
  [32, 20480],
  [41, 32768],
  [42, 34816],
  [50, 110400],
  [52, 184320],
  [62, 696320],
];

/** Both RTP and MKV carry no decode times; no stream may delay them by more frames than this (§A.3.1: MaxDpbFrames <= 16). */
const MAX_REORDER_FRAMES = 16;

/** Does an avcC, or an SPS, of this profile carry chroma format and bit depths? */
export function isAvcHighProfile(profileIdc: number): boolean {
  return HIGH_PROFILES.has(profileIdc);
}

/**
 * Parses an SPS NAL unit (with its header byte, without start code or length). An unreadable VUI is taken as absent,
 * because cameras get it wrong. Throws CodecError.
 */
export function parseAvcSps(nal: Uint8Array): AvcSps {
  const rbsp = withoutEmulationPrevention(nal);
  const reader = new BitReader(rbsp);
  const header = reader.bits(8);
  if ((header & 0x9f) !== 7)
    throw new CodecError('invalid', `NAL unit header ${header} is not that of an SPS`);
  const profileIdc = reader.bits(8);
  const constraintFlags = reader.bits(8);
  const levelIdc = reader.bits(8);
  const id = reader.ueAtMost(31, 'seq_parameter_set_id');

  let chromaFormatIdc = 1;
  let separateColourPlanes = false;
  let bitDepthLuma = 8;
  let bitDepthChroma = 8;
  if (isAvcHighProfile(profileIdc)) {
    chromaFormatIdc = reader.ueAtMost(3, 'chroma_format_idc');
    if (chromaFormatIdc === 3) separateColourPlanes = reader.flag();
    bitDepthLuma = 8 + reader.ueAtMost(6, 'bit_depth_luma_minus8');
    bitDepthChroma = 8 + reader.ueAtMost(6, 'bit_depth_chroma_minus8');
    reader.skip(1); // qpprime_y_zero_transform_bypass_flag
    if (reader.flag()) skipScalingLists(reader, chromaFormatIdc === 3 ? 12 : 8);
  }

  reader.ueAtMost(12, 'log2_max_frame_num_minus4');
  const picOrderCntType = skipPicOrderCount(reader);
  reader.ue(); // max_num_ref_frames
  reader.skip(1); // gaps_in_frame_num_value_allowed_flag
  const widthMbs = reader.ueAtMost(4095, 'pic_width_in_mbs_minus1') + 1;
  const heightMapUnits = reader.ueAtMost(4095, 'pic_height_in_map_units_minus1') + 1;
  const frameMbsOnly = reader.flag();
  if (!frameMbsOnly) reader.skip(1); // mb_adaptive_frame_field_flag
  reader.skip(1); // direct_8x8_inference_flag
  const heightMbs = heightMapUnits * (frameMbsOnly ? 1 : 2);
  const crop = reader.flag()
    ? { left: reader.ue(), right: reader.ue(), top: reader.ue(), bottom: reader.ue() }
    : { left: 0, right: 0, top: 0, bottom: 0 };
  // (7-19)..(7-22): crop units follow ChromaArrayType, which is 0 when the colour planes are coded apart.
  const chromaArrayType = separateColourPlanes ? 0 : chromaFormatIdc;
  const size = croppedSize(widthMbs * 16, heightMbs * 16, crop, {
    x: chromaArrayType === 1 || chromaArrayType === 2 ? 2 : 1,
    y: (chromaArrayType === 1 ? 2 : 1) * (frameMbsOnly ? 1 : 2),
  });

  const material = [{ bytes: rbsp, startBit: 0, endBit: reader.position }];
  const stated = readBufferingLimits(reader);
  const dpbFrames = Math.min(
    stated?.maxDecFrameBuffering ?? maxDpbFrames(levelIdc, widthMbs * heightMbs),
    MAX_REORDER_FRAMES,
  );
  const isIntraOnly = (constraintFlags & 0x10) !== 0 && INTRA_CAPABLE_PROFILES.has(profileIdc);
  // Baseline has no B slices; picture order count type 2 means output order is decode order (§8.2.1.3).
  const neverReorders = profileIdc === 66 || picOrderCntType === 2 || isIntraOnly;
  return {
    id,
    profileIdc,
    constraintFlags,
    levelIdc,
    chromaFormatIdc,
    bitDepthLuma,
    bitDepthChroma,
    frameMbsOnly,
    ...size,
    reorderFrames: neverReorders ? 0 : stated?.numReorderFrames,
    dpbFrames,
    material,
  };
}

/** seq_parameter_set_id of an SPS NAL unit, without parsing the rest. Throws CodecError. */
export function avcSpsId(nal: Uint8Array): number {
  const reader = new BitReader(withoutEmulationPrevention(nal));
  reader.skip(32); // NAL unit header, profile_idc, constraint flags, level_idc
  return reader.ueAtMost(31, 'seq_parameter_set_id');
}

/** How many frames a reorder buffer must hold back to give decode times to a stream without any: at most 16. */
export function avcReorderDepth(sps: AvcSps): number {
  return Math.min(sps.reorderFrames ?? sps.dpbFrames, MAX_REORDER_FRAMES);
}

function skipPicOrderCount(reader: BitReader): number {
  const type = reader.ueAtMost(2, 'pic_order_cnt_type');
  if (type === 0) {
    reader.ueAtMost(12, 'log2_max_pic_order_cnt_lsb_minus4');
  } else if (type === 1) {
    reader.skip(1); // delta_pic_order_always_zero_flag
    reader.se(); // offset_for_non_ref_pic
    reader.se(); // offset_for_top_to_bottom_field
    const cycle = reader.ueAtMost(255, 'num_ref_frames_in_pic_order_cnt_cycle');
    for (let i = 0; i < cycle; i++) reader.se();
  }
  return type;
}

function skipScalingLists(reader: BitReader, count: number): void {
  for (let list = 0; list < count; list++) {
    if (!reader.flag()) continue;
    const size = list < 6 ? 16 : 64;
    let last = 8;
    // §7.3.2.1.1.1: once the next scale is 0, the rest of the list repeats and is not coded.
    for (let i = 0; i < size && last !== 0; i++) last = (last + reader.se()) & 255;
  }
}

interface BufferingLimits {
  readonly numReorderFrames: number;
  readonly maxDecFrameBuffering: number;
}

/** bitstream_restriction of the VUI (§E.1.1), or `undefined` when it is absent, unreadable or contradicts itself. */
function readBufferingLimits(reader: BitReader): BufferingLimits | undefined {
  try {
    const limits = reader.flag() ? readVui(reader) : undefined;
    if (limits === undefined || limits.numReorderFrames > limits.maxDecFrameBuffering) return undefined;
    return limits.maxDecFrameBuffering > MAX_REORDER_FRAMES ? undefined : limits;
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

function readVui(reader: BitReader): BufferingLimits | undefined {
  if (reader.flag() && reader.bits(8) === 255) reader.skip(32); // aspect_ratio_idc, Extended_SAR: width and height
  if (reader.flag()) reader.skip(1); // overscan
  if (reader.flag()) {
    reader.skip(4); // video_format, video_full_range_flag
    if (reader.flag()) reader.skip(24); // colour description
  }
  if (reader.flag()) {
    reader.ue(); // chroma_sample_loc_type_top_field
    reader.ue(); // chroma_sample_loc_type_bottom_field
  }
  if (reader.flag()) reader.skip(65); // timing: num_units_in_tick, time_scale, fixed_frame_rate_flag
  const nalHrd = reader.flag();
  if (nalHrd) skipHrd(reader);
  const vclHrd = reader.flag();
  if (vclHrd) skipHrd(reader);
  if (nalHrd || vclHrd) reader.skip(1); // low_delay_hrd_flag
  reader.skip(1); // pic_struct_present_flag
  if (!reader.flag()) return undefined; // bitstream_restriction_flag
  reader.skip(1); // motion_vectors_over_pic_boundaries_flag
  // max_bytes_per_pic_denom, max_bits_per_mb_denom, log2_max_mv_length_horizontal, log2_max_mv_length_vertical
  for (let i = 0; i < 4; i++) reader.ue();
  return { numReorderFrames: reader.ue(), maxDecFrameBuffering: reader.ue() };
}

/** hrd_parameters (§E.1.2). */
function skipHrd(reader: BitReader): void {
  const count = reader.ueAtMost(31, 'cpb_cnt_minus1') + 1;
  reader.skip(8); // bit_rate_scale, cpb_size_scale
  for (let i = 0; i < count; i++) {
    reader.ue(); // bit_rate_value_minus1
    reader.ue(); // cpb_size_value_minus1
    reader.skip(1); // cbr_flag
  }
  reader.skip(20); // three delay lengths and time_offset_length
}

/** MaxDpbFrames = Min(MaxDpbMbs / (PicWidthInMbs * FrameHeightInMbs), 16) (§A.3.1); levels of no table count as the next one up. */
function maxDpbFrames(levelIdc: number, macroblocks: number): number {
  const row = MAX_DPB_MBS.find(([level]) => levelIdc <= level) ?? MAX_DPB_MBS.at(-1);
  return Math.min(Math.floor((row?.[1] ?? 0) / macroblocks), MAX_REORDER_FRAMES);
}
