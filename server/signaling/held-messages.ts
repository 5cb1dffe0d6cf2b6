import type { ByteBudget } from '../../fragments/log/byte-budget.ts';

export interface HeldLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

interface Held {
  readonly text: string;
  readonly expiresMs: number;
}

/** Messages of one channel to peers that are not connected, in order, for as long as the channel's message TTL says. */
export class HeldMessages {
  readonly #limits: HeldLimits;
  /** Shared by all channels. */
  readonly #budget: ByteBudget;
  /** By receiver; the oldest first. */
  readonly #queues = new Map<string, Held[]>();
  #count = 0;
  #bytes = 0;

  constructor(limits: HeldLimits, budget: ByteBudget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  get count(): number {
    return this.#count;
  }

  /** Keeps a message; answers false when the channel, or the server, holds too many. */
  add(receiver: string, text: string, expiresMs: number): boolean {
    const { maxMessages, maxBytes } = this.#limits;
    if (this.#count >= maxMessages || this.#bytes + text.length > maxBytes) return false;
    if (!this.#budget.tryTake(text.length)) return false;
    this.#count += 1;
    this.#bytes += text.length;
    const queue = this.#queues.get(receiver) ?? [];
    this.#queues.set(receiver, queue);
    queue.push({ text, expiresMs });
    return true;
  }

  /** Takes out what waits for the receiver, oldest first. Call `expire` before. */
  take(receiver: string): string[] {
    const queue = this.#queues.get(receiver) ?? [];
    this.#queues.delete(receiver);
    queue.forEach((held) => void this.#forget(held));
    return queue.map(({ text }) => text);
  }

  /** Forgets what has expired; answers how many. */
  expire(nowMs: number): number {
    const before = this.#count;
    for (const [receiver, queue] of this.#queues) {
      const kept = queue.filter((held) => held.expiresMs > nowMs || this.#forget(held));
      if (kept.length === 0) this.#queues.delete(receiver);
      else if (kept.length < queue.length) this.#queues.set(receiver, kept);
    }
    return before - this.#count;
  }

  clear(): void {
    this.expire(Infinity);
  }

  #forget({ text }: Held): false {
    this.#count -= 1;
    this.#bytes -= text.length;
    this.#budget.give(text.length);
    return false;
  }
}
