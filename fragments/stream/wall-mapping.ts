/**
 * Media time to the producer's wall time, anchored once a run (design.md §4). Samples are never stretched: where the
 * producer gives no clock of its own, the anchor follows the server's by at most 500 ppm, and only when the two are
 * further apart than the network's jitter, so that a camera whose clock runs 100 ppm fast is not 4 minutes off after a month.
 */
export class WallMapping {
  /** Wall time of media time 0; `undefined` before the first sample of a run. */
  #anchorMs: number | undefined;
  #hasProducerClock = false;
  #latestSeconds = 0;

  /** Forgets the anchor: the next sample begins a run. */
  startRun(): void {
    this.#anchorMs = undefined;
    this.#hasProducerClock = false;
  }

  /**
   * The producer's wall time, epoch ms, of a sample at `mediaSeconds` that reached us at `serverMs`. `producerMs` is the
   * producer's own word for it: then it is the answer, and the anchor for samples that come without.
   */
  wallMs(mediaSeconds: number, serverMs: number, producerMs: number | undefined): number {
    if (producerMs !== undefined && Math.abs(producerMs) <= MAX_DATE_MS) {
      this.#anchorMs = producerMs - mediaSeconds * 1000;
      this.#hasProducerClock = true;
      return producerMs;
    }
    if (this.#anchorMs === undefined) {
      this.#anchorMs = serverMs - mediaSeconds * 1000;
      this.#latestSeconds = mediaSeconds;
    } else if (!this.#hasProducerClock && mediaSeconds > this.#latestSeconds) {
      const aheadMs = serverMs - (this.#anchorMs + mediaSeconds * 1000);
      if (Math.abs(aheadMs) > JITTER_MS) {
        const stepMs = (mediaSeconds - this.#latestSeconds) * SLEW_MS_PER_SECOND;
        this.#anchorMs += Math.max(-stepMs, Math.min(stepMs, aheadMs));
      }
      this.#latestSeconds = mediaSeconds;
    }
    // to the microsecond, as far as doubles tell
    return Math.round((this.#anchorMs + mediaSeconds * 1000) * 1000) / 1000;
  }
}

/** What a Date can hold; nobody's clock says more. */
const MAX_DATE_MS = 8.64e15;
const JITTER_MS = 500;
/** 500 ppm: more than any quartz is off, less than anybody notices. */
const SLEW_MS_PER_SECOND = 0.5;
