import type { LeaseCatalog } from '../catalog/catalog.ts';

/** How leases are taken: see LeaseCatalog. */
export interface LeaseOptions {
  readonly catalog: LeaseCatalog;
  /**
   * This process among those that share the catalog. The same after a restart, so that a server that was killed need not wait for
   * its own lease to expire.
   */
  readonly owner: string;
  readonly ttlMs: number;
}

/** The right of this process to write one stream's log. */
export class StreamLease {
  readonly #options: LeaseOptions;
  readonly #name: string;
  #renewAtMs = 0;
  #isHeld = false;

  constructor(stream: string, options: LeaseOptions) {
    this.#name = `stream/${stream}`;
    this.#options = options;
  }

  /** False once another owner has it. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Takes the lease, or prolongs it when half of its time is over; answers whether it is held. */
  hold(nowMs: number): boolean {
    if (this.#isHeld && nowMs < this.#renewAtMs) return true;
    const { catalog, owner, ttlMs } = this.#options;
    this.#isHeld = catalog.acquireLease(this.#name, owner, ttlMs, nowMs) !== undefined;
    this.#renewAtMs = nowMs + ttlMs / 2;
    return this.#isHeld;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#options.catalog.releaseLease(this.#name, this.#options.owner);
  }
}
