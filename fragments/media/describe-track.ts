import { aacCodecString, parseAudioSpecificConfig } from './aac.ts';
import { AC3_FRAME_LENGTH, parseDac3 } from './ac3.ts';
import { av1CodecString, parseAv1C, parseAv1SequenceHeader } from './av1.ts';
import { avcCodecString, parseAvcC } from './avc.ts';
import { parseAvcSps } from './avc-sps.ts';
import { CodecError } from './codec-error.ts';
import { buildDfLa, isFlacHeader, parseDfLa } from './flac.ts';
import { G711_SAMPLE_RATE_HZ } from './g711.ts';
import { hevcCodecString, parseHvcC } from './hevc.ts';
import { parseHevcSps } from './hevc-sps.ts';
import { mp3CodecString, mp3FrameLength } from './mp3.ts';
import { dOpsFromOpusHead, isOpusHead, OPUS_SAMPLE_RATE_HZ, parseDOps } from './opus.ts';
import type { Codec, Track, TrackKind } from './track.ts';
import { checkedSize, type VideoSize } from './video-size.ts';
import { parseVpcC, vpCodecString, vpcCFromRecord } from './vpcc.ts';

/** What a container or protocol says of a track. Width, height, rate and channels are hints, used where the config says nothing. */
export interface TrackInput {
  readonly id: number;
  readonly kind: TrackKind;
  readonly codec: Codec;
  /** Ticks per second. */
  readonly timescale: number;
  /**
   * The decoder config as `Track.config` has it. Also taken: OpusHead, FLAC's `fLaC` header, and the bare
   * VPCodecConfigurationRecord, as Matroska and enhanced RTMP carry them.
   */
  readonly config: Uint8Array;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly sampleRateHz?: number | undefined;
  readonly channels?: number | undefined;
  readonly contentType?: string | undefined;
}

/** What a codec's config tells, beyond the input. */
type Facts = Pick<Track, 'codecString'> &
  Partial<Pick<Track, 'config' | 'width' | 'height' | 'sampleRateHz' | 'channels' | 'frameLength'>>;

const KINDS: Readonly<Record<Codec, TrackKind>> = {
  h264: 'video',
  h265: 'video',
  av1: 'video',
  vp9: 'video',
  vp8: 'video',
  aac: 'audio',
  opus: 'audio',
  mp3: 'audio',
  flac: 'audio',
  ac3: 'audio',
  pcmu: 'audio',
  pcma: 'audio',
  opaque: 'data',
};

const NO_CONFIG = new Uint8Array(0);
const MAX_TIMESCALE = 0xffff_ffff;

/**
 * Makes a Track of what a producer sent: reads the decoder config and fills in codec string, size, rate, channels and
 * frame length. Throws CodecError only.
 */
export function describeTrack(input: TrackInput): Track {
  const { id, kind, codec, timescale, contentType } = input;
  if (KINDS[codec] !== kind) throw new CodecError('invalid', `${codec} is not a codec of ${kind} tracks`);
  if (!Number.isInteger(timescale) || timescale < 1 || timescale > MAX_TIMESCALE) {
    throw new CodecError('invalid', `timescale ${timescale}`);
  }
  const facts = readFacts(input);
  return {
    id,
    kind,
    codec,
    timescale,
    ...facts,
    // A copy: tracks outlive the network buffer that the config came in.
    config: Uint8Array.from(facts.config ?? input.config),
    ...(contentType === undefined ? {} : { contentType }),
  };
}

function readFacts(input: TrackInput): Facts {
  switch (input.codec) {
    case 'h264':
      return avcFacts(input);
    case 'h265':
      return hevcFacts(input);
    case 'av1':
      return av1Facts(input);
    case 'vp9':
    case 'vp8':
      return vpFacts(input, input.codec === 'vp9' ? 'vp09' : 'vp08');
    case 'aac':
      return aacFacts(input);
    case 'opus':
      return opusFacts(input);
    case 'flac':
      return flacFacts(input);
    case 'ac3': {
      const { sampleRateHz, channels } = parseDac3(input.config);
      return { codecString: 'ac-3', ...checkedAudio(sampleRateHz, channels), frameLength: AC3_FRAME_LENGTH };
    }
    case 'mp3': {
      const audio = checkedAudio(input.sampleRateHz, input.channels ?? 2);
      const { sampleRateHz } = audio;
      const frameLength = mp3FrameLength(sampleRateHz);
      return { codecString: mp3CodecString(sampleRateHz), config: NO_CONFIG, ...audio, frameLength };
    }
    case 'pcmu':
    case 'pcma': {
      const audio = checkedAudio(input.sampleRateHz ?? G711_SAMPLE_RATE_HZ, input.channels ?? 1);
      return { codecString: input.codec === 'pcmu' ? 'ulaw' : 'alaw', config: NO_CONFIG, ...audio };
    }
    case 'opaque':
      return { codecString: '' };
  }
}

function avcFacts(input: TrackInput): Facts {
  const avcC = parseAvcC(input.config);
  const sps = tolerated(input, () => avcC.sps[0] && parseAvcSps(avcC.sps[0]));
  return { codecString: avcCodecString(sps ?? avcC), ...sizeOf(sps, input) };
}

function hevcFacts(input: TrackInput): Facts {
  const hvcC = parseHvcC(input.config);
  const sps = tolerated(input, () => hvcC.sps[0] && parseHevcSps(hvcC.sps[0]));
  return { codecString: hevcCodecString(hvcC), ...sizeOf(sps, input) };
}

function av1Facts(input: TrackInput): Facts {
  const av1C = parseAv1C(input.config);
  const header = tolerated(input, () => av1C.sequenceHeader && parseAv1SequenceHeader(av1C.sequenceHeader));
  return { codecString: av1CodecString(av1C), ...sizeOf(header, input) };
}

function vpFacts(input: TrackInput, fourCc: 'vp08' | 'vp09'): Facts {
  const config = vpcCFromRecord(input.config);
  return { codecString: vpCodecString(fourCc, parseVpcC(config)), config, ...sizeOf(undefined, input) };
}

function aacFacts(input: TrackInput): Facts {
  const aac = parseAudioSpecificConfig(input.config);
  const channels = aac.channels > 0 ? aac.channels : input.channels;
  return {
    codecString: aacCodecString(aac),
    ...checkedAudio(aac.outputSampleRateHz, channels),
    ...(aac.frameLength === undefined ? {} : { frameLength: aac.frameLength }),
  };
}

function opusFacts(input: TrackInput): Facts {
  const config = isOpusHead(input.config) ? dOpsFromOpusHead(input.config) : input.config;
  const { channels } = parseDOps(config);
  return { codecString: 'opus', config, ...checkedAudio(OPUS_SAMPLE_RATE_HZ, channels) };
}

function flacFacts(input: TrackInput): Facts {
  const config = isFlacHeader(input.config) ? buildDfLa(input.config) : input.config;
  const flac = parseDfLa(config);
  return {
    codecString: 'fLaC',
    config,
    ...checkedAudio(flac.sampleRateHz, flac.channels),
    // RFC 9639 §8.2: equal minimum and maximum mean a fixed block size.
    ...(flac.minBlockSize === flac.maxBlockSize ? { frameLength: flac.maxBlockSize } : {}),
  };
}

/** Cameras send parameter sets that no parser should have to accept; with a size told otherwise they are no reason to refuse. */
function tolerated<T>(input: TrackInput, parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof CodecError && input.width !== undefined && input.height !== undefined)
      return undefined;
    throw error;
  }
}

function sizeOf(coded: VideoSize | undefined, input: TrackInput): VideoSize {
  if (coded !== undefined) return checkedSize(coded.width, coded.height);
  const { width, height } = input;
  if (width === undefined || height === undefined) {
    throw new CodecError('invalid', `nothing says the picture size of ${input.codec}`);
  }
  return checkedSize(width, height);
}

function checkedAudio(
  sampleRateHz: number | undefined,
  channels: number | undefined,
): { sampleRateHz: number; channels: number } {
  if (sampleRateHz === undefined || !Number.isInteger(sampleRateHz) || sampleRateHz < 1) {
    throw new CodecError('invalid', `sample rate ${sampleRateHz}`);
  }
  if (channels === undefined || !Number.isInteger(channels) || channels < 1 || channels > 255) {
    throw new CodecError('invalid', `${channels} channels`);
  }
  return { sampleRateHz, channels };
}
