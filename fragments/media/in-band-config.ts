import { buildAv1C, parseAv1C } from './av1.ts';
import { findSequenceHeader } from './av1-obu.ts';
import { avcLengthSize, avcParameterSetsOf, avcPpsId, buildAvcC, parseAvcC } from './avc.ts';
import { avcSpsId } from './avc-sps.ts';
import { CodecError } from './codec-error.ts';
import { buildHvcC, hevcLengthSize, hevcParameterSetsOf, hevcPpsId, hevcVpsId, parseHvcC } from './hevc.ts';
import { hevcSpsId } from './hevc-sps.ts';
import type { Track } from './track.ts';
import { parseVp8KeyFrame } from './vp8.ts';
import { parseVp9KeyFrame, vp9ChromaSubsampling } from './vp9.ts';
import { buildVpcC, parseVpcC, vpChromaFormat, vpLevelOf } from './vpcc.ts';

/** What a sync sample says of its decoder that the track does not say. */
export interface InBandChange {
  readonly config: Uint8Array;
  readonly width?: number;
  readonly height?: number;
}

/**
 * The config that a sync sample asks for, where its bytes are not those of the track's config; whether the difference
 * matters is for the caller to see. Throws CodecError when what is found cannot be read.
 */
export function inBandConfig(track: Track, sample: Uint8Array): InBandChange | undefined {
  switch (track.codec) {
    case 'h264':
      return avcChange(track.config, sample);
    case 'h265':
      return hevcChange(track.config, sample);
    case 'av1':
      return av1Change(track.config, sample);
    case 'vp9':
      return vp9Change(track, sample);
    case 'vp8':
      return vp8Change(track, sample);
    default:
      return undefined;
  }
}

function avcChange(config: Uint8Array, sample: Uint8Array): InBandChange | undefined {
  const found = avcParameterSetsOf(sample, avcLengthSize(config));
  if (found.sps.length + found.pps.length === 0) return undefined;
  const known = parseAvcC(config);
  if (
    isFirst(known.sps, found.sps) &&
    containsAll(known.sps, found.sps) &&
    containsAll(known.pps, found.pps)
  ) {
    return undefined;
  }
  const { lengthSize, spsExtensions } = known;
  return {
    config: buildAvcC(merge(known.sps, found.sps, avcSpsId), merge(known.pps, found.pps, avcPpsId), {
      lengthSize,
      spsExtensions,
    }),
  };
}

function hevcChange(config: Uint8Array, sample: Uint8Array): InBandChange | undefined {
  const found = hevcParameterSetsOf(sample, hevcLengthSize(config));
  if (found.vps.length + found.sps.length + found.pps.length === 0) return undefined;
  const known = parseHvcC(config);
  if (
    isFirst(known.sps, found.sps) &&
    containsAll(known.vps, found.vps) &&
    containsAll(known.sps, found.sps) &&
    containsAll(known.pps, found.pps)
  ) {
    return undefined;
  }
  return {
    config: buildHvcC(
      merge(known.vps, found.vps, hevcVpsId),
      merge(known.sps, found.sps, hevcSpsId),
      merge(known.pps, found.pps, hevcPpsId),
      { lengthSize: known.lengthSize },
    ),
  };
}

function av1Change(config: Uint8Array, sample: Uint8Array): InBandChange | undefined {
  const found = findSequenceHeader(sample);
  if (found === undefined) return undefined;
  const known = parseAv1C(config).sequenceHeader;
  return known !== undefined && isEqual(known, found) ? undefined : { config: buildAv1C(found) };
}

function vp9Change(track: Track, sample: Uint8Array): InBandChange | undefined {
  const key = parseVp9KeyFrame(sample);
  if (key === undefined) return undefined;
  const known = parseVpcC(track.config);
  const { profile, bitDepth, width, height } = key;
  const chromaSubsampling = vp9ChromaSubsampling(key);
  const sameSize = width === track.width && height === track.height;
  const sameChroma = vpChromaFormat(known) === vpChromaFormat({ chromaSubsampling });
  if (sameSize && sameChroma && known.profile === profile && known.bitDepth === bitDepth) return undefined;
  const level = sameSize ? known.level : vpLevelOf(key, 30);
  return { config: buildVpcC({ ...known, profile, bitDepth, chromaSubsampling, level }), width, height };
}

function vp8Change(track: Track, sample: Uint8Array): InBandChange | undefined {
  const size = parseVp8KeyFrame(sample);
  if (size === undefined || (size.width === track.width && size.height === track.height)) return undefined;
  return { config: buildVpcC({ ...parseVpcC(track.config), level: vpLevelOf(size, 30) }), ...size };
}

/**
 * The sets after the sample's have arrived: the new ones first, so that they are the ones described, then the known
 * ones whose id was not replaced. Known sets whose id cannot be read are of no use to anybody.
 */
function merge(
  known: readonly Uint8Array[],
  found: readonly Uint8Array[],
  idOf: (set: Uint8Array) => number,
): Uint8Array[] {
  // The last of an id counts when a sample repeats one.
  const byId = new Map(found.map((set) => [idOf(set), set]));
  const kept = known.filter((set) => {
    const id = readable(set, idOf);
    return id !== undefined && !byId.has(id);
  });
  return [...byId.values(), ...kept];
}

function readable(set: Uint8Array, idOf: (set: Uint8Array) => number): number | undefined {
  try {
    return idOf(set);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

/** The first SPS is the one that describes the track: a camera that goes back to an older size resends its SPS. */
function isFirst(known: readonly Uint8Array[], found: readonly Uint8Array[]): boolean {
  const [first] = found;
  return first === undefined || (known[0] !== undefined && isEqual(known[0], first));
}

function containsAll(known: readonly Uint8Array[], found: readonly Uint8Array[]): boolean {
  return found.every((set) => known.some((other) => isEqual(set, other)));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
