import { isSameDecoder } from '../media/decoder-change.ts';
import type { Sample, Track } from '../media/track.ts';
import { RunLimiter } from './run-limiter.ts';
import type { StreamSettings } from './stream-settings.ts';
import { type TimedSample, usualDurationTicks } from './timed-sample.ts';
import { MAX_DURATION_TICKS } from './track-runs.ts';
import { WallMapping } from './wall-mapping.ts';

/**
 * Producer timestamps to media time, for one session (design.md §3 rule 12, §4). Media time is the producer's own time
 * wherever that goes on sensibly; what does not is either evened out (a small step back) or begins a new run (a jump),
 * is counted, and never stops the stream.
 */

/** How often a producer's timestamps were not taken as they came. */
export interface TimelineCounters {
  /** Decode times moved forward to follow their predecessor; presentation times kept. */
  nudged: number;
  /** Jumps that began a new run. */
  jumps: number;
  /** A track followed or ended another track's jump within the run. */
  realigned: number;
  /** Times made up: senseless ones, a track that started in another epoch, or more jumps than may begin runs. */
  madeUp: number;
}

interface TrackTime {
  readonly track: Track;
  /** Media time minus producer time. */
  offsetTicks: number;
  /** The offset at the end of the previous run. */
  previousOffsetTicks: number;
  /** Latest media time in this run; -1 before the first sample. */
  lastTicks: number;
  /** Latest usual distance between samples. */
  stepTicks: number;
  /** It had a sample in this session. */
  isKnown: boolean;
}

const MAX_COMPOSITION_TICKS = 0x7fff_ffff;
/** Half of what a double counts exactly: sums stay exact. */
const MAX_PRODUCER_TICKS = 2 ** 52;

/** Places samples on the media timeline. Sans-IO: the time is passed in. */
export class Timeline {
  readonly counters: TimelineCounters = { nudged: 0, jumps: 0, realigned: 0, madeUp: 0 };
  readonly #settings: Pick<StreamSettings, 'forwardJumpMs' | 'backwardToleranceMs'>;
  readonly #wall = new WallMapping();
  readonly #limiter = new RunLimiter();
  #tracks = new Map<number, TrackTime>();
  /** The latest media time of any track in the run; -1 before its first sample. */
  #frontierSeconds = -1;
  /** By how much the jump that began this run moved media time. */
  #shiftSeconds = 0;
  /** Media time of the producer's zero: above 0 only when the run began before that. */
  #baseSeconds = 0;

  constructor(settings: Pick<StreamSettings, 'forwardJumpMs' | 'backwardToleranceMs'>) {
    this.#settings = settings;
  }

  /** Declares the tracks; those of the same id and timescale keep their place on the timeline. */
  setTracks(tracks: readonly Track[]): void {
    const before = this.#tracks;
    this.#tracks = new Map();
    for (const track of tracks) {
      const known = before.get(track.id);
      const kept = known?.track.timescale === track.timescale ? known : undefined;
      this.#tracks.set(track.id, {
        track,
        offsetTicks: kept?.offsetTicks ?? this.#baseTicks(track),
        previousOffsetTicks: kept?.previousOffsetTicks ?? 0,
        lastTicks: kept?.lastTicks ?? -1,
        stepTicks: kept?.stepTicks ?? usualDurationTicks(track),
        isKnown: kept?.isKnown ?? false,
      });
    }
  }

  /**
   * Whether samples that were placed with the tracks `before` are still what they were with the tracks `after`: those that had samples are
   * unchanged. A session's tracks are often known only bit by bit.
   */
  canBecome(before: readonly Track[], after: readonly Track[]): boolean {
    return before.every((track) => {
      if (this.#tracks.get(track.id)?.isKnown !== true) return true;
      return after.some((other) => isSameDecoder(track, other));
    });
  }

  /**
   * Places a sample; `undefined` when its track was not declared. `serverMs` never falls; `producerMs` is the
   * producer's wall clock for this sample where it gives one.
   */
  place(sample: Sample, serverMs: number, producerMs?: number): TimedSample | undefined {
    const time = this.#tracks.get(sample.trackId);
    if (time === undefined) return undefined;
    const { timescale } = time.track;
    const isSane = Number.isInteger(sample.dtsTicks) && Math.abs(sample.dtsTicks) <= MAX_PRODUCER_TICKS;
    let mediaTicks = sample.dtsTicks + time.offsetTicks;
    let startsRun = false;
    if (!isSane) this.counters.madeUp++;
    if (this.#frontierSeconds < 0) {
      mediaTicks = this.#startRun(time, isSane ? sample.dtsTicks : 0);
      startsRun = true;
    } else if (!isSane) {
      mediaTicks = this.#expectedTicks(time);
    } else if (!this.#fits(time, mediaTicks) || (time.lastTicks < 0 && this.#shiftSeconds !== 0)) {
      const offsetTicks = this.#fittingOffset(time, sample.dtsTicks);
      if (offsetTicks !== undefined) {
        if (offsetTicks !== time.offsetTicks) this.counters.realigned++;
        time.offsetTicks = offsetTicks;
        mediaTicks = sample.dtsTicks + offsetTicks;
      } else if (time.isKnown && time.track.kind !== 'data' && this.#limiter.take(serverMs)) {
        mediaTicks = this.#startRun(time, sample.dtsTicks);
        startsRun = true;
        this.counters.jumps++;
      } else {
        mediaTicks = this.#expectedTicks(time);
        time.offsetTicks = mediaTicks - sample.dtsTicks;
        this.counters.madeUp++;
      }
    }

    const dtsTicks = Math.max(mediaTicks, time.lastTicks + 1);
    if (dtsTicks !== mediaTicks) this.counters.nudged++;
    const stepTicks = dtsTicks - time.lastTicks;
    if (time.lastTicks >= 0 && stepTicks < timescale && stepTicks > 1) time.stepTicks = stepTicks;
    time.lastTicks = dtsTicks;
    time.isKnown = true;
    const dtsSeconds = dtsTicks / timescale;
    if (dtsSeconds > this.#frontierSeconds) this.#frontierSeconds = dtsSeconds;
    return {
      trackId: sample.trackId,
      dtsTicks,
      compositionOffsetTicks: boundedOffset(sample.compositionOffsetTicks + mediaTicks - dtsTicks),
      durationTicks: 0,
      isSync: sample.isSync,
      data: sample.data,
      dtsSeconds,
      serverMs,
      producerMs: this.#wall.wallMs(dtsSeconds, serverMs, producerMs),
      startsRun,
    };
  }

  /** Begins a run at this sample: its track's media time is the producer's time again. */
  #startRun(time: TrackTime, producerTicks: number): number {
    const { timescale } = time.track;
    const wouldHaveBeenSeconds = this.#expectedTicks(time) / timescale;
    const producerSeconds = producerTicks / timescale;
    // `tfdt` has no sign; a second more, for tracks that begin still earlier
    this.#baseSeconds = producerSeconds < 0 ? Math.ceil(-producerSeconds) + 1 : 0;
    const mediaTicks = producerTicks + this.#baseTicks(time.track);
    this.#shiftSeconds = this.#frontierSeconds < 0 ? 0 : mediaTicks / timescale - wouldHaveBeenSeconds;
    this.#frontierSeconds = -1;
    for (const each of this.#tracks.values()) {
      each.previousOffsetTicks = each.offsetTicks;
      each.offsetTicks = this.#baseTicks(each.track);
      each.lastTicks = -1;
    }
    this.#wall.startRun();
    return mediaTicks;
  }

  #baseTicks(track: Track): number {
    return Math.round(this.#baseSeconds * track.timescale);
  }

  /** Whether media time goes on at `mediaTicks`: neither far behind the track itself nor far ahead of everything. */
  #fits(time: TrackTime, mediaTicks: number): boolean {
    const { timescale } = time.track;
    const aheadSeconds = mediaTicks / timescale - this.#frontierSeconds;
    const forwardSeconds = Math.min(this.#settings.forwardJumpMs / 1000, MAX_DURATION_TICKS / timescale);
    if (aheadSeconds > forwardSeconds) return false;
    if (time.lastTicks < 0) return aheadSeconds >= -forwardSeconds;
    return time.lastTicks - mediaTicks <= (this.#settings.backwardToleranceMs * timescale) / 1000;
  }

  /**
   * The offset with which a track goes on when another one's jump began the run: that of the run, or, for samples still
   * on the timeline before the jump, one that keeps the distance between the tracks. The nearer one of those that fit.
   */
  #fittingOffset(time: TrackTime, producerTicks: number): number | undefined {
    const { timescale } = time.track;
    const base = this.#baseTicks(time.track);
    const shifted = time.previousOffsetTicks + Math.round(this.#shiftSeconds * timescale);
    const frontierTicks = this.#frontierSeconds * timescale;
    const baseFits = this.#fits(time, producerTicks + base);
    const shiftedFits = time.isKnown && this.#shiftSeconds !== 0 && this.#fits(time, producerTicks + shifted);
    if (baseFits && shiftedFits) {
      const baseDistance = Math.abs(producerTicks + base - frontierTicks);
      return Math.abs(producerTicks + shifted - frontierTicks) < baseDistance ? shifted : base;
    }
    if (baseFits) return base;
    return shiftedFits ? shifted : undefined;
  }

  /** Where the track would go on if nothing had happened. */
  #expectedTicks(time: TrackTime): number {
    if (time.lastTicks >= 0) return time.lastTicks + time.stepTicks;
    return Math.max(0, Math.round(this.#frontierSeconds * time.track.timescale));
  }
}

/** `trun` holds composition offsets as signed 32-bit numbers. */
function boundedOffset(ticks: number): number {
  if (!Number.isInteger(ticks)) return 0;
  return Math.max(-MAX_COMPOSITION_TICKS, Math.min(MAX_COMPOSITION_TICKS, ticks));
}
