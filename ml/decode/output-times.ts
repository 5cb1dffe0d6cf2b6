/**
 * Presentation times of what comes out of a decoder. Decoders hand pictures out in presentation order, but do not name them
 * reliably (@napi-rs/webcodecs 1.3.1 gives them the times of the samples in the order they went in; raw pictures of ffmpeg have
 * none): the next one out has the smallest time of those that went in and have not come out.
 */
export class OutputTimes {
  /** Growing. */
  readonly #inside: number[] = [];

  /** A sample that shows a picture went in. */
  push(ptsUs: number): void {
    let at = this.#inside.length;
    while (at > 0 && (this.#inside[at - 1] ?? 0) > ptsUs) at -= 1;
    this.#inside.splice(at, 0, ptsUs);
  }

  /** Of the picture that has come out; `undefined` when more come than went in. */
  next(): number | undefined {
    return this.#inside.shift();
  }

  /** Times of what is inside, growing. */
  get inside(): readonly number[] {
    return this.#inside;
  }

  clear(): void {
    this.#inside.length = 0;
  }
}
