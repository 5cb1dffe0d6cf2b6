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
 */
export class SyncGroup {
  readonly policy: SyncPolicy;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #dirty = new Set<SyncTarget>();
  #roundRuns = false;
  #timerRuns = false;
  #lastRoundAtMs = 0;
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
    return this.#dirty.size;
  }

  /** Asks for what is written of `target` to be made durable, as the policy says. */
  request(target: SyncTarget): void {
    if (this.policy === 'none') {
      target.settleUnsynced();
      return;
    }
    this.#dirty.add(target);
    if (this.policy === 'fragment') void this.#round();
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
      void this.#round();
    });
  }

  async #round(): Promise<void> {
    const targets = [...this.#dirty];
    this.#dirty.clear();
    // With `fragment` a round may begin while another runs: a target syncs one at a time and coalesces by itself.
    if (this.policy === 'interval') this.#roundRuns = true;
    const startMs = this.#clock.nowMs();
    this.#lastRoundAtMs = startMs;
    await Promise.all(targets.map((target) => target.sync()));
    this.#rounds++;
    this.#lastRoundMs = this.#clock.nowMs() - startMs;
    this.#roundRuns = false;
    if (this.policy === 'interval') this.#arm();
  }
}
