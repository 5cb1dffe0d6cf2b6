import { withoutTemporalDelimiters } from '../../../fragments/media/av1-obu.ts';
import { CodecError } from '../../../fragments/media/codec-error.ts';
import { isSameDecoder, withInBandParameterSets } from '../../../fragments/media/decoder-change.ts';
import type { Codec, Track, TrackKind } from '../../../fragments/media/track.ts';
import { Unwrap32 } from '../../../fragments/stream/unwrap32.ts';
import type { AmfObject } from './amf-value.ts';
import { type AudioPacket, readAudioTag } from './flv-audio.ts';
import { readVideoTag, type VideoPacket } from './flv-video.ts';
import type { RtmpCounters } from './rtmp-counters.ts';
import { RtmpError } from './rtmp-error.ts';
import {
  AUDIO_TRACK_ID,
  audioTrackOfConfig,
  audioTrackOfFrame,
  VIDEO_TRACK_ID,
  type VideoHints,
  videoTrackOfConfig,
  videoTrackOfKeyFrame,
} from './track-describer.ts';
import { type MediaSink, TrackGate } from './track-gate.ts';

/** What the sample maker counts. */
export type SampleCounters = Pick<
  RtmpCounters,
  'skippedTrackPackets' | 'unsupportedPackets' | 'unconfiguredPackets' | 'badTags'
>;

const TICKS_PER_MS = 90;
const TICKS_PER_NANO = 90 / 1_000_000;
/** Different complaints passed on for one publication; the counters count all. */
const MAX_COMPLAINTS = 16;

type ConfigPacket = Extract<VideoPacket, { type: 'config' }>;
type FrameOf<P> = Extract<P, { type: 'frame' }>;

/**
 * Audio and video messages of one publication to tracks and samples. Nothing in a tag ends the publication: what cannot
 * be stored is counted, named once, and passed over.
 */
export class SampleMaker {
  readonly #sink: MediaSink;
  readonly #gate: TrackGate;
  readonly #counters: SampleCounters;
  readonly #clock = new Unwrap32();
  readonly #complaints = new Set<string>();
  /** Enhanced RTMP's track id that is stored, of each kind: the first that comes. */
  readonly #chosen = new Map<TrackKind, number>();
  #configWithoutSize: Buffer | undefined;
  #hints: VideoHints = { width: undefined, height: undefined };

  constructor(sink: MediaSink, counters: SampleCounters) {
    this.#sink = sink;
    this.#counters = counters;
    this.#gate = new TrackGate(sink);
  }

  /** Takes onMetaData: which tracks to wait for, and the picture size. */
  metadata(values: AmfObject): void {
    const size = (value: unknown) =>
      typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined;
    this.#hints = { width: size(values.width), height: size(values.height) };
    const kinds = new Set<TrackKind>();
    if (isCodecId(values.videocodecid)) kinds.add('video');
    if (isCodecId(values.audiocodecid)) kinds.add('audio');
    if (kinds.size > 0) this.#gate.expect(kinds);
  }

  /** Takes a video message; its payload becomes the sample's data. */
  video(payload: Buffer, timestampMs: number, nowMs: number): void {
    const mediaMs = this.#clock.next(timestampMs);
    this.#guard(nowMs, () => {
      for (const packet of readVideoTag(payload)) this.#takeVideo(packet, mediaMs, nowMs);
    });
  }

  /** Takes an audio message; its payload becomes the sample's data. */
  audio(payload: Buffer, timestampMs: number, nowMs: number): void {
    const mediaMs = this.#clock.next(timestampMs);
    this.#guard(nowMs, () => {
      for (const packet of readAudioTag(payload)) this.#takeAudio(packet, mediaMs, nowMs);
    });
  }

  /** The publication ends. */
  end(nowMs: number): void {
    this.#gate.end(nowMs);
  }

  #guard(nowMs: number, take: () => void): void {
    try {
      take();
    } catch (error) {
      if (!(error instanceof RtmpError) && !(error instanceof CodecError)) throw error;
      this.#counters.badTags++;
      this.#complain(error.message, nowMs);
    }
  }

  #takeVideo(packet: VideoPacket, mediaMs: number, nowMs: number): void {
    if (!this.#isStored('video', packet, nowMs)) return;
    if (packet.type === 'config') this.#videoConfig(packet, nowMs);
    else this.#videoFrame(packet, mediaMs, nowMs);
  }

  #takeAudio(packet: AudioPacket, mediaMs: number, nowMs: number): void {
    if (!this.#isStored('audio', packet, nowMs)) return;
    if (packet.type === 'config') this.#setTrack(audioTrackOfConfig(packet.codec, packet.config), nowMs);
    else this.#audioFrame(packet, mediaMs, nowMs);
  }

  #videoConfig({ codec, config }: ConfigPacket, nowMs: number): void {
    const track = videoTrackOfConfig(codec, config, this.#hints);
    // VP8 and VP9 without a size in the metadata: the key frame will have it.
    if (track === undefined) this.#configWithoutSize = config;
    else this.#setTrack(track, nowMs);
  }

  #videoFrame(packet: FrameOf<VideoPacket>, mediaMs: number, nowMs: number): void {
    const { codec, data } = packet;
    // A key frame whose parameter sets cannot be read is still a frame.
    if (packet.isKey) this.#guard(nowMs, () => this.#lookInside(codec, data, nowMs));
    const track = this.#known('video', codec);
    if (track === undefined) {
      this.#countUnconfigured(codec, nowMs);
      return;
    }
    this.#gate.write(
      {
        trackId: VIDEO_TRACK_ID,
        dtsTicks: ticksOf(mediaMs, packet.nanos),
        compositionOffsetTicks: packet.compositionMs * TICKS_PER_MS,
        durationTicks: 0,
        isSync: packet.isKey,
        // AV1 in ISOBMFF §2.4: "OBU_TEMPORAL_DELIMITER ... SHOULD NOT be present" in samples.
        data: codec === 'av1' ? withoutTemporalDelimiters(data) : data,
      },
      track.timescale,
      nowMs,
    );
  }

  /** A key frame may carry a configuration of its own. */
  #lookInside(codec: Codec, data: Buffer, nowMs: number): void {
    const known = this.#known('video', codec);
    const described =
      known === undefined
        ? videoTrackOfKeyFrame(codec, data, this.#configWithoutSize)
        : withInBandParameterSets(known, data);
    if (described !== undefined) this.#setTrack(described, nowMs);
  }

  #audioFrame(packet: FrameOf<AudioPacket>, mediaMs: number, nowMs: number): void {
    const { codec, data } = packet;
    if (this.#known('audio', codec) === undefined) {
      const described = audioTrackOfFrame(codec, data, packet.channels);
      if (described !== undefined) this.#setTrack(described, nowMs);
    }
    const track = this.#known('audio', codec);
    if (track === undefined) {
      this.#countUnconfigured(codec, nowMs);
      return;
    }
    this.#gate.write(
      {
        trackId: AUDIO_TRACK_ID,
        dtsTicks: ticksOf(mediaMs, packet.nanos),
        compositionOffsetTicks: 0,
        durationTicks: 0,
        isSync: true,
        data,
      },
      track.timescale,
      nowMs,
    );
  }

  /** Declares the track, unless it is the known one: many encoders repeat the configuration before each key frame. */
  #setTrack(track: Track, nowMs: number): void {
    const known = this.#gate.track(track.kind);
    if (known === undefined || !isSameDecoder(known, track)) this.#gate.setTrack(track, nowMs);
  }

  #known(kind: TrackKind, codec: Codec): Track | undefined {
    const track = this.#gate.track(kind);
    return track?.codec === codec ? track : undefined;
  }

  /** Has it something for the track of its kind that is stored? */
  #isStored<P extends VideoPacket | AudioPacket>(
    kind: TrackKind,
    packet: P,
    nowMs: number,
  ): packet is Extract<P, { type: 'config' | 'frame' }> {
    if (packet.type === 'ignored') return false;
    if (packet.type === 'unsupported') {
      this.#counters.unsupportedPackets++;
      this.#complain(`${packet.what} is not supported`, nowMs);
      return false;
    }
    const chosen = this.#chosen.get(kind);
    if (chosen === undefined) this.#chosen.set(kind, packet.trackId);
    if (chosen === undefined || chosen === packet.trackId) return true;
    this.#counters.skippedTrackPackets++;
    return false;
  }

  #countUnconfigured(codec: Codec, nowMs: number): void {
    this.#counters.unconfiguredPackets++;
    this.#complain(`${codec} frames before their decoder configuration`, nowMs);
  }

  #complain(message: string, nowMs: number): void {
    if (this.#complaints.size >= MAX_COMPLAINTS || this.#complaints.has(message)) return;
    this.#complaints.add(message);
    this.#sink.fail(message, nowMs);
  }
}

/** Encoders write a number, a FourCC as number, or its name. */
function isCodecId(value: unknown): boolean {
  return (typeof value === 'number' && value > 0) || (typeof value === 'string' && value !== '');
}

function ticksOf(mediaMs: number, nanos: number): number {
  return mediaMs * TICKS_PER_MS + Math.round(nanos * TICKS_PER_NANO);
}
