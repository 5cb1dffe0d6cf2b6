import { z } from 'zod';
import type { FrameRef } from '../watch/frame.ts';

export const frameRefSchema = z.strictObject({
  fragmentNumber: z.string().max(64),
  offsetMs: z.number(),
  producerMs: z.number(),
  serverMs: z.number(),
});

export const frameClockSchema = z.strictObject({
  last: frameRefSchema.exactOptional(),
  elapsedMs: z.number().min(0),
  stepMs: z.number().min(0),
});

export type FrameClockState = z.output<typeof frameClockSchema>;

/** How far a frame lies from the one before. */
export interface FrameStep {
  readonly stepMs: number;
  /** Far longer than the steps before: the camera was away, or we were. */
  readonly isGap: boolean;
}

/** A step is a gap only from this many usual steps on: frames that are always ten seconds apart have none. */
const GAP_STEPS = 3;

/**
 * The time that the frames of a stream show: it only goes forward. Producers' clocks are set back and leap; which frame comes
 * after which is told by fragment numbers alone.
 */
export class FrameClock {
  #last: FrameRef | undefined;
  #elapsedMs: number;
  #stepMs: number;

  constructor(state?: FrameClockState) {
    this.#last = state?.last;
    this.#elapsedMs = state?.elapsedMs ?? 0;
    this.#stepMs = state?.stepMs ?? 0;
  }

  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  get state(): FrameClockState {
    const { elapsedMs } = this;
    return { ...(this.#last && { last: this.#last }), elapsedMs, stepMs: this.#stepMs };
  }

  /** Goes on to a frame; `undefined` for one that was there before. A gap is longer than `gapMs`, and than three usual steps. */
  advance(frame: FrameRef, gapMs: number): FrameStep | undefined {
    const last = this.#last;
    if (last !== undefined && isRepeated(frame, last)) return undefined;
    const stepMs = last === undefined ? 0 : stepBetween(last, frame);
    const isGap = stepMs > gapMs && stepMs > GAP_STEPS * this.#stepMs;
    this.#last = { ...frame };
    this.#elapsedMs += stepMs;
    this.#stepMs = stepMs;
    return { stepMs, isGap };
  }
}

/** A stream that was deleted and made again may number its fragments anew: then our own clock says that the frame is a new one. */
function isRepeated(frame: FrameRef, last: FrameRef): boolean {
  return compareFrames(frame, last) <= 0 && frame.serverMs <= last.serverMs;
}

/** Negative where `a` was shown before `b`: fragment numbers sort as they arrived. */
export function compareFrames(a: FrameRef, b: FrameRef): number {
  if (a.fragmentNumber === b.fragmentNumber) return a.offsetMs - b.offsetMs;
  return a.fragmentNumber < b.fragmentNumber ? -1 : 1;
}

/** By the producer's clock, which shows how things moved however late they reach us; by ours where the producer's was set back. */
function stepBetween(last: FrameRef, frame: FrameRef): number {
  const stepMs = frame.producerMs - last.producerMs;
  return stepMs >= 0 ? stepMs : Math.max(0, frame.serverMs - last.serverMs);
}
