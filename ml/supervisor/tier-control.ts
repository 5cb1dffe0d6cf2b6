import type { Tier } from '../watch/watch-settings.ts';
import type { TierInForce } from './due-sampler.ts';

/** A lower tier is tried after being late for so long, or for two sampling periods: a worker that is replaced is late for less. */
const LATE_MS = 3000;
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
  #raisedMs = Number.NEGATIVE_INFINITY;
  #lateSinceMs: number | undefined;
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

  /** For how long a frame has waited that nobody looks at yet. `keyPeriodMs`: from one key frame to the next. Answers as `looked` does. */
  waited(lagMs: number, keyPeriodMs: number, nowMs: number): boolean {
    const periodMs = this.#periodMs(keyPeriodMs);
    if (lagMs <= 2 * periodMs) return false;
    this.#calmSinceMs = undefined;
    this.#lateSinceMs ??= nowMs;
    return nowMs - this.#lateSinceMs >= Math.max(LATE_MS, 2 * periodMs) && this.#lower(nowMs);
  }

  /** How late a frame was that was looked at. Answers whether another tier is in force now. */
  looked(lagMs: number, keyPeriodMs: number, nowMs: number): boolean {
    const periodMs = this.#periodMs(keyPeriodMs);
    if (lagMs > 2 * periodMs) return this.waited(lagMs, keyPeriodMs, nowMs);
    this.#lateSinceMs = undefined;
    if (this.#level === 0) return false;
    if (lagMs > periodMs) this.#calmSinceMs = nowMs;
    this.#calmSinceMs ??= nowMs;
    return nowMs - this.#calmSinceMs >= this.#patienceMs && this.#raise(nowMs);
  }

  #periodMs(keyPeriodMs: number): number {
    const tier = this.inForce;
    return tier.kind === 'fps' ? 1000 / tier.framesPerSecond : keyPeriodMs * tier.everyNthKey;
  }

  #lower(nowMs: number): boolean {
    const lowest = Math.log2(MAX_EVERY_NTH_KEY) + (this.#set.kind === 'fps' ? 1 : 0);
    if (this.#level >= lowest) return false;
    // It was raised too soon.
    if (nowMs - this.#raisedMs < this.#patienceMs) {
      this.#patienceMs = Math.min(MAX_PATIENCE_MS, 2 * this.#patienceMs);
    }
    this.#level += 1;
    this.#lateSinceMs = undefined;
    return true;
  }

  #raise(nowMs: number): boolean {
    this.#level -= 1;
    this.#raisedMs = nowMs;
    this.#calmSinceMs = undefined;
    return true;
  }
}
