/** At most `width` operations at once; the others wait in order. */
export class IoLane {
  readonly width: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(width: number) {
    this.width = width;
  }

  /** Operations that run or wait now. */
  get depth(): number {
    return this.#running + this.#waiting.length;
  }

  async run<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#running >= this.width) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await operation();
    } finally {
      // The place is handed over, never freed in between: nobody can slip past those who wait.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/** One lane for each kind of work of a disk, so that a sync that hangs stops neither reads nor the rest of the process. */
export interface IoLanes {
  readonly reads: IoLane;
  readonly writes: IoLane;
  readonly syncs: IoLane;
}

/**
 * A quarter of libuv's thread pool (default 4 threads, `UV_THREADPOOL_SIZE`) for each lane. The last quarter stays free
 * for name look-ups, hashes and other disks when this one stalls.
 */
export function makeIoLanes(poolSize = Number(process.env.UV_THREADPOOL_SIZE ?? 4)): IoLanes {
  const width = Math.max(1, Math.floor((Number.isFinite(poolSize) ? poolSize : 4) / 4));
  return { reads: new IoLane(width), writes: new IoLane(width), syncs: new IoLane(width) };
}
