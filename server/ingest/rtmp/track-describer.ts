import { dac3FromFrame } from '../../../fragments/media/ac3.ts';
import { av1CFromKeyFrame } from '../../../fragments/media/av1.ts';
import { describeTrack } from '../../../fragments/media/describe-track.ts';
import { parseMp3Header } from '../../../fragments/media/mp3.ts';
import { buildDOps, OPUS_SAMPLE_RATE_HZ, type OpusConfig } from '../../../fragments/media/opus.ts';
import type { Codec, Track } from '../../../fragments/media/track.ts';
import { parseVp8KeyFrame, vpcCFromVp8KeyFrame } from '../../../fragments/media/vp8.ts';
import { parseVp9KeyFrame, vpcCFromVp9KeyFrame } from '../../../fragments/media/vp9.ts';

/** Tracks from what RTMP says of them: a configuration packet where the codec has one, the first frame where not. */

/** 1 ms is 90 ticks exactly, and the nanoseconds of Enhanced RTMP are kept to 11 µs. */
export const RTMP_TIMESCALE = 90_000;
export const VIDEO_TRACK_ID = 1;
export const AUDIO_TRACK_ID = 2;

const STEREO_OPUS: OpusConfig = {
  channels: 2,
  preSkip: 312,
  inputSampleRateHz: OPUS_SAMPLE_RATE_HZ,
  outputGain: 0,
  mappingFamily: 0,
  mapping: new Uint8Array(0),
};

/** What the metadata tells of the picture; used where the decoder configuration has no size. */
export interface VideoHints {
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/**
 * The track that a video configuration packet describes; `undefined` for VP8 and VP9 while nothing says their size.
 * Throws CodecError.
 */
export function videoTrackOfConfig(codec: Codec, config: Uint8Array, hints: VideoHints): Track | undefined {
  const hasOwnSize = codec !== 'vp8' && codec !== 'vp9';
  if (!hasOwnSize && (hints.width === undefined || hints.height === undefined)) return undefined;
  return describeTrack({
    id: VIDEO_TRACK_ID,
    kind: 'video',
    codec,
    timescale: RTMP_TIMESCALE,
    config: Buffer.from(config),
    ...hints,
  });
}

/**
 * The track that a key frame describes by itself, where it can: AV1, VP9 and VP8. `config`: a configuration that came
 * without the size. Throws CodecError.
 */
export function videoTrackOfKeyFrame(
  codec: Codec,
  frame: Uint8Array,
  config: Uint8Array | undefined,
): Track | undefined {
  if (codec === 'av1') {
    const own = av1CFromKeyFrame(frame);
    return own && videoTrackOfConfig(codec, own, { width: undefined, height: undefined });
  }
  const size =
    codec === 'vp9' ? parseVp9KeyFrame(frame) : codec === 'vp8' ? parseVp8KeyFrame(frame) : undefined;
  if (size === undefined) return undefined;
  const fromFrame = codec === 'vp9' ? vpcCFromVp9KeyFrame : vpcCFromVp8KeyFrame;
  return videoTrackOfConfig(codec, config ?? fromFrame(frame), { width: size.width, height: size.height });
}

/** The track that an audio configuration packet describes. Throws CodecError. */
export function audioTrackOfConfig(codec: Codec, config: Uint8Array): Track {
  return describeTrack({
    id: AUDIO_TRACK_ID,
    kind: 'audio',
    codec,
    timescale: RTMP_TIMESCALE,
    // "If the Opus sequence start payload is empty, ... default to mono/stereo mode."
    config: codec === 'opus' && config.length === 0 ? buildDOps(STEREO_OPUS) : Buffer.from(config),
  });
}

/**
 * The track that the first frame of a codec without configuration packet describes (MP3, AC-3, G.711); `undefined` for
 * codecs that need one. `channels`: what the tag says. Throws CodecError.
 */
export function audioTrackOfFrame(codec: Codec, frame: Uint8Array, channels: number): Track | undefined {
  const input = { id: AUDIO_TRACK_ID, kind: 'audio', codec, timescale: RTMP_TIMESCALE } as const;
  if (codec === 'ac3') return describeTrack({ ...input, config: dac3FromFrame(frame) });
  if (codec === 'mp3') {
    const header = parseMp3Header(frame);
    const { sampleRateHz } = header;
    return describeTrack({ ...input, config: new Uint8Array(0), sampleRateHz, channels: header.channels });
  }
  // FLV has G.711 at 8 kHz only.
  if (codec === 'pcmu' || codec === 'pcma')
    return describeTrack({ ...input, config: new Uint8Array(0), channels });
  return undefined;
}
