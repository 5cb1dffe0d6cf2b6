import type { GrowingFragment } from './growing-fragment.ts';
import type { LiveChange, LiveFragment, LiveWindowReader } from './live-window.ts';
import type { StreamSettings } from './stream-settings.ts';

/** The live window of one stream, kept over all its sessions; its writer feeds it. */
export class MemoryLiveWindow implements LiveWindowReader {
  readonly partTargetMs: number;
  readonly #settings: Pick<StreamSettings, 'windowFragments' | 'windowBytes'>;
  readonly #listeners = new Set<(change: LiveChange) => void>();
  #fragments: GrowingFragment[] = [];
  #current: GrowingFragment | undefined;
  #completeBytes = 0;
  #nextOrdinal: number;
  #version = 0;
  #isLive = false;
  #effectivePartTargetMs: number;

  /** `nextOrdinal`: from the log's end. */
  constructor(
    settings: Pick<StreamSettings, 'partTargetMs' | 'windowFragments' | 'windowBytes'>,
    nextOrdinal: number,
  ) {
    this.#settings = settings;
    this.partTargetMs = settings.partTargetMs;
    this.#effectivePartTargetMs = settings.partTargetMs;
    this.#nextOrdinal = nextOrdinal;
  }

  get fragments(): readonly LiveFragment[] {
    return this.#fragments;
  }

  get current(): LiveFragment | undefined {
    return this.#current;
  }

  get nextOrdinal(): number {
    return this.#nextOrdinal;
  }

  get version(): number {
    return this.#version;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get effectivePartTargetMs(): number {
    return this.#effectivePartTargetMs;
  }

  /** Bytes of samples in memory. */
  get sizeBytes(): number {
    return this.#completeBytes + (this.#current?.payloadBytes ?? 0);
  }

  byOrdinal(ordinal: number): LiveFragment | undefined {
    const first = this.#fragments[0];
    return first === undefined ? undefined : this.#fragments[ordinal - first.info.ordinal];
  }

  listen(listener: (change: LiveChange) => void): () => void {
    // a function of its own, so that the same function may listen twice
    const entry = (change: LiveChange) => listener(change);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  /** A producer's session begins. */
  start(): void {
    this.#isLive = true;
    this.#version++;
  }

  /** A fragment begins. */
  open(fragment: GrowingFragment): void {
    this.#current = fragment;
    this.#fragments.push(fragment);
    this.#nextOrdinal = fragment.info.ordinal + 1;
  }

  /** The current fragment has a new sample. */
  sampleAdded(): void {
    if (this.#listeners.size > 0) this.#tell('sample');
  }

  /** The current fragment has a new part. */
  partEnded(effectivePartTargetMs: number): void {
    this.#effectivePartTargetMs = effectivePartTargetMs;
    this.#version++;
    this.#tell('part');
  }

  /** The current fragment is complete. */
  completed(fragment: GrowingFragment): void {
    this.#current = undefined;
    this.#completeBytes += fragment.payloadBytes;
    this.#version++;
    this.#evict();
    this.#tell('fragment');
  }

  /** A complete fragment is durable, or given up: it may leave now. */
  settled(fragment: GrowingFragment): void {
    fragment.isSettled = true;
    if (this.#isLive) this.#evict();
    else this.#clear();
  }

  /** The session ended: complete fragments stay until the log has them. */
  end(): void {
    this.#isLive = false;
    this.#version++;
    this.#tell('ended');
    this.#clear();
  }

  /**
   * Oldest first, what is over the bounds and safe in the log. What is not is bounded by the log's own backlog. Viewers whose
   * playlists name older parts hold those themselves.
   */
  #evict(): void {
    const { windowFragments, windowBytes } = this.#settings;
    const complete = this.#fragments.length - (this.#current === undefined ? 0 : 1);
    let gone = 0;
    for (const fragment of this.#fragments) {
      if (gone === complete || !fragment.isSettled) break;
      if (complete - gone <= windowFragments && this.#completeBytes <= windowBytes) break;
      this.#completeBytes -= fragment.payloadBytes;
      gone++;
    }
    if (gone > 0) this.#fragments.splice(0, gone);
  }

  #clear(): void {
    if (!this.#fragments.every(({ isSettled }) => isSettled)) return;
    if (this.#fragments.length === 0) return;
    this.#fragments = [];
    this.#completeBytes = 0;
    this.#version++;
  }

  #tell(change: LiveChange): void {
    // a copy: a listener that goes on waiting adds itself again
    for (const listener of [...this.#listeners]) listener(change);
  }
}
