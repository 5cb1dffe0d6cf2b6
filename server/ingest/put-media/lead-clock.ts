import type { Sample, Track } from '../../../fragments/media/track.ts';
import { leadTrack } from '../../../fragments/stream/timed-sample.ts';

/** Rounding of times to ms moves a frame by up to this, in seconds. */
const ROUNDING_S = 0.002;

/** Where the track that tells the time goes on: gives the last frame of a fragment its duration. */
export class LeadClock {
  #lead: Track | undefined;
  #lastTicks = -1;
  #stepTicks = 0;
  #isReordered = false;

  setTracks(tracks: readonly Track[]): void {
    this.#lead = leadTrack(tracks);
    this.restart();
  }

  /** What comes does not go on from what was. */
  restart(): void {
    this.#lastTicks = -1;
    this.#stepTicks = 0;
  }

  add(sample: Sample): void {
    if (sample.trackId !== this.#lead?.id) return;
    if (this.#lastTicks >= 0) this.#stepTicks = sample.dtsTicks - this.#lastTicks;
    this.#lastTicks = sample.dtsTicks;
    this.#isReordered = sample.compositionOffsetTicks !== 0;
  }

  /**
   * Decode time of the lead's next frame by track id, when a cluster that begins at `clusterTicks` tells it: not when frames are
   * reordered, nor when the cluster begins before it is due, with a frame of another track.
   */
  nextTicks(clusterTicks: number): ReadonlyMap<number, number> | undefined {
    if (this.#lead === undefined || this.#lastTicks < 0 || this.#isReordered) return undefined;
    const dueTicks = this.#lastTicks + this.#stepTicks;
    if (clusterTicks < dueTicks - ROUNDING_S * this.#lead.timescale) return undefined;
    return new Map([[this.#lead.id, clusterTicks]]);
  }
}
