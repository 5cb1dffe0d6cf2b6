import * as api from './api.js';

/**
 * The events of objects around the instant that a replay shows, fetched stretch by stretch: live results are not kept, their events
 * are.
 */

const BEHIND_MS = 15_000;
const AHEAD_MS = 60_000;
/** So near to the end of what was fetched the next stretch is fetched. */
const MARGIN_MS = 15_000;
const LIMIT = 1000;
const RETRY_MS = 5000;

export class ReplayedEvents {
  #onEvents;
  #now;
  /** @type {{ stream: string, fromMs: number, toMs: number } | undefined} */
  #known;
  #isFetching = false;
  #retryAtMs = 0;

  /**
   * @param {(events: readonly import('./api.js').DetectionEvent[]) => void} onEvents
   * @param {() => number} now epoch ms
   */
  constructor(onEvents, now) {
    this.#onEvents = onEvents;
    this.#now = now;
  }

  forget() {
    this.#known = undefined;
  }

  /**
   * Sees to it that the events around an instant are known.
   * @param {string} stream
   * @param {number} atMs
   */
  want(stream, atMs) {
    const known = this.#known;
    const isKnown =
      known !== undefined &&
      known.stream === stream &&
      atMs >= known.fromMs &&
      // What happens now is told when it has happened.
      (atMs <= known.toMs - MARGIN_MS || known.toMs >= this.#now());
    if (isKnown || this.#isFetching || performance.now() < this.#retryAtMs) return;
    const isNext =
      known !== undefined && known.stream === stream && atMs >= known.fromMs && atMs <= known.toMs;
    void this.#fetch(stream, isNext ? known.toMs : atMs - BEHIND_MS, atMs + AHEAD_MS, isNext);
  }

  /**
   * @param {string} stream
   * @param {number} fromMs
   * @param {number} toMs
   * @param {boolean} isNext goes on where the known stretch ends
   */
  async #fetch(stream, fromMs, toMs, isNext) {
    this.#isFetching = true;
    try {
      const wish = { types: ['object'], fromMs, toMs, order: /** @type {const} */ ('oldest'), limit: LIMIT };
      const events = await api.listEvents(stream, wish);
      const last = events.at(-1);
      const endMs =
        events.length === LIMIT && last !== undefined ? last.producerMs : Math.min(toMs, this.#now());
      this.#known = { stream, fromMs: isNext ? (this.#known?.fromMs ?? fromMs) : fromMs, toMs: endMs };
      this.#onEvents(events);
    } catch (error) {
      if (!(error instanceof api.ApiError || error instanceof api.UnreachableError)) throw error;
      this.#retryAtMs = performance.now() + RETRY_MS;
    } finally {
      this.#isFetching = false;
    }
  }
}
