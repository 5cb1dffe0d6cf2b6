import type { Tier } from '../watch/watch-settings.ts';
import type { TierInForce } from './due-sampler.ts';

/** A lower tier is tried after this much time, or two sampling periods, at the one before. */
const SETTLE_MS = 2000;
/** A higher one after this much without being late; twice as long each time that it was too much. */
const FIRST_PATIENCE_MS = 10_000;
const MAX_PATIENCE_MS = 160_000;
const MAX_EVERY_NTH_KEY = 16;

/**
 * Lowers what is looked at while the machine cannot keep up ("if lag > 2 sampling periods: first lower fps tiers to keyframes,
 * then skip keyframes evenly", detection.md), and raises it again. Pure.
 */
export class TierControl {
  readonly #set: Tier;
  #level = 0;
  #changedMs = Number.NEGATIVE_INFINITY;
  #calmSinceMs: number | undefined;
  #patienceMs = FIRST_PATIENCE_MS;

  constructor(set: Tier) {
    this.#set = set;
  }

  get isLowered(): boolean {
    return this.#level > 0;
  }

  get inForce(): TierInForce {
    if (this.#level === 0 || this.#set.kind === 'off') return { ...this.#set, everyNthKey: 1 };
    const halvings = this.#set.kind === 'fps' ? this.#level - 1 : this.#level;
    return { kind: 'keyframes', everyNthKey: 2 ** halvings };
  }

  /**
   * How late a frame is that is looked at, or waits. `keyPeriodMs`: from one key frame to the next. Answers whether another tier
   * is in force now.
   */
  observe(lagMs: number, keyPeriodMs: number, nowMs: number): boolean {
    const tier = this.inForce;
    const periodMs = tier.kind === 'fps' ? 1000 / tier.framesPerSecond : keyPeriodMs * tier.everyNthKey;
    if (lagMs > 2 * periodMs) {
      this.#calmSinceMs = undefined;
      return nowMs - this.#changedMs >= Math.max(SETTLE_MS, 2 * periodMs) && this.#lower(nowMs);
    }
    if (this.#level === 0) return false;
    this.#calmSinceMs ??= nowMs;
    if (lagMs > periodMs) this.#calmSinceMs = nowMs;
    return nowMs - this.#calmSinceMs >= this.#patienceMs && this.#raise(nowMs);
  }

  #lower(nowMs: number): boolean {
    const lowest = Math.log2(MAX_EVERY_NTH_KEY) + (this.#set.kind === 'fps' ? 1 : 0);
    if (this.#level >= lowest) return false;
    // It was raised too soon.
    if (nowMs - this.#changedMs < this.#patienceMs)
      this.#patienceMs = Math.min(MAX_PATIENCE_MS, 2 * this.#patienceMs);
    this.#level += 1;
    this.#changedMs = nowMs;
    return true;
  }

  #raise(nowMs: number): boolean {
    this.#level -= 1;
    this.#changedMs = nowMs;
    this.#calmSinceMs = undefined;
    return true;
  }
}
