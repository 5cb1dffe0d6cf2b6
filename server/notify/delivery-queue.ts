import { DeliveryError } from './delivery-error.ts';

/** One thing to deliver. */
export interface Delivery {
  /** Deliveries to one destination go one after the other, so that one that is slow or gone holds up nobody else's. */
  readonly destination: string;
  /** For log lines. */
  readonly stream: string;
  /** Bytes that it holds in memory while it waits. */
  readonly sizeBytes: number;
  /** Throws DeliveryError. The signal aborts when it takes too long, or the server closes. */
  readonly send: (signal: AbortSignal) => Promise<void>;
}

export interface DeliveryQueueOptions {
  /** Deliveries that wait for one destination; the oldest is dropped for a new one. */
  readonly maxPerDestination: number;
  /** Bytes that wait, over all destinations. */
  readonly maxBytes: number;
  /** Tries of one delivery. */
  readonly attempts: number;
  /** Before the second try; twice as long before each further one, up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly timeoutMs: number;
  /** How long closing waits for what can still be delivered. */
  readonly drainMs: number;
  readonly onFailed: (delivery: Delivery, reason: string) => void;
}

/** What deliveries have counted since the start; read by the metrics. */
export interface DeliveryCounters {
  delivered: number;
  retried: number;
  /** Given up after all tries, or by a final refusal. */
  failed: number;
  /** Not tried, since too many waited. */
  dropped: number;
}

/** Delivers in the background, with retries, in bounded memory. */
export class DeliveryQueue {
  readonly counters: DeliveryCounters = { delivered: 0, retried: 0, failed: 0, dropped: 0 };
  readonly #options: DeliveryQueueOptions;
  readonly #waiting = new Map<string, Delivery[]>();
  readonly #workers = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #waitingBytes = 0;
  #waitingCount = 0;

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
  }

  /** Deliveries that wait now. */
  get waiting(): number {
    return this.#waitingCount;
  }

  /** Takes a delivery and answers at once. */
  add(delivery: Delivery): void {
    if (this.#closing.signal.aborted) return;
    const { maxPerDestination, maxBytes } = this.#options;
    const known = this.#waiting.get(delivery.destination);
    const queue = known ?? [];
    if (queue.length >= maxPerDestination) this.#drop(queue);
    while (this.#waitingBytes + delivery.sizeBytes > maxBytes && queue.length > 0) this.#drop(queue);
    if (this.#waitingBytes + delivery.sizeBytes > maxBytes) {
      this.counters.dropped += 1;
      this.#options.onFailed(delivery, 'too much waits to be delivered');
      return;
    }
    queue.push(delivery);
    this.#waitingBytes += delivery.sizeBytes;
    this.#waitingCount += 1;
    if (known !== undefined) return;
    this.#waiting.set(delivery.destination, queue);
    const worker = this.#work(delivery.destination, queue).finally(() => this.#workers.delete(worker));
    this.#workers.add(worker);
  }

  /** Goes on for `drainMs` at most, then gives up what waits; resolves when nothing is being sent any more. */
  async close(): Promise<void> {
    const drained = Promise.all(this.#workers);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#options.drainMs);
    await Promise.race([drained, late]);
    clearTimeout(timer);
    this.#closing.abort();
    for (const queue of this.#waiting.values()) {
      while (queue.length > 0) this.#drop(queue);
    }
    await Promise.all(this.#workers);
  }

  /** Drops the oldest. */
  #drop(queue: Delivery[]): void {
    const oldest = this.#take(queue);
    if (oldest === undefined) return;
    this.counters.dropped += 1;
    this.#options.onFailed(oldest, 'too many wait for this destination');
  }

  #take(queue: Delivery[]): Delivery | undefined {
    const delivery = queue.shift();
    if (delivery === undefined) return undefined;
    this.#waitingBytes -= delivery.sizeBytes;
    this.#waitingCount -= 1;
    return delivery;
  }

  async #work(destination: string, queue: Delivery[]): Promise<void> {
    for (let next = this.#take(queue); next !== undefined; next = this.#take(queue)) {
      await this.#deliver(next);
    }
    this.#waiting.delete(destination);
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { attempts, onFailed, timeoutMs } = this.#options;
    const closing = this.#closing.signal;
    for (let attempt = 1; ; attempt++) {
      try {
        await delivery.send(AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)]));
        this.counters.delivered += 1;
        return;
      } catch (error) {
        if (!(error instanceof DeliveryError)) throw error;
        if (error.isFinal || attempt >= attempts || closing.aborted) {
          this.counters.failed += 1;
          onFailed(delivery, error.message);
          return;
        }
      }
      this.counters.retried += 1;
      await this.#pause(attempt);
      if (closing.aborted) {
        this.counters.failed += 1;
        onFailed(delivery, 'the server closes');
        return;
      }
    }
  }

  #pause(attempt: number): Promise<void> {
    const { backoffMs, maxBackoffMs } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.min(maxBackoffMs, backoffMs * 2 ** (attempt - 1)));
    const { signal } = this.#closing;
    signal.addEventListener('abort', () => resolve(), { once: true });
    return promise.finally(() => clearTimeout(timer));
  }
}
