/**
 * The one internal picture of media: every ingest makes these, every output takes them (design.md §1).
 */

export type TrackKind = 'video' | 'audio' | 'data';

/** Codecs that Framelog stores. `opaque` is any data track whose bytes are kept as they came. */
export type Codec =
  | 'h264'
  | 'h265'
  | 'av1'
  | 'vp9'
  | 'vp8'
  | 'aac'
  | 'opus'
  | 'mp3'
  | 'flac'
  | 'ac3'
  | 'pcmu'
  | 'pcma'
  | 'opaque';

/** One elementary stream of a camera, and all that a decoder or a playlist must know of it. */
export interface Track {
  /** 1-based, unique in its stream; the ISO BMFF track_ID. */
  readonly id: number;
  readonly kind: TrackKind;
  readonly codec: Codec;
  /** Ticks per second of this track's media time. */
  readonly timescale: number;
  /**
   * The decoder configuration as its ISO BMFF box carries it, without the box header:
   * avcC, hvcC, av1C, vpcC (with its version and flags), dOps, dfLa (with version and flags), dac3; for AAC the
   * AudioSpecificConfig; empty for mp3, pcmu, pcma, opaque.
   */
  readonly config: Uint8Array;
  /** RFC 6381 codecs parameter, e.g. `avc1.64001f`; empty for data tracks. */
  readonly codecString: string;
  /** Video only: coded size after cropping, in pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Audio only. */
  readonly sampleRateHz?: number;
  readonly channels?: number;
  /**
   * Audio only: sample frames at `sampleRateHz` in one access unit, where the config fixes it (AAC 1024, HE-AAC 2048,
   * MP3 1152, AC-3 1536); absent where each packet says it (Opus, G.711, some FLAC).
   */
  readonly frameLength?: number;
  /** Data tracks: what the bytes are, e.g. a MIME type. */
  readonly contentType?: string;
}

/** One access unit of one track, in its storage form (length-prefixed NAL units, raw AAC, AV1 low-overhead OBUs...). */
export interface Sample {
  readonly trackId: number;
  /** Decode time in the track's timescale, counted from the start of the producer's timeline. */
  readonly dtsTicks: number;
  /** Presentation time minus decode time, in ticks; may be negative. */
  readonly compositionOffsetTicks: number;
  /** Ticks to the next sample of the track; 0 while it is not known yet. */
  readonly durationTicks: number;
  /** A decoder can start here. Always true for audio and data. */
  readonly isSync: boolean;
  /** The payload. Shared by reference: nobody writes to it after the sample was made. */
  readonly data: Uint8Array;
}
