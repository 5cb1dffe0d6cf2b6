import { opusHeadFromDOps } from '../../../fragments/media/opus.ts';
import type { Codec, Sample, Track } from '../../../fragments/media/track.ts';
import { type AmfObject, EcmaArray } from './amf-value.ts';
import { data as dataMessage } from './commands.ts';
import { fourCcOf } from './four-cc.ts';
import { ChunkStreamId, MessageType, type OutgoingMessage } from './messages.ts';

/**
 * Tracks and samples to audio, video and data messages: what players get and our publisher sends. Legacy FLV where it
 * has the codec, Enhanced RTMP for the others; with `precise` (to a peer that can read it) Enhanced RTMP for all, so that
 * every timestamp is kept to the nanosecond.
 */

export interface SampleWriterOptions {
  readonly precise: boolean;
  /** Media time of which the peer's timestamp 0 is; in seconds. */
  readonly originSeconds: number;
}

/** A sample's time as RTMP has it. */
interface WireTime {
  readonly timestampMs: number;
  /** Signed. */
  readonly compositionMs: number;
  /** Nanoseconds beyond timestampMs. */
  readonly nanos: number;
}

const LEGACY_VIDEO: Partial<Record<Codec, number>> = { h264: 7 };
const LEGACY_AUDIO: Partial<Record<Codec, number>> = { mp3: 2, pcma: 7, pcmu: 8, aac: 10 };
const VideoPacketType = { sequenceStart: 0, codedFrames: 1, codedFramesX: 3 } as const;
const AudioPacketType = { sequenceStart: 0, codedFrames: 1 } as const;
const EX_VIDEO = 0x80;
const EX_AUDIO = 9 << 4;
const MOD_EX = 7;
const KEY_FRAME = 1;
const INTER_FRAME = 2;
const NANOS_PER_MS = 1_000_000;

/** onMetaData for the tracks. */
export function metadataMessage(streamId: number, tracks: readonly Track[]): OutgoingMessage {
  const values: AmfObject = {};
  for (const track of tracks) {
    if (track.kind === 'video') {
      if (track.width !== undefined) values.width = track.width;
      if (track.height !== undefined) values.height = track.height;
      values.videocodecid = LEGACY_VIDEO[track.codec] ?? fourCcOf(track.codec) ?? 0;
    } else if (track.kind === 'audio') {
      if (track.sampleRateHz !== undefined) values.audiosamplerate = track.sampleRateHz;
      values.stereo = track.channels === 2;
      values.audiocodecid = LEGACY_AUDIO[track.codec] ?? fourCcOf(track.codec) ?? 0;
    }
  }
  values.encoder = 'Framelog';
  return dataMessage(streamId, 0, 'onMetaData', new EcmaArray(values));
}

/** Can RTMP carry it? Data tracks have no place in it. */
export function isCarried(track: Track): boolean {
  return track.kind !== 'data' && (LEGACY_AUDIO[track.codec] ?? fourCcOf(track.codec)) !== undefined;
}

/** Writes the messages of one stream. */
export class SampleWriter {
  readonly #options: SampleWriterOptions;

  constructor(options: SampleWriterOptions) {
    this.#options = options;
  }

  get originSeconds(): number {
    return this.#options.originSeconds;
  }

  /** The decoder configuration of a track; `undefined` for codecs that need none. */
  config(track: Track, timestampMs: number): Omit<OutgoingMessage, 'streamId'> | undefined {
    const config = wireConfig(track);
    if (config.length === 0) return undefined;
    if (track.kind === 'video') {
      const header = this.#isEnhanced(track)
        ? withFourCc([EX_VIDEO | (KEY_FRAME << 4) | VideoPacketType.sequenceStart], track)
        : Buffer.of((KEY_FRAME << 4) | (LEGACY_VIDEO[track.codec] ?? 0), 0, 0, 0, 0);
      return videoMessage(timestampMs, [header, config]);
    }
    const header = this.#isEnhanced(track)
      ? withFourCc([EX_AUDIO | AudioPacketType.sequenceStart], track)
      : Buffer.of(legacyAudioByte(track), 0);
    return audioMessage(timestampMs, [header, config]);
  }

  /** A sample's message. */
  sample(track: Track, sample: Sample): Omit<OutgoingMessage, 'streamId'> {
    const time = this.#timeOf(track, sample);
    const isEnhanced = this.#isEnhanced(track);
    if (track.kind === 'video') {
      const header = isEnhanced
        ? enhancedVideoHeader(track, sample, time)
        : legacyVideoHeader(track, sample, time);
      return videoMessage(time.timestampMs, [header, sample.data]);
    }
    const header = isEnhanced ? enhancedAudioHeader(track, time) : legacyAudioHeader(track);
    return audioMessage(time.timestampMs, [header, sample.data]);
  }

  #timeOf(track: Track, { dtsTicks, compositionOffsetTicks }: Sample): WireTime {
    // There is no time before zero: a negative timestamp would come out as one in 49 days.
    const dtsMs = Math.max(0, (dtsTicks / track.timescale - this.#options.originSeconds) * 1000);
    const ptsMs = dtsMs + (compositionOffsetTicks * 1000) / track.timescale;
    if (!this.#options.precise || !this.#isEnhanced(track)) {
      const timestampMs = Math.round(dtsMs);
      return { timestampMs, compositionMs: si24(Math.round(ptsMs) - timestampMs), nanos: 0 };
    }
    // The composition time has whole milliseconds: the presentation time is kept exact, the decode time follows it.
    const compositionMs = si24(Math.round(ptsMs - dtsMs));
    const totalNanos = Math.max(0, Math.round((ptsMs - compositionMs) * NANOS_PER_MS));
    const timestampMs = Math.floor(totalNanos / NANOS_PER_MS);
    return { timestampMs, compositionMs, nanos: totalNanos - timestampMs * NANOS_PER_MS };
  }

  #isEnhanced(track: Track): boolean {
    const hasLegacy = LEGACY_VIDEO[track.codec] !== undefined || LEGACY_AUDIO[track.codec] !== undefined;
    return !hasLegacy || (this.#options.precise && fourCcOf(track.codec) !== undefined);
  }
}

function videoMessage(timestampMs: number, payload: Uint8Array[]): Omit<OutgoingMessage, 'streamId'> {
  const chunkStreamId = ChunkStreamId.video;
  return { chunkStreamId, typeId: MessageType.video, timestampMs: timestampMs >>> 0, payload };
}

function audioMessage(timestampMs: number, payload: Uint8Array[]): Omit<OutgoingMessage, 'streamId'> {
  const chunkStreamId = ChunkStreamId.audio;
  return { chunkStreamId, typeId: MessageType.audio, timestampMs: timestampMs >>> 0, payload };
}

function legacyVideoHeader(track: Track, sample: Sample, { compositionMs }: WireTime): Buffer {
  const header = Buffer.allocUnsafe(5);
  header.writeUInt8(((sample.isSync ? KEY_FRAME : INTER_FRAME) << 4) | (LEGACY_VIDEO[track.codec] ?? 0), 0);
  header.writeUInt8(1, 1);
  header.writeIntBE(compositionMs, 2, 3);
  return header;
}

function legacyAudioHeader(track: Track): Buffer {
  const first = legacyAudioByte(track);
  return track.codec === 'aac' ? Buffer.of(first, 1) : Buffer.of(first);
}

/** Composition times have 24 bits: over two hours, which no decoder waits. */
function si24(value: number): number {
  return Math.max(-0x80_0000, Math.min(0x7f_ffff, value));
}

/** SoundFormat, SoundRate, SoundSize 16 bit, SoundType. "If the SoundFormat indicates AAC, the SoundType should be 1 and the SoundRate 3". */
function legacyAudioByte(track: Track): number {
  const format = LEGACY_AUDIO[track.codec] ?? 0;
  if (track.codec === 'aac') return (format << 4) | 0x0f;
  const rate = track.sampleRateHz ?? 0;
  const rateBits = rate >= 44_100 ? 3 : rate >= 22_050 ? 2 : rate >= 11_025 ? 1 : 0;
  return (format << 4) | (rateBits << 2) | 2 | (track.channels === 2 ? 1 : 0);
}

function enhancedVideoHeader(track: Track, sample: Sample, { compositionMs, nanos }: WireTime): Buffer {
  // Only H.264 and H.265 have a composition time in CodedFrames; in CodedFramesX it "is implied to equal zero".
  const isReordering = track.codec === 'h264' || track.codec === 'h265';
  const hasComposition = isReordering && compositionMs !== 0;
  const packetType =
    isReordering && !hasComposition ? VideoPacketType.codedFramesX : VideoPacketType.codedFrames;
  const flags = EX_VIDEO | ((sample.isSync ? KEY_FRAME : INTER_FRAME) << 4);
  const header = withFourCc(withNanos(flags, packetType, nanos), track);
  if (!hasComposition) return header;
  const composition = Buffer.allocUnsafe(3);
  composition.writeIntBE(compositionMs, 0, 3);
  return Buffer.concat([header, composition]);
}

function enhancedAudioHeader(track: Track, { nanos }: WireTime): Buffer {
  return withFourCc(withNanos(EX_AUDIO, AudioPacketType.codedFrames, nanos), track);
}

/** The first byte, and the TimestampOffsetNano modifier in front of the packet type when there is something to say. */
function withNanos(flags: number, packetType: number, nanos: number): number[] {
  if (nanos === 0) return [flags | packetType];
  // modExDataSize - 1, then three bytes, then modifier type 0 and the real packet type.
  return [flags | MOD_EX, 2, nanos >> 16, (nanos >> 8) & 0xff, nanos & 0xff, packetType];
}

function withFourCc(head: readonly number[], track: Track): Buffer {
  const bytes = Buffer.allocUnsafe(head.length + 4);
  bytes.set(head);
  bytes.writeUInt32BE(fourCcOf(track.codec) ?? 0, head.length);
  return bytes;
}

/** The decoder configuration in the form that RTMP has for the codec. */
function wireConfig(track: Track): Uint8Array {
  switch (track.codec) {
    case 'vp8':
    case 'vp9':
      // The bare VPCodecConfigurationRecord, without the box's version and flags, as ffmpeg writes it.
      return track.config.subarray(4);
    case 'opus':
      return opusHeadFromDOps(track.config);
    case 'flac':
      return Buffer.concat([Buffer.from('fLaC'), track.config.subarray(4)]);
    case 'ac3':
      // Nothing is defined for it: the frames describe themselves.
      return new Uint8Array(0);
    default:
      return track.config;
  }
}
