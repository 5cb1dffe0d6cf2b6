import type { Track } from '../media/track.ts';
import type { StreamSettings } from './stream-settings.ts';
import { leadTrack, type TimedSample, usualDurationTicks } from './timed-sample.ts';
import { MAX_DURATION_TICKS } from './track-runs.ts';

/**
 * Merges the tracks of a run into one sequence in decode order and gives each sample its duration, which takes its
 * successor: the newest sample of each track is always held. A track that falls silent holds the others up for a bounded
 * time and a bounded number of bytes; after that it is not waited for until it has caught up. What comes late is passed
 * on late, never dropped.
 */

/** What the bounds have cost. */
export interface InterleaverCounters {
  /** A silent track was given up waiting for. */
  silences: number;
  /** ... because of the byte bound. */
  overflows: number;
  /** Samples passed on behind a later one of another track. */
  late: number;
}

interface Lane {
  readonly track: Track;
  readonly isLead: boolean;
  /** How far (in seconds) the others may get ahead before the held sample goes without a successor. */
  readonly holdSeconds: number;
  readonly queue: TimedSample[];
  /** Index of the oldest sample in `queue`: taken ones are removed in batches. */
  head: number;
  /** Not waited for. */
  isSilent: boolean;
  /** Duration of the latest sample that had a successor. */
  latestDurationTicks: number;
}

const COMPACT_AT = 64;

/** Sans-IO: time is passed in, samples come out through `emit` in the same call. */
export class Interleaver {
  readonly counters: InterleaverCounters = { silences: 0, overflows: 0, late: 0 };
  readonly #settings: Pick<StreamSettings, 'interleaveWaitMs' | 'interleaveBytes' | 'forwardJumpMs'>;
  readonly #emit: (sample: TimedSample) => void;
  #lanes: Lane[] = [];
  #heldBytes = 0;
  #releasedSeconds = -1;
  /** Since when a sample that is ready waits for another track. */
  #blockedSinceMs: number | undefined;

  constructor(
    settings: Pick<StreamSettings, 'interleaveWaitMs' | 'interleaveBytes' | 'forwardJumpMs'>,
    emit: (sample: TimedSample) => void,
  ) {
    this.#settings = settings;
    this.#emit = emit;
  }

  /** Bytes of samples that wait here. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Declares the tracks. What waits of those that stay goes on waiting; call `drain` first when one goes away. */
  setTracks(tracks: readonly Track[]): void {
    const lead = leadTrack(tracks);
    const lanes = tracks.map((track): Lane => {
      const isLead = track === lead;
      const holdMs = isLead ? this.#settings.forwardJumpMs : this.#settings.interleaveWaitMs;
      const before = this.#lanes.find((lane) => lane.track.id === track.id);
      return {
        track,
        isLead,
        holdSeconds: Math.min(holdMs / 1000, MAX_DURATION_TICKS / track.timescale),
        queue: before?.queue ?? [],
        head: before?.head ?? 0,
        isSilent: before?.isSilent ?? track.kind === 'data',
        latestDurationTicks: before?.latestDurationTicks ?? usualDurationTicks(track),
      };
    });
    // samples of the same instant: the lead first, so that its key frame opens the fragment that the others go to
    this.#lanes = lanes.sort((a, b) => Number(b.isLead) - Number(a.isLead));
  }

  /** Takes the next sample of a declared track and emits what is ready. */
  push(sample: TimedSample, nowMs: number): void {
    const lane = this.#lanes.find(({ track }) => track.id === sample.trackId);
    if (lane === undefined) return;
    const previous = lane.queue[lane.queue.length - 1];
    if (previous !== undefined && previous.durationTicks === 0) {
      previous.durationTicks = sample.dtsTicks - previous.dtsTicks;
      lane.latestDurationTicks = previous.durationTicks;
    }
    // data come when they come, and last for an instant
    if (lane.track.kind === 'data') sample.durationTicks = 1;
    else if (lane.isSilent && sample.dtsSeconds >= this.#releasedSeconds) lane.isSilent = false;
    lane.queue.push(sample);
    this.#heldBytes += sample.data.length;
    this.#release(nowMs);
  }

  /** Emits everything: the run ends here. Last samples get their track's latest duration. */
  drain(): void {
    for (const lane of this.#lanes) this.#closeNewest(lane);
    for (let lane = this.#next(); lane !== undefined; lane = this.#next()) this.#take(lane);
    this.#forgetRun();
  }

  #forgetRun(): void {
    for (const lane of this.#lanes) lane.isSilent = lane.track.kind === 'data';
    this.#releasedSeconds = -1;
    this.#blockedSinceMs = undefined;
  }

  #release(nowMs: number): void {
    for (;;) {
      const lane = this.#next();
      if (lane === undefined) return;
      if (this.#isBlocked(lane)) {
        this.#blockedSinceMs ??= nowMs;
        const isFull = this.#heldBytes > this.#settings.interleaveBytes;
        if (!isFull && nowMs - this.#blockedSinceMs < this.#settings.interleaveWaitMs) return;
        if (isFull) this.counters.overflows++;
        this.#giveUpWaitingFor(lane);
        continue;
      }
      this.#blockedSinceMs = undefined;
      this.#take(lane);
      for (const other of this.#lanes) this.#letGo(other);
    }
  }

  /** The lane with the earliest sample that is ready. */
  #next(): Lane | undefined {
    let next: Lane | undefined;
    let earliestSeconds = Infinity;
    for (const lane of this.#lanes) {
      const head = lane.queue[lane.head];
      if (head === undefined || head.durationTicks === 0 || head.dtsSeconds >= earliestSeconds) continue;
      next = lane;
      earliestSeconds = head.dtsSeconds;
    }
    return next;
  }

  #isBlocked(ready: Lane): boolean {
    for (const lane of this.#lanes) if (this.#blocks(lane, ready)) return true;
    return false;
  }

  /** Whether `lane` has, or may still bring, something that goes before the sample that is ready. */
  #blocks(lane: Lane, ready: Lane): boolean {
    if (lane === ready || lane.isSilent) return false;
    const head = lane.queue[lane.head];
    if (head === undefined) return true;
    if (head.durationTicks !== 0) return false;
    const readySeconds = ready.queue[ready.head]?.dtsSeconds ?? 0;
    return head.dtsSeconds < readySeconds || (lane.isLead && head.dtsSeconds === readySeconds);
  }

  #giveUpWaitingFor(ready: Lane): void {
    for (const lane of this.#lanes) {
      if (!this.#blocks(lane, ready)) continue;
      lane.isSilent = true;
      this.counters.silences++;
      // The lead's held sample stays: its time goes on without holes, so that EXTINF stays the sum of durations.
      if (!lane.isLead) this.#closeNewest(lane);
    }
  }

  /** Lets a silent track's held sample go when the others have got too far ahead of it. */
  #letGo(lane: Lane): void {
    const head = lane.queue[lane.head];
    if (!lane.isSilent || head === undefined || head.durationTicks !== 0) return;
    const behindSeconds = this.#releasedSeconds - head.dtsSeconds;
    if (behindSeconds <= lane.holdSeconds) return;
    if (lane.isLead) {
      const ticks = Math.round(behindSeconds * lane.track.timescale);
      head.durationTicks = Math.min(ticks, MAX_DURATION_TICKS);
    } else this.#closeNewest(lane);
  }

  #closeNewest(lane: Lane): void {
    const newest = lane.queue[lane.queue.length - 1];
    if (newest !== undefined && newest.durationTicks === 0) newest.durationTicks = lane.latestDurationTicks;
  }

  #take(lane: Lane): void {
    const sample = lane.queue[lane.head];
    if (sample === undefined) return;
    lane.head++;
    if (lane.head === lane.queue.length || lane.head >= COMPACT_AT) {
      lane.queue.splice(0, lane.head);
      lane.head = 0;
    }
    this.#heldBytes -= sample.data.length;
    if (sample.dtsSeconds < this.#releasedSeconds) this.counters.late++;
    else this.#releasedSeconds = sample.dtsSeconds;
    this.#emit(sample);
  }
}
