import { parseAudioSpecificConfig } from './aac.ts';
import { parseDac3 } from './ac3.ts';
import { type Av1Config, parseAv1C, parseAv1SequenceHeader } from './av1.ts';
import { avcPpsId, parseAvcC } from './avc.ts';
import { parseAvcSps } from './avc-sps.ts';
import { type BitSpan, sameBits } from './bit-span.ts';
import { CodecError } from './codec-error.ts';
import { describeTrack } from './describe-track.ts';
import { parseDfLa } from './flac.ts';
import { hevcPpsId, parseHvcC } from './hevc.ts';
import { parseHevcSps } from './hevc-sps.ts';
import { inBandConfig } from './in-band-config.ts';
import { parseDOps } from './opus.ts';
import type { Codec, Track } from './track.ts';
import { parseVpcC, vpChromaFormat } from './vpcc.ts';

/**
 * When does a stream need a new init segment? Cameras resend their parameter sets with other VUI fields, other order
 * or padding; taking that for a change would break the log into needless runs.
 */

/** Properties of a track whose difference always matters. */
const FACTS = [
  'id',
  'kind',
  'codec',
  'timescale',
  'codecString',
  'width',
  'height',
  'sampleRateHz',
  'channels',
  'frameLength',
  'contentType',
] as const satisfies readonly (keyof Track)[];

/**
 * Can samples of `b` be decoded with the init segment of `a`? Differences that do not matter: VUI parameters, VPS,
 * colour description and timing; order, repetition and padding of parameter sets; bit rates; Opus pre-skip. Whatever
 * cannot be read is the same only when its bytes are.
 */
export function isSameDecoder(a: Track, b: Track): boolean {
  if (FACTS.some((fact) => a[fact] !== b[fact])) return false;
  if (Buffer.compare(a.config, b.config) === 0) return true;
  try {
    return SAME_CONFIG[a.codec](a.config, b.config);
  } catch (error) {
    if (error instanceof CodecError) return false;
    throw error;
  }
}

/**
 * Looks for parameter sets (H.264, H.265), a sequence header (AV1) or a frame header (VP9, VP8) inside the data of a
 * sync sample. Answers the track with its new config where they differ materially from what the track says, else
 * `undefined`. Cheap when nothing differs; still, call it for sync samples only. Throws CodecError when what is found
 * cannot be read.
 */
export function withInBandParameterSets(track: Track, sample: Uint8Array): Track | undefined {
  const change = inBandConfig(track, sample);
  if (change === undefined) return undefined;
  const updated = describeTrack({ ...track, ...change });
  return isSameDecoder(track, updated) ? undefined : updated;
}

type SameConfig = (a: Uint8Array, b: Uint8Array) => boolean;

const FACTS_SAY_ALL: SameConfig = () => true;
const BYTES_DIFFER: SameConfig = () => false;

/** Called with configs that differ in bytes, of tracks that agree in all FACTS. */
const SAME_CONFIG: Readonly<Record<Codec, SameConfig>> = {
  h264: sameAvcC,
  h265: sameHvcC,
  av1: sameAv1C,
  vp9: sameVpcC,
  vp8: sameVpcC,
  aac: sameAudioSpecificConfig,
  opus: sameDOps,
  flac: sameDfLa,
  ac3: sameDac3,
  mp3: FACTS_SAY_ALL,
  pcmu: FACTS_SAY_ALL,
  pcma: FACTS_SAY_ALL,
  opaque: BYTES_DIFFER,
};

function sameAvcC(a: Uint8Array, b: Uint8Array): boolean {
  const [left, right] = [parseAvcC(a), parseAvcC(b)];
  return (
    left.lengthSize === right.lengthSize &&
    sameSps(left.sps.map(parseAvcSps), right.sps.map(parseAvcSps)) &&
    samePps(left.pps, right.pps, avcPpsId)
  );
}

function sameHvcC(a: Uint8Array, b: Uint8Array): boolean {
  const [left, right] = [parseHvcC(a), parseHvcC(b)];
  return (
    left.lengthSize === right.lengthSize &&
    sameSps(left.sps.map(parseHevcSps), right.sps.map(parseHevcSps)) &&
    samePps(left.pps, right.pps, hevcPpsId)
  );
}

interface MaterialSps {
  readonly id: number;
  readonly material: readonly BitSpan[];
}

function sameSps(a: readonly MaterialSps[], b: readonly MaterialSps[]): boolean {
  const left = new Map(a.map((sps) => [sps.id, sps.material]));
  const right = new Map(b.map((sps) => [sps.id, sps.material]));
  return sameEntries(left, right, sameBits);
}

function samePps(
  a: readonly Uint8Array[],
  b: readonly Uint8Array[],
  idOf: (pps: Uint8Array) => number,
): boolean {
  const left = new Map(a.map((pps) => [idOf(pps), withoutTrailingZeros(pps)]));
  const right = new Map(b.map((pps) => [idOf(pps), withoutTrailingZeros(pps)]));
  return sameEntries(left, right, (x, y) => Buffer.compare(x, y) === 0);
}

/** Sets replace earlier ones of their id, so the last of each id counts, and order does not. */
function sameEntries<T>(
  a: ReadonlyMap<number, T>,
  b: ReadonlyMap<number, T>,
  same: (x: T, y: T) => boolean,
): boolean {
  if (a.size !== b.size) return false;
  for (const [id, value] of a) {
    const other = b.get(id);
    if (other === undefined || !same(value, other)) return false;
  }
  return true;
}

function withoutTrailingZeros(nal: Uint8Array): Uint8Array {
  return nal.subarray(0, nal.findLastIndex((byte) => byte !== 0) + 1);
}

function sameAv1C(a: Uint8Array, b: Uint8Array): boolean {
  const [left, right] = [parseAv1C(a), parseAv1C(b)];
  const sameProfile = AV1_PROFILE.every((field) => left[field] === right[field]);
  // A config without a sequence header leaves it to the samples, whichever that is.
  if (!sameProfile || !left.sequenceHeader || !right.sequenceHeader) return sameProfile;
  return sameBits(
    parseAv1SequenceHeader(left.sequenceHeader).material,
    parseAv1SequenceHeader(right.sequenceHeader).material,
  );
}

/** Profile, level, tier and depth stand in the codec string already. */
const AV1_PROFILE = [
  'isMonochrome',
  'subsamplingX',
  'subsamplingY',
] as const satisfies readonly (keyof Av1Config)[];

function sameVpcC(a: Uint8Array, b: Uint8Array): boolean {
  return vpChromaFormat(parseVpcC(a)) === vpChromaFormat(parseVpcC(b));
}

function sameAudioSpecificConfig(a: Uint8Array, b: Uint8Array): boolean {
  const [left, right] = [parseAudioSpecificConfig(a), parseAudioSpecificConfig(b)];
  return (
    left.objectType === right.objectType &&
    left.coreSampleRateHz === right.coreSampleRateHz &&
    left.hasSbr === right.hasSbr &&
    left.hasPs === right.hasPs &&
    // Configuration 0 has its layout in the bytes, which differ.
    left.channelConfiguration === right.channelConfiguration &&
    left.channelConfiguration !== 0
  );
}

function sameDOps(a: Uint8Array, b: Uint8Array): boolean {
  const [left, right] = [parseDOps(a), parseDOps(b)];
  return (
    left.outputGain === right.outputGain &&
    left.mappingFamily === right.mappingFamily &&
    Buffer.compare(left.mapping, right.mapping) === 0
  );
}

function sameDfLa(a: Uint8Array, b: Uint8Array): boolean {
  const [left, right] = [parseDfLa(a), parseDfLa(b)];
  return left.bitsPerSample === right.bitsPerSample && left.maxBlockSize === right.maxBlockSize;
}

function sameDac3(a: Uint8Array, b: Uint8Array): boolean {
  const [left, right] = [parseDac3(a), parseDac3(b)];
  return left.bsid === right.bsid && left.acmod === right.acmod && left.hasLfe === right.hasLfe;
}
