import type { Track } from '../../fragments/media/track.ts';

/** What a decoder process is asked for, and what it answers. Structured-cloned between processes. */

/** One access unit in its storage form. */
export interface JobSample {
  readonly dtsUs: number;
  /** Presentation time; unique in its job. */
  readonly ptsUs: number;
  readonly isSync: boolean;
  readonly data: Uint8Array;
}

/** How pictures are encoded. Both sides: stretched to them; one: the other follows; none: as they are. */
export interface PictureFormat {
  readonly type: 'jpeg' | 'png';
  /** JPEG only, 1 to 100. */
  readonly quality?: number;
  readonly width?: number;
  readonly height?: number;
}

export interface DecodeJob {
  readonly track: Pick<Track, 'codec' | 'codecString' | 'config' | 'width' | 'height'>;
  /** In decode order, the first one a sync sample. */
  readonly samples: readonly JobSample[];
  /** Presentation times of the pictures that are wanted, growing. */
  readonly wantedUs: readonly number[];
  readonly format: PictureFormat;
}

/** The pictures, one for each that was wanted: the one of that time, or the nearest before it that could be decoded. */
export type Pictures = readonly (Uint8Array | undefined)[];

/**
 * Why there are no pictures. `bad-media`: the samples cannot be decoded. `too-large`: pictures or memory over the limits.
 * `unsupported`: no decoder here for this codec. `busy`: too many wait already. `timeout`: the decoder took too long and was ended.
 * `crashed`: the decoder died. `quarantined`: this source has crashed decoders again and again. `closed`: the server closes.
 */
export type DecodeErrorCode =
  | 'bad-media'
  | 'too-large'
  | 'unsupported'
  | 'busy'
  | 'timeout'
  | 'crashed'
  | 'quarantined'
  | 'closed';

export class DecodeError extends Error {
  readonly code: DecodeErrorCode;

  constructor(code: DecodeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DecodeError';
    this.code = code;
  }
}

/** What the process answers. */
export type DecodeReply =
  | { readonly pictures: Pictures }
  | { readonly error: { readonly code: DecodeErrorCode; readonly message: string } };

/** Which decoder a process uses: the native one with ffmpeg for what it cannot do, or one of them alone. */
export type DecoderChoice = 'auto' | 'native' | 'ffmpeg';
