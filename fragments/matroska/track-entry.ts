import { parseAudioSpecificConfig } from '../media/aac.ts';
import { OPUS_SAMPLE_RATE_HZ, opusHeadFromDOps, parseDOps } from '../media/opus.ts';
import type { Codec, Track } from '../media/track.ts';
import { parseVpcC } from '../media/vpcc.ts';
import { writeAcmFormat } from './acm-format.ts';
import { element, floatElement, textElement, uintElement } from './ebml-writer.ts';
import * as Id from './element-ids.ts';

/** TrackEntry elements of Framelog's tracks (RFC 9559 §5.1.4 and "Codec Mappings"). */

const TYPE_VIDEO = 1;
const TYPE_AUDIO = 2;
/** Metadata: timed data that is no subtitle. */
const TYPE_METADATA = 33;

const CODEC_IDS: Readonly<Record<Exclude<Codec, 'opaque'>, string>> = {
  h264: 'V_MPEG4/ISO/AVC',
  h265: 'V_MPEGH/ISO/HEVC',
  av1: 'V_AV1',
  vp9: 'V_VP9',
  vp8: 'V_VP8',
  aac: 'A_AAC',
  opus: 'A_OPUS',
  mp3: 'A_MPEG/L3',
  flac: 'A_FLAC',
  ac3: 'A_AC3',
  pcmu: 'A_MS/ACM',
  pcma: 'A_MS/ACM',
};

/** 80 ms at 48 kHz: what an Opus decoder needs to settle (RFC 7845 §4.6). */
const OPUS_PRE_ROLL_NS = 80_000_000;

/** Track number and UID are the track's id. Throws CodecError when its config cannot be read. */
export function trackEntry(track: Track): Uint8Array {
  return element(Id.TRACK_ENTRY, [
    uintElement(Id.TRACK_NUMBER, track.id),
    uintElement(Id.TRACK_UID, track.id),
    uintElement(Id.TRACK_TYPE, typeOf(track)),
    uintElement(Id.FLAG_LACING, 0),
    textElement(Id.CODEC_ID, track.codec === 'opaque' ? opaqueId(track) : CODEC_IDS[track.codec]),
    ...(track.codec === 'opus' ? opusDelays(track) : []),
    ...mediaOf(track),
    ...privateOf(track),
  ]);
}

/** What Matroska itself told of a track keeps its type (tracks-of.ts). */
function typeOf({ kind, contentType }: Track): number {
  if (kind === 'video' || contentType?.startsWith('V_')) return TYPE_VIDEO;
  if (kind === 'audio' || contentType?.startsWith('A_')) return TYPE_AUDIO;
  return TYPE_METADATA;
}

/** A codec id of Matroska's form as it is; else a private one that says what the bytes are. */
function opaqueId({ contentType = 'application/octet-stream' }: Track): string {
  return /^[VASBD]_/.test(contentType) ? contentType : `D_${contentType}`;
}

function mediaOf(track: Track): Uint8Array[] {
  if (track.width !== undefined && track.height !== undefined) {
    return [
      element(Id.VIDEO, [
        uintElement(Id.PIXEL_WIDTH, track.width),
        uintElement(Id.PIXEL_HEIGHT, track.height),
      ]),
    ];
  }
  if (track.sampleRateHz === undefined) return [];
  const audio = [
    floatElement(Id.SAMPLING_FREQUENCY, coreRateOf(track, track.sampleRateHz)),
    uintElement(Id.CHANNELS, track.channels ?? 1),
  ];
  if (track.codec === 'aac') audio.push(floatElement(Id.OUTPUT_SAMPLING_FREQUENCY, track.sampleRateHz));
  if (track.codec === 'pcmu' || track.codec === 'pcma') audio.push(uintElement(Id.BIT_DEPTH, 8));
  return [element(Id.AUDIO, audio)];
}

/** "SamplingFrequency" of HE-AAC is that of the core coder; SBR doubles it (OutputSamplingFrequency). */
function coreRateOf(track: Track, sampleRateHz: number): number {
  return track.codec === 'aac' ? parseAudioSpecificConfig(track.config).coreSampleRateHz : sampleRateHz;
}

function opusDelays(track: Track): Uint8Array[] {
  const { preSkip } = parseDOps(track.config);
  return [
    uintElement(Id.CODEC_DELAY, Math.round((preSkip * 1e9) / OPUS_SAMPLE_RATE_HZ)),
    uintElement(Id.SEEK_PRE_ROLL, OPUS_PRE_ROLL_NS),
  ];
}

function privateOf(track: Track): Uint8Array[] {
  const bytes = privateBytes(track);
  return bytes === undefined ? [] : [element(Id.CODEC_PRIVATE, [bytes])];
}

function privateBytes(track: Track): Uint8Array | undefined {
  switch (track.codec) {
    case 'h264':
    case 'h265':
    case 'av1':
    case 'aac':
      return track.config;
    case 'opus':
      return opusHeadFromDOps(track.config);
    case 'flac':
      // dfLa is version and flags, then the metadata blocks.
      return Buffer.concat([Buffer.from('fLaC', 'latin1'), track.config.subarray(4)]);
    case 'vp9':
      return vp9Features(track.config);
    case 'pcmu':
    case 'pcma':
      return writeAcmFormat({
        codec: track.codec,
        channels: track.channels ?? 1,
        sampleRateHz: track.sampleRateHz ?? 8000,
      });
    default:
      return undefined;
  }
}

/** Id, length and value of profile, level, bit depth and chroma subsampling (webmproject.org, "VP9 Codec Feature Metadata"). */
function vp9Features(config: Uint8Array): Uint8Array {
  const { profile, level, bitDepth, chromaSubsampling } = parseVpcC(config);
  return Uint8Array.of(1, 1, profile, 2, 1, level, 3, 1, bitDepth, 4, 1, chromaSubsampling);
}
