import type { ColorFormat } from '../picture/i420-picture.ts';
import type { DecodableTrack } from './declared-size.ts';
import type { JobSample } from './decode-job.ts';

/** A picture out of a decoder: planes of luma and quartered chroma, one after the other, without padding. */
export interface DecodedPicture {
  /** That of its sample. */
  readonly ptsUs: number;
  readonly width: number;
  readonly height: number;
  readonly i420: Uint8Array;
  readonly color: ColorFormat;
}

/** Who is given the pictures. */
export interface PictureSink {
  /** Others are decoded, and thrown away without being copied. */
  isWanted(ptsUs: number): boolean;
  take(picture: DecodedPicture): void;
}

/** Decodes one stream as it comes, in runs of samples that begin with a sync sample. */
export interface LiveDecoder {
  /** Begins a run. Throws DecodeError `unsupported`. */
  start(track: DecodableTrack): void;
  /**
   * Goes on with the run. What has come out when it resolves has been given to the sink; some pictures stay in the decoder
   * until more samples come. Throws DecodeError; then the run is over.
   */
  decode(samples: readonly JobSample[]): Promise<void>;
  /** Ends the run: all its pictures come out. `start` is not needed when the next run is of the same track. Throws DecodeError. */
  flush(): Promise<void>;
  close(): void;
}

/** A way to decode; throws when it is not on this machine. */
export type LiveDecoderFactory = (sink: PictureSink) => LiveDecoder;
