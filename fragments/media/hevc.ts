import { BitReader } from './bit-reader.ts';
import { CodecError } from './codec-error.ts';
import { type HevcProfile, parseHevcSps, readHevcProfile } from './hevc-sps.ts';
import { NalCursor, withoutEmulationPrevention } from './nal-units.ts';

/** H.265: the hvcC record (ISO/IEC 14496-15 §8.3.3.1) and what a sample says of itself. */

const NAL_VPS = 32;
const NAL_SPS = 33;
const NAL_PPS = 34;
/** nal_unit_type 16..23 are intra random access pictures, 0..31 all pictures (H.265 table 7-1). */
const NAL_FIRST_IRAP = 16;
const NAL_LAST_IRAP = 23;
const NAL_LAST_VCL = 31;
/** There are 16 ids of VPS and SPS each and 64 of PPS (H.265 §7.4.3); more sets are nonsense that costs time. */
const MAX_SETS = 96;

/** VPS, SPS and PPS NAL units with their two header bytes, in order. */
export interface HevcParameterSets {
  readonly vps: readonly Uint8Array[];
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}

/** A parsed hvcC; the sets are views of it. */
export interface HevcConfig extends HevcProfile, HevcParameterSets {
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Bytes in front of each NAL unit of a sample: 1 to 4. */
  readonly lengthSize: number;
}

/** Parses the payload of an hvcC box; arrays of other NAL unit types (SEI) are stepped over. Throws CodecError. */
export function parseHvcC(config: Uint8Array): HevcConfig {
  const reader = new BitReader(config);
  const version = reader.bits(8);
  // Version 0 was written before the standard was final, with the same layout.
  if (version > 1) throw new CodecError('unsupported', `hvcC version ${version}`);
  const profile = readHevcProfile(reader);
  reader.skip(16 + 8); // min_spatial_segmentation_idc, parallelismType
  const chromaFormatIdc = reader.bits(8) & 3;
  const bitDepthLuma = 8 + (reader.bits(8) & 7);
  const bitDepthChroma = 8 + (reader.bits(8) & 7);
  reader.skip(16); // avgFrameRate
  const lengthSize = (reader.bits(8) & 3) + 1;
  const sets = new SetCollector();
  const arrays = reader.bits(8);
  for (let i = 0; i < arrays; i++) {
    const type = reader.bits(8) & 63;
    const count = reader.bits(16);
    for (let j = 0; j < count; j++) sets.add(type, reader.bytes(reader.bits(16)));
  }
  return {
    ...profile,
    chromaFormatIdc,
    bitDepthLuma,
    bitDepthChroma,
    lengthSize,
    vps: sets.vps,
    sps: sets.sps,
    pps: sets.pps,
  };
}

class SetCollector implements HevcParameterSets {
  readonly vps: Uint8Array[] = [];
  readonly sps: Uint8Array[] = [];
  readonly pps: Uint8Array[] = [];

  add(type: number, nal: Uint8Array): void {
    if (nal.length === 0) return;
    if (type === NAL_VPS) this.vps.push(nal);
    else if (type === NAL_SPS) this.sps.push(nal);
    else if (type === NAL_PPS) this.pps.push(nal);
    if (this.vps.length + this.sps.length + this.pps.length > MAX_SETS) {
      throw new CodecError('unsupported', 'too many H.265 parameter sets');
    }
  }
}

/**
 * Writes the payload of an hvcC box; profile, level, chroma and depths come from the first SPS. Throws CodecError when
 * there is none, it is unreadable, or a set is too long.
 */
export function buildHvcC(
  vps: readonly Uint8Array[],
  sps: readonly Uint8Array[],
  pps: readonly Uint8Array[],
  options: { readonly lengthSize?: number } = {},
): Uint8Array {
  const [first] = sps;
  if (first === undefined) throw new CodecError('invalid', 'hvcC without an SPS');
  const of = parseHevcSps(first);
  const head = Buffer.alloc(23);
  head[0] = 1;
  head[1] = (of.profileSpace << 6) | (of.isHighTier ? 0x20 : 0) | of.profileIdc;
  head.writeUInt32BE(of.compatibilityFlags, 2);
  head.set(of.constraintBytes, 6);
  head[12] = of.levelIdc;
  head.writeUInt16BE(0xf000, 13); // min_spatial_segmentation_idc 0: says nothing
  head[15] = 0xfc; // parallelismType 0: unknown
  head[16] = 0xfc | of.chromaFormatIdc;
  head[17] = 0xf8 | ((of.bitDepthLuma - 8) & 7);
  head[18] = 0xf8 | ((of.bitDepthChroma - 8) & 7);
  const { lengthSize = 4 } = options;
  // avgFrameRate 0 (unspecified) stays; constantFrameRate 0 too.
  head[21] = (of.temporalLayers << 3) | (of.isTemporalIdNested ? 4 : 0) | (lengthSize - 1);
  const arrays = [
    { type: NAL_VPS, nals: vps },
    { type: NAL_SPS, nals: sps },
    { type: NAL_PPS, nals: pps },
  ].filter((array) => array.nals.length > 0);
  head[22] = arrays.length;
  return Buffer.concat([head, ...arrays.flatMap(({ type, nals }) => writeArray(type, nals))]);
}

/** §8.3.3.1.2: array_completeness 1, as the `hvc1` sample entry asks: all sets of the type are here. */
function writeArray(type: number, nals: readonly Uint8Array[]): Uint8Array[] {
  const parts: Uint8Array[] = [Uint8Array.of(0x80 | type, nals.length >> 8, nals.length & 255)];
  for (const nal of nals) {
    if (nal.length > 0xffff) throw new CodecError('unsupported', `parameter set of ${nal.length} bytes`);
    parts.push(Uint8Array.of(nal.length >> 8, nal.length & 255), nal);
  }
  return parts;
}

/** Bytes of the NAL unit lengths in the samples of this hvcC, without parsing the rest. Throws CodecError. */
export function hevcLengthSize(config: Uint8Array): number {
  const byte = config[21];
  if (byte === undefined) throw new CodecError('truncated', `hvcC of ${config.length} bytes`);
  return (byte & 3) + 1;
}

/** ISO/IEC 14496-15 annex E.3: profile, reversed compatibility flags, tier and level, constraint bytes less trailing zeros. */
export function hevcCodecString(of: HevcProfile): string {
  const space = ['', 'A', 'B', 'C'][of.profileSpace] ?? '';
  const compatibility = reverse32(of.compatibilityFlags).toString(16).toUpperCase();
  const constraints = [...of.constraintBytes];
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    'hvc1',
    `${space}${of.profileIdc}`,
    compatibility,
    `${of.isHighTier ? 'H' : 'L'}${of.levelIdc}`,
    ...constraints.map((byte) => byte.toString(16).toUpperCase()),
  ].join('.');
}

function reverse32(value: number): number {
  let out = 0;
  for (let bit = 0; bit < 32; bit++) out = out * 2 + ((value >>> bit) & 1);
  return out;
}

/** Can a decoder start at this sample? True when its first picture is an IRAP (IDR, BLA, CRA) picture. */
export function isHevcSync(sample: Uint8Array, lengthSize: number): boolean {
  const cursor = new NalCursor(sample, lengthSize);
  while (cursor.next()) {
    const type = nalType(sample, cursor.start);
    if (type <= NAL_LAST_VCL) return type >= NAL_FIRST_IRAP && type <= NAL_LAST_IRAP;
  }
  return false;
}

/**
 * The VPS, SPS and PPS NAL units in front of a sample's first picture, as views; all lists are empty for most
 * samples. Throws CodecError for more sets than there are ids.
 */
export function hevcParameterSetsOf(sample: Uint8Array, lengthSize: number): HevcParameterSets {
  const sets = new SetCollector();
  const cursor = new NalCursor(sample, lengthSize);
  while (cursor.next()) {
    const type = nalType(sample, cursor.start);
    if (type <= NAL_LAST_VCL) break;
    sets.add(type, sample.subarray(cursor.start, cursor.end));
  }
  return sets;
}

/** vps_video_parameter_set_id (H.265 §7.3.2.1). Throws CodecError. */
export function hevcVpsId(vps: Uint8Array): number {
  const reader = new BitReader(vps);
  reader.skip(16);
  return reader.bits(4);
}

/** pps_pic_parameter_set_id (H.265 §7.3.2.3). Throws CodecError. */
export function hevcPpsId(pps: Uint8Array): number {
  const reader = new BitReader(withoutEmulationPrevention(pps));
  reader.skip(16);
  return reader.ueAtMost(63, 'pps_pic_parameter_set_id');
}

function nalType(sample: Uint8Array, start: number): number {
  return ((sample[start] ?? 0) >> 1) & 63;
}
