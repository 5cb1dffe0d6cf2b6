import { BitReader } from './bit-reader.ts';
import type { BitSpan } from './bit-span.ts';
import { CodecError } from './codec-error.ts';
import { skipShortTermRefPicSets } from './hevc-ref-pic-sets.ts';
import { withoutEmulationPrevention } from './nal-units.ts';
import { croppedSize } from './video-size.ts';

/** The general part of profile_tier_level (H.265 §7.3.3), as the SPS and the hvcC carry it. */
export interface HevcProfile {
  readonly profileSpace: number;
  readonly isHighTier: boolean;
  readonly profileIdc: number;
  /** general_profile_compatibility_flag[0..31], flag 0 in the highest bit. */
  readonly compatibilityFlags: number;
  /** Six bytes from progressive_source_flag on. */
  readonly constraintBytes: Uint8Array;
  readonly levelIdc: number;
}

/** What Framelog needs of an H.265 sequence parameter set (H.265 §7.3.2.2). */
export interface HevcSps extends HevcProfile {
  readonly id: number;
  readonly temporalLayers: number;
  readonly isTemporalIdNested: boolean;
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Pixels inside the conformance window. */
  readonly width: number;
  readonly height: number;
  /** sps_max_num_reorder_pics of the highest temporal layer. */
  readonly reorderFrames: number;
  /** Everything but the VUI parameters: what a decoder really depends on. */
  readonly material: readonly BitSpan[];
}

const NAL_SPS = 33;
/** §A.4.2: MaxDpbSize is at most 16. */
const MAX_REORDER_FRAMES = 16;

/**
 * Parses an SPS NAL unit of the base layer (with its two header bytes). An unreadable VUI is taken as absent. Throws
 * CodecError; `unsupported` for the layers of scalable and multiview streams.
 */
export function parseHevcSps(nal: Uint8Array): HevcSps {
  const rbsp = withoutEmulationPrevention(nal);
  const reader = new BitReader(rbsp);
  const header = reader.bits(16);
  if (header >> 9 !== NAL_SPS)
    throw new CodecError('invalid', `NAL unit header ${header} is not that of an SPS`);
  if (((header >> 3) & 63) !== 0) throw new CodecError('unsupported', 'SPS of an enhancement layer');
  reader.skip(4); // sps_video_parameter_set_id
  const maxSubLayersMinus1 = reader.bits(3);
  if (maxSubLayersMinus1 > 6) throw new CodecError('invalid', 'sps_max_sub_layers_minus1 is 7');
  const isTemporalIdNested = reader.flag();
  const profile = readHevcProfile(reader);
  skipSubLayerLevels(reader, maxSubLayersMinus1);
  const id = reader.ueAtMost(15, 'sps_seq_parameter_set_id');
  const chromaFormatIdc = reader.ueAtMost(3, 'chroma_format_idc');
  const separateColourPlanes = chromaFormatIdc === 3 && reader.flag();
  const codedWidth = reader.ue();
  const codedHeight = reader.ue();
  const crop = reader.flag()
    ? { left: reader.ue(), right: reader.ue(), top: reader.ue(), bottom: reader.ue() }
    : { left: 0, right: 0, top: 0, bottom: 0 };
  // Table 6-1: SubWidthC and SubHeightC; the colour planes coded apart count as monochrome.
  const chroma = separateColourPlanes ? 0 : chromaFormatIdc;
  const size = croppedSize(codedWidth, codedHeight, crop, {
    x: chroma === 1 || chroma === 2 ? 2 : 1,
    y: chroma === 1 ? 2 : 1,
  });
  const bitDepthLuma = 8 + reader.ueAtMost(8, 'bit_depth_luma_minus8');
  const bitDepthChroma = 8 + reader.ueAtMost(8, 'bit_depth_chroma_minus8');
  const pocLsbBits = 4 + reader.ueAtMost(12, 'log2_max_pic_order_cnt_lsb_minus4');
  let reorderFrames = 0;
  for (let layer = reader.flag() ? 0 : maxSubLayersMinus1; layer <= maxSubLayersMinus1; layer++) {
    reader.ue(); // sps_max_dec_pic_buffering_minus1
    reorderFrames = reader.ue();
    reader.ue(); // sps_max_latency_increase_plus1
  }
  skipCodingTools(reader, pocLsbBits);
  return {
    ...profile,
    id,
    temporalLayers: maxSubLayersMinus1 + 1,
    isTemporalIdNested,
    chromaFormatIdc,
    bitDepthLuma,
    bitDepthChroma,
    ...size,
    reorderFrames: Math.min(reorderFrames, MAX_REORDER_FRAMES),
    material: materialBits(rbsp, reader, maxSubLayersMinus1),
  };
}

/** sps_seq_parameter_set_id of an SPS NAL unit, without parsing the rest. Throws CodecError. */
export function hevcSpsId(nal: Uint8Array): number {
  const reader = new BitReader(withoutEmulationPrevention(nal));
  reader.skip(20);
  const maxSubLayersMinus1 = reader.bits(3);
  reader.skip(1 + 96); // temporal id nesting, the general profile, tier and level
  skipSubLayerLevels(reader, maxSubLayersMinus1);
  return reader.ueAtMost(15, 'sps_seq_parameter_set_id');
}

/** Reads the twelve general bytes of profile_tier_level; the hvcC record has them in the same order. */
export function readHevcProfile(reader: BitReader): HevcProfile {
  return {
    profileSpace: reader.bits(2),
    isHighTier: reader.flag(),
    profileIdc: reader.bits(5),
    compatibilityFlags: reader.bits(32),
    constraintBytes: reader.bytes(6),
    levelIdc: reader.bits(8),
  };
}

function skipSubLayerLevels(reader: BitReader, maxSubLayersMinus1: number): void {
  if (maxSubLayersMinus1 === 0) return;
  let bits = 0;
  for (let layer = 0; layer < maxSubLayersMinus1; layer++) {
    if (reader.flag()) bits += 88; // sub_layer_profile_present_flag
    if (reader.flag()) bits += 8; // sub_layer_level_present_flag
  }
  reader.skip(2 * (8 - maxSubLayersMinus1)); // reserved_zero_2bits up to layer 7
  reader.skip(bits);
}

/** From the coding block sizes to strong_intra_smoothing_enabled_flag. */
function skipCodingTools(reader: BitReader, pocLsbBits: number): void {
  for (let i = 0; i < 6; i++) reader.ue(); // block sizes and transform depths
  if (reader.flag() && reader.flag()) skipScalingLists(reader);
  reader.skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (reader.flag()) {
    reader.skip(8); // PCM bit depths
    reader.ue();
    reader.ue();
    reader.skip(1);
  }
  skipShortTermRefPicSets(reader);
  if (reader.flag()) {
    const longTerm = reader.ueAtMost(32, 'num_long_term_ref_pics_sps');
    reader.skip(longTerm * (pocLsbBits + 1));
  }
  reader.skip(2); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
}

/** scaling_list_data (§7.3.4). */
function skipScalingLists(reader: BitReader): void {
  for (let sizeId = 0; sizeId < 4; sizeId++) {
    for (let matrixId = 0; matrixId < 6; matrixId += sizeId === 3 ? 3 : 1) {
      if (!reader.flag()) {
        reader.ue(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      if (sizeId > 1) reader.se(); // scaling_list_dc_coef_minus8
      const coefficients = Math.min(64, 1 << (4 + (sizeId << 1)));
      for (let i = 0; i < coefficients; i++) reader.se();
    }
  }
}

/** All bits without the VUI's; with them when the VUI cannot be read, so that nothing behind it is missed. */
function materialBits(rbsp: Uint8Array, reader: BitReader, maxSubLayersMinus1: number): BitSpan[] {
  const vuiStart = reader.position;
  const endBit = rbspEndBit(rbsp);
  try {
    if (reader.flag()) skipVui(reader, maxSubLayersMinus1);
    return [
      { bytes: rbsp, startBit: 0, endBit: vuiStart },
      { bytes: rbsp, startBit: reader.position, endBit },
    ];
  } catch (error) {
    if (error instanceof CodecError) return [{ bytes: rbsp, startBit: 0, endBit }];
    throw error;
  }
}

/** rbsp_trailing_bits (§7.3.2.11): the payload ends before the last 1 bit. */
function rbspEndBit(rbsp: Uint8Array): number {
  const last = rbsp.findLastIndex((byte) => byte !== 0);
  const byte = rbsp[last] ?? 0;
  return byte === 0 ? 0 : last * 8 + Math.clz32(byte & -byte) - 24;
}

/** vui_parameters (§E.2.1). */
function skipVui(reader: BitReader, maxSubLayersMinus1: number): void {
  if (reader.flag() && reader.bits(8) === 255) reader.skip(32); // aspect_ratio_idc, EXTENDED_SAR
  if (reader.flag()) reader.skip(1); // overscan
  if (reader.flag()) {
    reader.skip(4); // video_format, video_full_range_flag
    if (reader.flag()) reader.skip(24); // colour description
  }
  if (reader.flag()) skipCodes(reader, 2); // chroma_sample_loc_type
  reader.skip(3); // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
  if (reader.flag()) skipCodes(reader, 4); // default display window
  if (reader.flag()) {
    reader.skip(64); // vui_num_units_in_tick, vui_time_scale
    if (reader.flag()) reader.ue(); // vui_num_ticks_poc_diff_one_minus1
    if (reader.flag()) skipHrd(reader, maxSubLayersMinus1);
  }
  if (reader.flag()) {
    reader.skip(3);
    skipCodes(reader, 5); // min_spatial_segmentation_idc .. log2_max_mv_length_vertical
  }
}

/** hrd_parameters(1, maxSubLayersMinus1) (§E.2.2). */
function skipHrd(reader: BitReader, maxSubLayersMinus1: number): void {
  const nal = reader.flag();
  const vcl = reader.flag();
  let hasSubPictures = false;
  if (nal || vcl) {
    hasSubPictures = reader.flag();
    if (hasSubPictures) reader.skip(19);
    reader.skip(8); // bit_rate_scale, cpb_size_scale
    if (hasSubPictures) reader.skip(4);
    reader.skip(15); // three delay lengths
  }
  for (let layer = 0; layer <= maxSubLayersMinus1; layer++) {
    // fixed_pic_rate_general_flag implies fixed_pic_rate_within_cvs_flag.
    const isFixedRate = reader.flag() || reader.flag();
    let isLowDelay = false;
    if (isFixedRate)
      reader.ue(); // elemental_duration_in_tc_minus1
    else isLowDelay = reader.flag();
    const buffers = isLowDelay ? 1 : reader.ueAtMost(31, 'cpb_cnt_minus1') + 1;
    for (let i = 0; i < buffers * (Number(nal) + Number(vcl)); i++) {
      skipCodes(reader, hasSubPictures ? 4 : 2);
      reader.skip(1); // cbr_flag
    }
  }
}

function skipCodes(reader: BitReader, count: number): void {
  for (let i = 0; i < count; i++) reader.ue();
}
