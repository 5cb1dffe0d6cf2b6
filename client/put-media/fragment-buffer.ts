/**
 * Fragments on their way: those being made, those not sent, and those sent but not yet acknowledged, which a new session sends
 * again. Bytes are kept by reference.
 */

/** A fragment as it is sent: a cluster and the tags in front of it. */
export interface OutgoingFragment {
  /** The cluster's time in ms, by which the service acknowledges it. */
  readonly timecodeMs: number;
  /** The document it belongs to: a session carries one. */
  readonly header: Uint8Array;
  readonly parts: Uint8Array[];
  sizeBytes: number;
  isComplete: boolean;
}

/** Where sending goes on. */
export interface NextPart {
  readonly fragment: OutgoingFragment;
  /** The fragment has not been begun in this session. */
  readonly isFirst: boolean;
}

export class FragmentBuffer {
  readonly #fragments: OutgoingFragment[] = [];
  #sizeBytes = 0;
  /** The fragment and the part of it that are sent next. */
  #fragmentIndex = 0;
  #partIndex = 0;

  /** Bytes held. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Fragments held. */
  get count(): number {
    return this.#fragments.length;
  }

  /** Fragments that are sent, all of them, and not acknowledged. */
  get awaitingCount(): number {
    return this.#fragmentIndex;
  }

  /** Begins a fragment; its time is above that of the one before. */
  begin(timecodeMs: number, header: Uint8Array): void {
    this.#fragments.push({ timecodeMs, header, parts: [], sizeBytes: 0, isComplete: false });
  }

  /** Adds to the fragment that was begun last. */
  add(part: Uint8Array): void {
    const fragment = this.#fragments.at(-1);
    if (fragment === undefined) throw new Error('no fragment was begun');
    fragment.parts.push(part);
    fragment.sizeBytes += part.length;
    this.#sizeBytes += part.length;
  }

  complete(): void {
    const fragment = this.#fragments.at(-1);
    if (fragment !== undefined) fragment.isComplete = true;
    this.#skipComplete();
  }

  /** What `take` would send next. */
  peek(): NextPart | undefined {
    this.#skipComplete();
    const fragment = this.#fragments[this.#fragmentIndex];
    if (fragment === undefined || this.#partIndex >= fragment.parts.length) return undefined;
    return { fragment, isFirst: this.#partIndex === 0 };
  }

  /** Everything of the current fragment that is there and not sent yet, up to `maxBytes` where there are several parts. */
  take(maxBytes: number): Uint8Array[] {
    const fragment = this.peek()?.fragment;
    const taken: Uint8Array[] = [];
    let size = 0;
    while (fragment !== undefined && this.#partIndex < fragment.parts.length) {
      const part = fragment.parts[this.#partIndex] ?? new Uint8Array(0);
      if (taken.length > 0 && size + part.length > maxBytes) break;
      taken.push(part);
      size += part.length;
      this.#partIndex += 1;
    }
    this.#skipComplete();
    return taken;
  }

  /** The service has this fragment and those before it: they are forgotten. */
  acknowledge(timecodeMs: number): void {
    for (
      let first = this.#fragments[0];
      first?.isComplete && first.timecodeMs <= timecodeMs;
      first = this.#fragments[0]
    ) {
      // Nobody can have what was not sent whole.
      if (this.#fragmentIndex === 0) return;
      this.#fragments.shift();
      this.#fragmentIndex -= 1;
      this.#sizeBytes -= first.sizeBytes;
    }
  }

  /** A new session begins: everything not acknowledged is sent again. Answers how many fragments had been begun. */
  rewind(): number {
    const begun = this.#fragmentIndex + (this.#partIndex > 0 ? 1 : 0);
    this.#fragmentIndex = 0;
    this.#partIndex = 0;
    return begun;
  }

  #skipComplete(): void {
    for (;;) {
      const fragment = this.#fragments[this.#fragmentIndex];
      if (!fragment?.isComplete || this.#partIndex < fragment.parts.length) return;
      this.#fragmentIndex += 1;
      this.#partIndex = 0;
    }
  }
}
