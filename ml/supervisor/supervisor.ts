import type { Track } from '../../fragments/media/track.ts';
import type { Detection } from '../detect/detection.ts';
import type { ModelIdentity } from '../detect/detector.ts';
import type { FrameRef } from '../watch/frame.ts';
import type { ObservedFace } from '../watch/observed.ts';
import type { WatchSettings } from '../watch/watch-settings.ts';
import type { WatchState } from '../watch/watch-state.ts';
import type { WatchResult } from './watch-result.ts';

/**
 * The supervisor of the worker processes that look at frames (detection.md "Recommended design"), as the server uses it. It runs
 * in the server's process and holds no native code. The implementation is `WorkerSupervisor` in worker-supervisor.ts.
 */

/** One access unit of the watched video track, in its storage form and in decode order. */
export interface OfferedSample {
  /** The same object until the decoder configuration changes. */
  readonly track: Track;
  readonly dtsUs: number;
  /** Grows over all of the stream's life as presentation time does; unique in its run. */
  readonly ptsUs: number;
  readonly isSync: boolean;
  readonly data: Uint8Array;
  readonly frame: FrameRef;
  /** Does not go on from the sample before: the decoder starts anew here, at the next sync sample. */
  readonly isDiscontinuous: boolean;
  /** `false`: it is not looked at, and there only so that what comes after can be decoded. */
  readonly isDue?: boolean;
}

export interface WatchOptions {
  /** Unique among open watches; stands in events and track ids. */
  readonly name: string;
  /** The stream: whose media it is, for quarantine, and stands in events. */
  readonly stream: string;
  /**
   * `live`: the newest frame wins, what comes too fast is passed over and counted, `offer` never waits. `batch`: every frame that
   * is due is looked at, at lower priority than any live watch, and `offer` is waited for.
   */
  readonly pace: 'live' | 'batch';
  readonly settings: WatchSettings;
  /** What the watch knew when it was last heard of. */
  readonly state: WatchState | undefined;
  /**
   * Results come one after the other, in order; the next one waits until this one was taken. When it rejects, the watch is `failed` for
   * good: its owner opens another one with the state that it has.
   */
  readonly onResult: (result: WatchResult) => void | Promise<void>;
  readonly onStatus?: (status: WatchStatus) => void;
}

export interface WatchStatus {
  readonly state: 'watching' | 'degraded' | 'quarantined' | 'failed';
  /** For people: why it is not `watching`. */
  readonly message: string;
  /** The tier in force: lower than the one set while the machine cannot keep up. */
  readonly tier: string;
  /** From a frame's arrival to its result, of the newest one; `undefined` before the first. */
  readonly lagMs: number | undefined;
}

export interface Watch {
  readonly status: WatchStatus;
  /**
   * Takes the next sample. Resolves at once (`live`), or when there is room for more (`batch`). Throws WatchError `closed`; a batch also
   * why nobody looks: `no-model`, `unavailable`, or `crashed` while its stream is in quarantine.
   */
  offer(sample: OfferedSample): Promise<void>;
  /** All that was offered has been looked at, or passed over. Throws WatchError as `offer` does. */
  drained(): Promise<void>;
  /** Other settings from the next frame on; a watch with another model begins new tracks. */
  configure(settings: WatchSettings): void;
  /** Lets everything that is followed leave: the stream ended at this frame, or the watch is given up. Its events come by onResult. Throws WatchError. */
  end(frame: FrameRef): Promise<void>;
  /** Forgets it: no more results. What is followed stays in the state. */
  close(): void;
}

/** One picture out of a file (JPEG, PNG, WebP), for `models try`, image operations and galleries. */
export interface PictureQuestion {
  readonly file: Uint8Array;
  /** Registered model whose objects are looked for; none when absent. */
  readonly model?: string;
  readonly minScore?: number;
  /**
   * Look for faces, with their embeddings where they are large enough: those of the `maxEmbeddings` largest (0.2 s each); of all
   * when absent.
   */
  readonly faces?: { readonly minPixels: number; readonly maxEmbeddings?: number };
}

export interface PictureAnswer {
  readonly width: number;
  readonly height: number;
  readonly model: ModelIdentity | undefined;
  readonly objects: readonly Detection[];
  readonly faces: readonly ObservedFace[];
}

/**
 * Why there is no answer. `bad-media`: the picture cannot be decoded; `too-large`: more pixels than are taken; `busy`: too many
 * wait; `timeout`, `crashed`: the worker was ended; `no-model`: no such model, or it cannot be loaded; `unavailable`: no backend on
 * this machine that is fast enough; `closed`.
 */
export type WatchErrorCode =
  | 'bad-media'
  | 'too-large'
  | 'busy'
  | 'timeout'
  | 'crashed'
  | 'no-model'
  | 'unavailable'
  | 'closed';

export class WatchError extends Error {
  readonly code: WatchErrorCode;

  constructor(code: WatchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WatchError';
    this.code = code;
  }
}

export interface DetectionSupervisor {
  /** Opens a watch; its worker is started when the first frame is due. Throws WatchError `closed`. */
  watch(options: WatchOptions): Watch;
  /** Looks at one picture. Throws WatchError. */
  look(question: PictureQuestion): Promise<PictureAnswer>;
  /** What the workers said of themselves when they came up; `undefined` before one has. For `/readyz` and the page. */
  readonly capabilities: WorkerCapabilities | undefined;
  close(): Promise<void>;
}

export interface WorkerCapabilities {
  /** `wasm`, `tensorflow` (the operator has installed tfjs-node). */
  readonly backend: string;
  readonly simd: boolean;
  /** `native` or `ffmpeg`. */
  readonly decoder: string;
}
