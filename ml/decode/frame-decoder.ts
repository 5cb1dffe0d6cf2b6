import type { DecodeJob } from './decode-job.ts';

/** A decoded picture in memory: RGBA, row by row without padding. */
export interface RawFrame {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** A way to decode. */
export interface FrameDecoder {
  /**
   * Decodes a job; `onFrame` is given each wanted picture once, with the indexes in `wantedUs` that it serves, and is waited
   * for before more is decoded than a few frames. Throws DecodeError `bad-media`, `too-large`, `unsupported`.
   */
  decode(
    job: DecodeJob,
    onFrame: (frame: RawFrame, wanted: readonly number[]) => Promise<void>,
  ): Promise<void>;
}

/** 4096 x 2304: the largest that cameras send, and 38 MB of RGBA. */
export const MAX_PIXELS = 4096 * 2304;
