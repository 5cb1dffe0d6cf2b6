import type { WorkerCapabilities } from '../../ml/supervisor/supervisor.ts';

/** What `/readyz` says: ready when every check is true. */
export interface HealthReport {
  readonly checks: Readonly<Record<string, boolean>>;
  /** What detection works with; `undefined` before it has been needed. */
  readonly detection?: WorkerCapabilities | undefined;
}

/**
 * What `/readyz` answers: named checks that all start as false and are set by the part of the server that knows (`http`:
 * listens, `catalog`: opened, ...). `/healthz` needs no state: who answers it is alive.
 */
export class Health {
  readonly #checks: Map<string, boolean>;

  constructor(names: readonly string[]) {
    this.#checks = new Map(names.map((name) => [name, false]));
  }

  get isReady(): boolean {
    return [...this.#checks.values()].every(Boolean);
  }

  /** Throws a RangeError for a name that was not announced: it would not be missed when nobody sets it. */
  set(name: string, isGood: boolean): void {
    if (!this.#checks.has(name)) throw new RangeError(`unknown health check ${name}`);
    this.#checks.set(name, isGood);
  }

  report(): HealthReport {
    return { checks: Object.fromEntries(this.#checks) };
  }
}
