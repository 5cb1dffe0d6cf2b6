import type { DropReason } from './mailbox.ts';
import type { WatchErrorCode } from './supervisor.ts';
import type { SkipReason } from './watch-result.ts';

/** How long something took, over all times that it happened. */
export interface Durations {
  count: number;
  totalMs: number;
}

/** What the supervisor has counted since the start; read by the metrics. */
export interface SupervisorCounters {
  /** Frames that a model has looked at. */
  looked: number;
  /** Frames that were due and that no model looked at: `no-motion` is what the gate has saved. */
  readonly skipped: Record<SkipReason, number>;
  /** Frames that were due and never came to a worker's answer. */
  readonly dropped: Partial<Record<DropReason, number>>;
  /** From a frame's arrival to its result, live. */
  readonly lag: Durations;
  readonly decode: Durations;
  readonly infer: Durations;
  readonly pictures: { answered: number; readonly failed: Partial<Record<WatchErrorCode, number>> };
  readonly workers: {
    started: number;
    /** Died, or had to be killed: so many were restarted. */
    crashed: number;
    /** Of those, killed because they took too long, or too much memory. */
    timedOut: number;
    tooLarge: number;
    /** Replaced because they were old or large. */
    recycled: number;
  };
  /** Times that a stream was put into quarantine. */
  quarantines: number;
  /** Times that a watch was moved to a worker that had less to do. */
  moves: number;
  /** Times that a tier was lowered because the machine could not keep up. */
  lowered: number;
  /** Results that nobody took: who is given them failed. */
  refusedResults: number;
}

export function newCounters(): SupervisorCounters {
  const durations = (): Durations => ({ count: 0, totalMs: 0 });
  return {
    looked: 0,
    skipped: { 'no-motion': 0, 'not-decoded': 0 },
    dropped: {},
    lag: durations(),
    decode: durations(),
    infer: durations(),
    pictures: { answered: 0, failed: {} },
    workers: { started: 0, crashed: 0, timedOut: 0, tooLarge: 0, recycled: 0 },
    quarantines: 0,
    moves: 0,
    lowered: 0,
    refusedResults: 0,
  };
}

export function addDuration(to: Durations, ms: number): void {
  to.count += 1;
  to.totalMs += ms;
}

/** How things are now. */
export interface SupervisorLevels {
  readonly workers: number;
  readonly watches: number;
  /** By state. */
  readonly watchesByState: Readonly<Record<string, number>>;
  /** Frames that are due and wait, and what is kept of their media. */
  readonly waitingFrames: number;
  readonly waitingBytes: number;
  readonly waitingPictures: number;
  /** The longest of all watches, from a frame's arrival to its result. */
  readonly lagMs: number;
}
