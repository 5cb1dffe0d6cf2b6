import type { Clock } from './clock.ts';

/**
 * When an append is durable. `fragment`: after its own sync, begun at once; `interval`: after the disk's next round;
 * `none`: when the operating system has it.
 */
export type SyncPolicy = 'fragment' | 'interval' | 'none';

/** A file that can be synced. */
export interface SyncTarget {
  /** Makes what is written durable and tells those who wait for it. Reports failure to them, never by rejecting. */
  sync(): Promise<void>;
  /** Tells those who wait, without a sync. */
  settleUnsynced(): void;
}

/**
 * The syncs of one disk (design.md §3 rule 3): one round over all dirty files every `intervalMs`. Within a round the
 * store's sync lane bounds how many run at once, which spreads them; a journalling file system commits many in one go.
 * Logs whose writers wait for an answer ask for shorter rounds, which leave the other files alone.
 */
export class SyncGroup {
  readonly policy: SyncPolicy;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #cadences = new Map<number, SyncCadence>();
  #rounds = 0;
  #lastRoundMs = 0;

  constructor(options: { readonly policy: SyncPolicy; readonly intervalMs: number; readonly clock: Clock }) {
    this.policy = options.policy;
    this.#intervalMs = options.intervalMs;
    this.#clock = options.clock;
  }

  get rounds(): number {
    return this.#rounds;
  }

  /** How long the last round took. */
  get lastRoundMs(): number {
    return this.#lastRoundMs;
  }

  /** Files that wait for a round. */
  get dirtyFiles(): number {
    let count = 0;
    for (const cadence of this.#cadences.values()) count += cadence.dirtyFiles;
    return count;
  }

  /**
   * Asks for what is written of `target` to be made durable, as the policy says: with `interval` in a round that begins
   * within `withinMs`, the group's interval unless given. Few different values: each has rounds of its own.
   */
  request(target: SyncTarget, withinMs = this.#intervalMs): void {
    if (this.policy === 'none') {
      target.settleUnsynced();
      return;
    }
    let cadence = this.#cadences.get(withinMs);
    if (cadence === undefined) {
      cadence = new SyncCadence(this.#clock, withinMs, (tookMs) => {
        this.#rounds++;
        this.#lastRoundMs = tookMs;
      });
      this.#cadences.set(withinMs, cadence);
    }
    cadence.add(target, this.policy === 'fragment');
  }
}

/** Rounds at least `intervalMs` apart over the files that asked for them. */
class SyncCadence {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onRound: (tookMs: number) => void;
  readonly #dirty = new Set<SyncTarget>();
  #roundRuns = false;
  #timerRuns = false;
  #lastRoundAtMs = 0;

  constructor(clock: Clock, intervalMs: number, onRound: (tookMs: number) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#onRound = onRound;
  }

  get dirtyFiles(): number {
    return this.#dirty.size;
  }

  /** `atOnce`: a round of its own, also while another runs: a target syncs one at a time and coalesces by itself. */
  add(target: SyncTarget, atOnce: boolean): void {
    this.#dirty.add(target);
    if (atOnce) void this.#round();
    else this.#arm();
  }

  #arm(): void {
    if (this.#timerRuns || this.#roundRuns || this.#dirty.size === 0) return;
    this.#timerRuns = true;
    const sinceMs = this.#clock.nowMs() - this.#lastRoundAtMs;
    // A clock that was set back must not postpone the round.
    const delayMs = sinceMs < 0 ? this.#intervalMs : Math.max(0, this.#intervalMs - sinceMs);
    this.#clock.after(delayMs, () => {
      this.#timerRuns = false;
      void this.#groupedRound();
    });
  }

  async #groupedRound(): Promise<void> {
    this.#roundRuns = true;
    await this.#round();
    this.#roundRuns = false;
    this.#arm();
  }

  async #round(): Promise<void> {
    const targets = [...this.#dirty];
    this.#dirty.clear();
    const startMs = this.#clock.nowMs();
    this.#lastRoundAtMs = startMs;
    await Promise.all(targets.map((target) => target.sync()));
    this.#onRound(this.#clock.nowMs() - startMs);
  }
}
