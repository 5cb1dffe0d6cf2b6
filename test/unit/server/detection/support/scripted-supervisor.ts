import {
  type DetectionSupervisor,
  type OfferedSample,
  type PictureAnswer,
  type Watch,
  WatchError,
  type WatchOptions,
  type WatchStatus,
  type WorkerCapabilities,
} from '../../../../../ml/supervisor/supervisor.ts';
import { newCounters, type SupervisorLevels } from '../../../../../ml/supervisor/supervisor-counters.ts';
import type { WatchResult } from '../../../../../ml/supervisor/watch-result.ts';
import type { FrameRef } from '../../../../../ml/watch/frame.ts';
import type { WatchSettings } from '../../../../../ml/watch/watch-settings.ts';
import type { WatchState } from '../../../../../ml/watch/watch-state.ts';

export const MODEL = { name: 'scripted', sha256: 'ab'.repeat(32) };

/** What a result says besides its frame. */
export type ResultParts = Partial<Omit<WatchResult, 'frame'>>;

export interface Script {
  /** Of each sample that is offered; `undefined`: it is not due. */
  readonly onSample?: (sample: OfferedSample, watch: ScriptedWatch) => ResultParts | undefined;
  /** Of the frame at which the watch ends. */
  readonly onEnd?: (frame: FrameRef, watch: ScriptedWatch) => ResultParts;
}

/** A supervisor in which nobody looks: what is seen stands in the script. Results come in order, one after the other. */
export class ScriptedSupervisor implements DetectionSupervisor {
  readonly counters = newCounters();
  /** All that were ever opened. */
  readonly watches: ScriptedWatch[] = [];
  capabilities: WorkerCapabilities | undefined;
  script: Script;
  #isClosed = false;

  constructor(script: Script = {}) {
    this.script = script;
  }

  get levels(): SupervisorLevels {
    const watches = this.watches.filter(({ isClosed }) => !isClosed).length;
    return {
      workers: 0,
      watches,
      watchesByState: { watching: watches },
      waitingFrames: 0,
      waitingBytes: 0,
      waitingPictures: 0,
      lagMs: 0,
    };
  }

  watch(options: WatchOptions): ScriptedWatch {
    if (this.#isClosed) throw new WatchError('closed', 'the supervisor is closed');
    const watch = new ScriptedWatch(options, () => this.script);
    this.watches.push(watch);
    return watch;
  }

  look(): Promise<PictureAnswer> {
    throw new WatchError('unavailable', 'nobody looks');
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const watch of this.watches) watch.close();
    return Promise.resolve();
  }
}

export class ScriptedWatch implements Watch {
  readonly options: WatchOptions;
  settings: WatchSettings;
  /** What the script said last of what is known, or what was known before. */
  state: WatchState | undefined;
  status: WatchStatus;
  readonly offered: OfferedSample[] = [];
  isClosed = false;
  readonly #script: () => Script;
  #delivered: Promise<void> = Promise.resolve();

  constructor(options: WatchOptions, script: () => Script) {
    this.options = options;
    this.settings = options.settings;
    this.state = options.state;
    this.#script = script;
    this.status = { state: 'watching', message: '', tier: options.settings.tier, lagMs: undefined };
  }

  offer(sample: OfferedSample): Promise<void> {
    if (this.isClosed) return Promise.reject(new WatchError('closed', 'the watch is closed'));
    this.offered.push(sample);
    const said = this.#script().onSample?.(sample, this);
    if (said !== undefined) void this.tell(sample.frame, said);
    return Promise.resolve();
  }

  drained(): Promise<void> {
    return this.#delivered;
  }

  configure(settings: WatchSettings): void {
    this.settings = settings;
  }

  end(frame: FrameRef): Promise<void> {
    return this.tell(frame, this.#script().onEnd?.(frame, this) ?? {});
  }

  close(): void {
    this.isClosed = true;
  }

  /** Says something of a frame; resolves when it was taken. */
  tell(frame: FrameRef, said: ResultParts): Promise<void> {
    const result: WatchResult = {
      frame,
      picture: { width: 640, height: 360 },
      skipped: undefined,
      model: MODEL,
      objects: [],
      faces: [],
      events: [],
      state: undefined,
      timings: { decodeMs: 1, inferMs: 2, totalMs: 3 },
      ...said,
    };
    this.state = said.state ?? this.state;
    this.#delivered = this.#delivered.then(async () => {
      if (!this.isClosed) await this.options.onResult(result);
    });
    return this.#delivered;
  }

  /** Its state is another one from now on. */
  turn(state: WatchStatus['state'], message = ''): void {
    this.status = { ...this.status, state, message };
    this.options.onStatus?.(this.status);
  }
}
