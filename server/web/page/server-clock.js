/** The server's clock as seen from here: recordings are told in its time, and the browser's may be wrong. */
export class ServerClock {
  #offsetMs = 0;
  #roundTripMs = Number.POSITIVE_INFINITY;

  /** Epoch milliseconds by the server's clock. */
  now() {
    return Date.now() + this.#offsetMs;
  }

  /**
   * Learns from an answer that told the server's time. The answer with the shortest way is the most exact; its worth fades, so
   * that a clock that was set is noticed.
   * @param {number} serverMs
   * @param {number} sentMs  by Date.now()
   * @param {number} receivedMs  by Date.now()
   */
  observe(serverMs, sentMs, receivedMs) {
    const roundTripMs = receivedMs - sentMs;
    this.#roundTripMs *= 1.5;
    if (roundTripMs > this.#roundTripMs) return;
    this.#roundTripMs = Math.max(1, roundTripMs);
    this.#offsetMs = serverMs - (sentMs + receivedMs) / 2;
  }
}
