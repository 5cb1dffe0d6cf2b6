import type { DecodableTrack } from '../decode/declared-size.ts';
import type { JobSample } from '../decode/decode-job.ts';
import type { FrameRef } from '../watch/frame.ts';
import type { WatchSettings } from '../watch/watch-settings.ts';
import type { WatchState } from '../watch/watch-state.ts';
import type { PictureAnswer, PictureQuestion, WatchErrorCode, WorkerCapabilities } from './supervisor.ts';
import type { WatchResult } from './watch-result.ts';

/** What the supervisor and its workers say to each other. Structured-cloned between processes. */

/** A watch that the worker does not know yet, or that is to be another one from now on. */
export interface WatchOpening {
  readonly name: string;
  readonly stream: string;
  readonly settings: WatchSettings;
  readonly state: WatchState | undefined;
}

export interface DueFrame {
  readonly ptsUs: number;
  readonly frame: FrameRef;
}

export interface WatchWork {
  /** Number of the watch, unique in the life of the supervisor. */
  readonly watch: number;
  readonly opening: WatchOpening | undefined;
  /** Of the samples; `undefined` where it is that of the work before. */
  readonly track: DecodableTrack | undefined;
  /** In decode order, going on from those of the work before unless `startsAnew`; then the first is a sync sample. */
  readonly samples: readonly JobSample[];
  readonly startsAnew: boolean;
  /** Whatever is in the decoder comes out after these. */
  readonly flush: boolean;
  /** Which of the samples are looked at, growing in time. */
  readonly due: readonly DueFrame[];
  /** After all that: everything that is followed leaves. */
  readonly end: FrameRef | undefined;
}

/** What came of a due frame, or of the end (without a time). Frames that are still in the decoder come with a later answer. */
export interface TimedResult {
  readonly ptsUs: number | undefined;
  readonly result: WatchResult;
}

export interface WatchAnswer {
  readonly results: readonly TimedResult[];
  /** Why frames were not decoded, for the log. */
  readonly decodeError: string | undefined;
}

export type WorkerRequest =
  | { readonly kind: 'start' }
  /** `forget`: watches that this worker is not asked for any more. */
  | { readonly kind: 'watch'; readonly work: WatchWork; readonly forget: readonly number[] }
  | { readonly kind: 'look'; readonly question: PictureQuestion; readonly forget: readonly number[] };

export type WorkerReply =
  /** `problems`: what does not work on this machine though it is there, for the log. */
  | {
      readonly kind: 'started';
      readonly capabilities: WorkerCapabilities;
      readonly problems: readonly string[];
    }
  | { readonly kind: 'watched'; readonly answer: WatchAnswer }
  | { readonly kind: 'looked'; readonly answer: PictureAnswer }
  | { readonly kind: 'failed'; readonly code: WatchErrorCode; readonly message: string };
