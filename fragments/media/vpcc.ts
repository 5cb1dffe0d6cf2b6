import { BitReader } from './bit-reader.ts';
import { BitWriter } from './bit-writer.ts';
import { CodecError } from './codec-error.ts';
import type { VideoSize } from './video-size.ts';

/** The vpcC box of VP8 and VP9 (VP Codec ISO Media File Format Binding, version 1.0). */
export interface VpConfig {
  readonly profile: number;
  /** Ten times the level: 10, 11, 20 ... 62. */
  readonly level: number;
  readonly bitDepth: number;
  /** 0 4:2:0 vertical, 1 4:2:0 colocated with luma (0,0), 2 4:2:2, 3 4:4:4. */
  readonly chromaSubsampling: number;
  readonly isFullRange: boolean;
  /** ISO/IEC 23001-8 code points; 2 is unspecified. */
  readonly colourPrimaries: number;
  readonly transferCharacteristics: number;
  readonly matrixCoefficients: number;
}

const RECORD_BYTES = 8;
/** The box is a FullBox: version 1, flags 0. */
const VERSION_AND_FLAGS = Uint8Array.of(1, 0, 0, 0);

/** Parses the payload of a vpcC box, with its version and flags. Throws CodecError. */
export function parseVpcC(config: Uint8Array): VpConfig {
  const reader = new BitReader(config);
  const version = reader.bits(8);
  if (version !== 1) throw new CodecError('unsupported', `vpcC version ${version}`);
  reader.skip(24);
  const fields = {
    profile: reader.bits(8),
    level: reader.bits(8),
    bitDepth: reader.bits(4),
    chromaSubsampling: reader.bits(3),
    isFullRange: reader.flag(),
    colourPrimaries: reader.bits(8),
    transferCharacteristics: reader.bits(8),
    matrixCoefficients: reader.bits(8),
  };
  // "codecInitializationDataSize ... For VP8 and VP9 this field must be 0."
  reader.bytes(reader.bits(16));
  if (fields.profile > 3) throw new CodecError('invalid', `VP profile ${fields.profile}`);
  if (fields.bitDepth !== 8 && fields.bitDepth !== 10 && fields.bitDepth !== 12) {
    throw new CodecError('invalid', `VP bit depth ${fields.bitDepth}`);
  }
  return fields;
}

/** Writes the payload of a vpcC box, with its version and flags. */
export function buildVpcC(config: VpConfig): Uint8Array {
  const record = new BitWriter()
    .bits(8, config.profile)
    .bits(8, config.level)
    .bits(4, config.bitDepth)
    .bits(3, config.chromaSubsampling)
    .flag(config.isFullRange)
    .bits(8, config.colourPrimaries)
    .bits(8, config.transferCharacteristics)
    .bits(8, config.matrixCoefficients)
    .bits(16, 0)
    .finish();
  return withVersion(record);
}

/** 1 4:2:0, 2 4:2:2, 3 4:4:4: chromaSubsampling without where the chroma samples of 4:2:0 lie. */
export function vpChromaFormat(of: Pick<VpConfig, 'chromaSubsampling'>): number {
  return Math.max(of.chromaSubsampling, 1);
}

/** Puts version and flags in front of a bare VPCodecConfigurationRecord, as enhanced RTMP carries it; leaves a box payload as it is. */
export function vpcCFromRecord(record: Uint8Array): Uint8Array {
  return record.length === RECORD_BYTES ? withVersion(record) : record;
}

function withVersion(record: Uint8Array): Uint8Array {
  return Buffer.concat([VERSION_AND_FLAGS, record]);
}

/** `vp09.PP.LL.DD` (binding, "Codecs Parameter String"); `vp08` likewise. */
export function vpCodecString(fourCc: 'vp08' | 'vp09', of: VpConfig): string {
  const fields = [of.profile, of.level, of.bitDepth].map((value) => String(value).padStart(2, '0'));
  return [fourCc, ...fields].join('.');
}

/** Level limits of VP9 (levels.pdf of the WebM project): luma samples a second, luma samples a picture, longest side. */
const LEVELS: ReadonlyArray<readonly [level: number, perSecond: number, perPicture: number, side: number]> = [
  [10, 829440, 36864, 512],
  [11, 2764800, 73728, 768],
  [20, 4608000, 122880, 960],
  [21, 9216000, 245760, 1344],
  [30, 20736000, 552960, 2048],
  [31, 36864000, 983040, 2752],
  [40, 83558400, 2228224, 4160],
  [41, 160432128, 2228224, 4160],
  [50, 311951360, 8912896, 8384],
  [51, 588251136, 8912896, 8384],
  [52, 1176502272, 8912896, 8384],
  [60, 1176502272, 35651584, 16832],
  [61, 2353004544, 35651584, 16832],
];

/** The lowest level that allows a picture size at a frame rate; neither VP8 nor VP9 frames name their level. */
export function vpLevelOf(size: VideoSize, framesPerSecond: number): number {
  const picture = size.width * size.height;
  const side = Math.max(size.width, size.height);
  const row = LEVELS.find(
    ([, perSecond, perPicture, longest]) =>
      picture * framesPerSecond <= perSecond && picture <= perPicture && side <= longest,
  );
  return row?.[0] ?? 62;
}
