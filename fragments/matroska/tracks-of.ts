import { AAC_SAMPLE_RATES, buildAudioSpecificConfig } from '../media/aac.ts';
import { CodecError } from '../media/codec-error.ts';
import { describeTrack, type TrackInput } from '../media/describe-track.ts';
import type { Track } from '../media/track.ts';
import { buildVpcC, vpLevelOf } from '../media/vpcc.ts';
import { ac3ConfigOf } from './ac3-config.ts';
import { readAcmFormat } from './acm-format.ts';
import type { MatroskaTrack } from './matroska-event.ts';
import { timescaleOf } from './timecode-scale.ts';

/** Tracks of a Matroska document as Framelog's: what their codec ids and private data mean (RFC 9559, "Codec Mappings"). */

const NO_CONFIG = new Uint8Array(0);
const SECOND_NS = 1_000_000_000;

/** What a codec id makes of a track; the rest of TrackInput is the same for all. */
type CodecInput = Pick<TrackInput, 'kind' | 'codec' | 'config'> &
  Partial<Pick<TrackInput, 'sampleRateHz' | 'channels'>>;

/** All tracks of a header, each by trackOf. */
export function tracksOf(tracks: readonly MatroskaTrack[], timecodeScaleNs: number): Track[] {
  return tracks.map((track) => trackOf(track, timecodeScaleNs));
}

/**
 * One track, its id the Matroska track number and its media time the producer's timecodes (timecode-scale.ts). Never
 * fails: an unknown codec, or private data that cannot be read, make an opaque data track, its content type the codec id.
 */
export function trackOf(track: MatroskaTrack, timecodeScaleNs: number): Track {
  const timescale = timescaleOf(timecodeScaleNs);
  try {
    const codec = codecInput(track);
    if (codec !== undefined) {
      return describeTrack({
        width: track.pixelWidth,
        height: track.pixelHeight,
        sampleRateHz: track.sampleRateHz === undefined ? undefined : Math.round(track.sampleRateHz),
        channels: track.channels ?? (track.sampleRateHz === undefined ? undefined : 1),
        ...codec,
        id: track.number,
        timescale,
      });
    }
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
  }
  return {
    id: track.number,
    kind: 'data',
    codec: 'opaque',
    timescale,
    config: NO_CONFIG,
    codecString: '',
    contentType: track.codecId,
  };
}

function codecInput(track: MatroskaTrack): CodecInput | undefined {
  const config = track.codecPrivate ?? NO_CONFIG;
  switch (track.codecId) {
    // The specification's id, and that of the documentation (kvs.md §2.5).
    case 'V_MPEG4/ISO/AVC':
    case 'V_MPEG/ISO/AVC':
      return { kind: 'video', codec: 'h264', config };
    case 'V_MPEGH/ISO/HEVC':
      return { kind: 'video', codec: 'h265', config };
    case 'V_AV1':
      return { kind: 'video', codec: 'av1', config };
    case 'V_VP9':
      return { kind: 'video', codec: 'vp9', config: vp9Config(track) };
    case 'V_VP8':
      return { kind: 'video', codec: 'vp8', config: vpConfig(track, new Map()) };
    case 'A_AAC':
      return { kind: 'audio', codec: 'aac', config };
    case 'A_OPUS':
      return { kind: 'audio', codec: 'opus', config };
    case 'A_MPEG/L3':
      return { kind: 'audio', codec: 'mp3', config: NO_CONFIG };
    case 'A_FLAC':
      return { kind: 'audio', codec: 'flac', config };
    case 'A_AC3':
      return { kind: 'audio', codec: 'ac3', config: ac3ConfigOf(track) };
    case 'A_MS/ACM': {
      const format = readAcmFormat(config);
      return format && { kind: 'audio', config: NO_CONFIG, ...format };
    }
    default:
      return track.codecId.startsWith('A_AAC/')
        ? { kind: 'audio', codec: 'aac', config: aacConfig(track) }
        : undefined;
  }
}

/** Object types by the ids of old muxers, which carry no private data: `A_AAC/MPEG4/LC`, `A_AAC/MPEG2/LC/SBR`... */
const AAC_PROFILES: Readonly<Record<string, number>> = { MAIN: 1, LC: 2, SSR: 3, LTP: 4 };

function aacConfig(track: MatroskaTrack): Uint8Array {
  if (track.codecPrivate !== undefined && track.codecPrivate.length > 0) return track.codecPrivate;
  const objectType = AAC_PROFILES[track.codecId.split('/')[2] ?? ''];
  const sampleRateHz = Math.round(track.sampleRateHz ?? 0);
  const channels = track.channels ?? 1;
  // Channel configuration 7 is eight channels, 0 and those above are not told by a count (14496-3 table 1.19).
  const channelConfiguration = channels === 8 ? 7 : channels;
  if (
    objectType === undefined ||
    !AAC_SAMPLE_RATES.includes(sampleRateHz) ||
    channelConfiguration > 7 ||
    channels === 7
  ) {
    throw new CodecError('unsupported', `${track.codecId} of ${channels} channels at ${sampleRateHz} Hz`);
  }
  return buildAudioSpecificConfig({ objectType, sampleRateHz, channelConfiguration });
}

const VP9_PROFILE = 1;
const VP9_LEVEL = 2;
const VP9_BIT_DEPTH = 3;
const VP9_CHROMA = 4;

/** VP9's private data are optional features: id, length, value (webmproject.org, "VP9 Codec Feature Metadata"). */
function vp9Config(track: MatroskaTrack): Uint8Array {
  const features = new Map<number, number>();
  const bytes = track.codecPrivate ?? NO_CONFIG;
  for (let at = 0; at + 2 < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
    if (bytes[at + 1] === 1) features.set(bytes[at] ?? 0, bytes[at + 2] ?? 0);
  }
  return vpConfig(track, features);
}

/** What nobody says is what nearly all streams are: profile 0, 8 bit, 4:2:0; key frames set it right (in-band-config.ts). */
function vpConfig(track: MatroskaTrack, features: ReadonlyMap<number, number>): Uint8Array {
  const { pixelWidth: width, pixelHeight: height, defaultDurationNs } = track;
  if (width === undefined || height === undefined) throw new CodecError('invalid', 'no picture size');
  const framesPerSecond = defaultDurationNs === undefined ? 30 : SECOND_NS / defaultDurationNs;
  return buildVpcC({
    profile: features.get(VP9_PROFILE) ?? 0,
    level: features.get(VP9_LEVEL) ?? vpLevelOf({ width, height }, framesPerSecond),
    bitDepth: features.get(VP9_BIT_DEPTH) ?? 8,
    chromaSubsampling: (features.get(VP9_CHROMA) ?? 1) & 7,
    isFullRange: false,
    colourPrimaries: 2,
    transferCharacteristics: 2,
    matrixCoefficients: 2,
  });
}
