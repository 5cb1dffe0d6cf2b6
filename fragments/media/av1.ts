import {
  findSequenceHeader,
  OBU_FRAME,
  OBU_FRAME_HEADER,
  OBU_SEQUENCE_HEADER,
  ObuCursor,
  sequenceHeaderObu,
} from './av1-obu.ts';
import { BitReader } from './bit-reader.ts';
import type { BitSpan } from './bit-span.ts';
import { BitWriter } from './bit-writer.ts';
import { CodecError } from './codec-error.ts';

/** AV1: the av1C record (AV1-ISOBMFF §2.3), the sequence header (AV1 specification §5.5) and what a temporal unit says of itself. */

/** The fields that av1C and the sequence header have in common. */
export interface Av1Profile {
  readonly profile: number;
  /** seq_level_idx of the first operating point. */
  readonly level: number;
  readonly isHighTier: boolean;
  readonly bitDepth: 8 | 10 | 12;
  readonly isMonochrome: boolean;
  readonly subsamplingX: boolean;
  readonly subsamplingY: boolean;
  readonly chromaSamplePosition: number;
}

export interface Av1SequenceHeader extends Av1Profile {
  /** Upper bounds of the frame size. */
  readonly width: number;
  readonly height: number;
  /** Everything but timing, operating points and colour description: what a decoder really depends on. */
  readonly material: readonly BitSpan[];
}

export interface Av1Config extends Av1Profile {
  /** Payload of the sequence header among the configOBUs; some muxers leave it out. */
  readonly sequenceHeader: Uint8Array | undefined;
}

/** Parses the payload of an av1C box. Throws CodecError. */
export function parseAv1C(config: Uint8Array): Av1Config {
  const reader = new BitReader(config);
  const marker = reader.bits(8);
  if (marker !== 0x81) throw new CodecError('invalid', `av1C marker and version ${marker}`);
  const profile = reader.bits(3);
  const level = reader.bits(5);
  const isHighTier = reader.flag();
  const bitDepth = readDepth(reader.flag(), reader.flag());
  const isMonochrome = reader.flag();
  const subsamplingX = reader.flag();
  const subsamplingY = reader.flag();
  const chromaSamplePosition = reader.bits(2);
  reader.skip(8); // initial presentation delay
  return {
    profile,
    level,
    isHighTier,
    bitDepth,
    isMonochrome,
    subsamplingX,
    subsamplingY,
    chromaSamplePosition,
    sequenceHeader: findSequenceHeader(config.subarray(4)),
  };
}

function readDepth(isHigh: boolean, isTwelve: boolean): 8 | 10 | 12 {
  if (!isHigh) return 8;
  return isTwelve ? 12 : 10;
}

/** Writes the payload of an av1C box around the payload of a sequence header OBU. Throws CodecError. */
export function buildAv1C(sequenceHeader: Uint8Array): Uint8Array {
  const of = parseAv1SequenceHeader(sequenceHeader);
  const head = new BitWriter()
    .bits(8, 0x81)
    .bits(3, of.profile)
    .bits(5, of.level)
    .flag(of.isHighTier)
    .flag(of.bitDepth > 8)
    .flag(of.bitDepth === 12)
    .flag(of.isMonochrome)
    .flag(of.subsamplingX)
    .flag(of.subsamplingY)
    .bits(2, of.chromaSamplePosition)
    .bits(8, 0)
    .finish();
  return Buffer.concat([head, sequenceHeaderObu(sequenceHeader)]);
}

/** The payload of an av1C box for a temporal unit with a sequence header; `undefined` where it has none. Throws CodecError. */
export function av1CFromKeyFrame(unit: Uint8Array): Uint8Array | undefined {
  const sequenceHeader = findSequenceHeader(unit);
  return sequenceHeader && buildAv1C(sequenceHeader);
}

/** AV1-ISOBMFF §5: `av01.P.LLT.DD`, the optional fields left at their defaults. */
export function av1CodecString(of: Av1Profile): string {
  const level = String(of.level).padStart(2, '0');
  const depth = String(of.bitDepth).padStart(2, '0');
  return `av01.${of.profile}.${level}${of.isHighTier ? 'H' : 'M'}.${depth}`;
}

/**
 * Can a decoder start at this temporal unit? True when its first frame is a key frame that is shown (AV1-ISOBMFF
 * §2.4). A torn unit is judged by what there is of it.
 */
export function isAv1Sync(unit: Uint8Array): boolean {
  const cursor = new ObuCursor(unit);
  let isStill = false;
  while (cursor.next()) {
    const first = unit[cursor.payloadStart] ?? 0;
    // seq_profile 3, still_picture 1, reduced_still_picture_header 1
    if (cursor.type === OBU_SEQUENCE_HEADER) isStill = (first & 8) !== 0;
    if (cursor.type === OBU_FRAME || cursor.type === OBU_FRAME_HEADER) {
      // show_existing_frame 0, frame_type 0 (KEY_FRAME), show_frame 1
      return isStill || (cursor.payloadStart < cursor.end && first >> 4 === 1);
    }
  }
  return false;
}

/** Parses the payload of a sequence header OBU. Throws CodecError. */
export function parseAv1SequenceHeader(payload: Uint8Array): Av1SequenceHeader {
  const reader = new BitReader(payload);
  const profile = reader.bits(3);
  if (profile > 2) throw new CodecError('unsupported', `AV1 profile ${profile}`);
  reader.skip(1); // still_picture
  const isReduced = reader.flag();
  const head = { bytes: payload, startBit: 0, endBit: reader.position };
  const { level, isHighTier } = isReduced
    ? { level: reader.bits(5), isHighTier: false }
    : readOperatingPoints(reader);
  const toolsStart = reader.position;
  const widthBits = reader.bits(4) + 1;
  const heightBits = reader.bits(4) + 1;
  const width = reader.bits(widthBits) + 1;
  const height = reader.bits(heightBits) + 1;
  if (!isReduced && reader.flag()) reader.skip(7); // frame id lengths
  skipCodingTools(reader, isReduced);
  const tools = { bytes: payload, startBit: toolsStart, endBit: reader.position };
  const colour = readColourConfig(reader, profile);
  reader.skip(1); // film_grain_params_present
  const filmGrain = { bytes: payload, startBit: reader.position - 1, endBit: reader.position };
  return { profile, level, isHighTier, ...colour, width, height, material: [head, tools, filmGrain] };
}

function readOperatingPoints(reader: BitReader): { level: number; isHighTier: boolean } {
  let delayBits = 0;
  if (reader.flag()) {
    reader.skip(64); // num_units_in_display_tick, time_scale
    if (reader.flag()) skipUvlc(reader); // num_ticks_per_picture_minus_1
    if (reader.flag()) {
      delayBits = reader.bits(5) + 1;
      reader.skip(42); // num_units_in_decoding_tick and two lengths
    }
  }
  const hasDisplayDelay = reader.flag();
  const count = reader.bits(5) + 1;
  let first = { level: 0, isHighTier: false };
  for (let i = 0; i < count; i++) {
    reader.skip(12); // operating_point_idc
    const level = reader.bits(5);
    const point = { level, isHighTier: level > 7 && reader.flag() };
    if (delayBits > 0 && reader.flag()) reader.skip(2 * delayBits + 1);
    if (hasDisplayDelay && reader.flag()) reader.skip(4);
    if (i === 0) first = point;
  }
  return first;
}

/** uvlc() (§4.10.3): 32 or more leading zeros stand alone. */
function skipUvlc(reader: BitReader): void {
  let zeros = 0;
  while (!reader.flag()) zeros += 1;
  if (zeros < 32) reader.skip(zeros);
}

function skipCodingTools(reader: BitReader, isReduced: boolean): void {
  reader.skip(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!isReduced) {
    reader.skip(4); // interintra, masked and warped compound, dual filter
    const hasOrderHint = reader.flag();
    if (hasOrderHint) reader.skip(2); // enable_jnt_comp, enable_ref_frame_mvs
    // seq_choose_screen_content_tools, else seq_force_screen_content_tools; the choice counts as "may be used"
    const mayUseScreenContent = reader.flag() || reader.flag();
    if (mayUseScreenContent && !reader.flag()) reader.skip(1); // seq_choose_integer_mv, seq_force_integer_mv
    if (hasOrderHint) reader.skip(3); // order_hint_bits_minus_1
  }
  reader.skip(3); // enable_superres, enable_cdef, enable_restoration
}

/** color_config() (§5.5.2). */
function readColourConfig(
  reader: BitReader,
  profile: number,
): Omit<Av1Profile, 'profile' | 'level' | 'isHighTier'> {
  const isHigh = reader.flag();
  const bitDepth = readDepth(isHigh, profile === 2 && isHigh && reader.flag());
  const isMonochrome = profile !== 1 && reader.flag();
  // BT.709 primaries, sRGB transfer and identity matrix together mean RGB.
  const isRgb = reader.flag() && reader.bits(24) === 0x01_0d_00;
  if (isMonochrome) {
    reader.skip(1); // color_range
    return { bitDepth, isMonochrome, subsamplingX: true, subsamplingY: true, chromaSamplePosition: 0 };
  }
  let subsamplingX = false;
  let subsamplingY = false;
  let chromaSamplePosition = 0;
  if (!isRgb) {
    reader.skip(1); // color_range
    if (profile === 0) subsamplingX = subsamplingY = true;
    else if (profile === 2 && bitDepth < 12) subsamplingX = true;
    else if (profile === 2) {
      subsamplingX = reader.flag();
      subsamplingY = subsamplingX && reader.flag();
    }
    if (subsamplingX && subsamplingY) chromaSamplePosition = reader.bits(2);
  }
  reader.skip(1); // separate_uv_delta_q
  return { bitDepth, isMonochrome, subsamplingX, subsamplingY, chromaSamplePosition };
}
