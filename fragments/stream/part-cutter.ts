import type { Track } from '../media/track.ts';
import { compatiblePartTargetMs, isLegalPartTarget } from './part-target.ts';

/**
 * Decides where parts end: on decode time, before the frame that would carry the part over its target
 * (reference hls.md). Counts the lead track's samples only; the others go where they fall.
 */
export class PartCutter {
  readonly #settingMs: number;
  #lead: Track | undefined;
  #targetMs: number;
  /** Judged by frames that were seen, not only by the setting. */
  #isFitted = false;
  #partTicks = 0;
  /** Durations of the latest frames in ms, as a ring. */
  readonly #recentMs = new Float64Array(RECENT);
  #seen = 0;

  /** `settingMs`: the part target asked for. */
  constructor(settingMs: number) {
    this.#settingMs = settingMs;
    this.#targetMs = settingMs;
  }

  /**
   * What EXT-X-PART-INF must say: the setting, or the least above it that the frame rate can keep. Changes only after
   * the stream's first frames and when the frame rate changes.
   */
  get targetMs(): number {
    return this.#targetMs;
  }

  /** Declares the lead track; with another one, frame durations are learned anew. */
  setLead(lead: Track): void {
    if (this.#lead?.id !== lead.id || this.#lead.timescale !== lead.timescale) {
      this.#seen = 0;
      this.#isFitted = false;
    }
    this.#lead = lead;
    this.#partTicks = 0;
  }

  /** A fragment begins: the only place where an old target may give way. */
  startFragment(): void {
    this.#partTicks = 0;
    if (this.#isFitted) this.#fit();
  }

  /** Whether the part must end before the lead's next sample of this duration. */
  endsBefore(durationTicks: number): boolean {
    if (!this.#wouldPass(durationTicks)) return false;
    if (this.#isFitted) return true;
    this.#fit();
    return this.#wouldPass(durationTicks);
  }

  /** The part ended. */
  startPart(): void {
    this.#partTicks = 0;
  }

  /** The lead's next sample went into the part. */
  add(durationTicks: number): void {
    this.#partTicks += durationTicks;
    this.#note(durationTicks);
  }

  #wouldPass(durationTicks: number): boolean {
    return this.#partTicks > 0 && this.#toMs(this.#partTicks + durationTicks) > this.#targetMs;
  }

  #toMs(ticks: number): number {
    return (ticks * 1000) / (this.#lead?.timescale ?? 1000);
  }

  #note(durationTicks: number): void {
    this.#recentMs[this.#seen % RECENT] = this.#toMs(durationTicks);
    this.#seen++;
  }

  #fit(): void {
    const sorted = this.#recentMs.slice(0, Math.min(this.#seen, RECENT)).sort();
    const medianMs = sorted[sorted.length >> 1];
    if (medianMs === undefined) return;
    // A frame that was lost or repeated says nothing of the rate.
    const usual = sorted.filter((ms) => ms >= medianMs / 2 && ms <= medianMs * 1.5);
    const meanMs = usual.reduce((sum, ms) => sum + ms, 0) / usual.length;
    const jitterMs = (usual[usual.length - 1] ?? meanMs) - meanMs;
    const keeps = this.#isFitted && isLegalPartTarget(this.#targetMs, meanMs, jitterMs);
    if (!keeps) this.#targetMs = compatiblePartTargetMs(this.#settingMs, meanMs, jitterMs);
    this.#isFitted = true;
  }
}

const RECENT = 32;
