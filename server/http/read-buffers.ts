/**
 * Buffers for cold reads, reused: `fs.read` into a fresh Buffer costs 2.3 times the CPU of a cached one (libraries.md
 * §8). A bounded number of large buffers is lent out; when all are lent (slow viewers hold them), a borrower gets a
 * small one instead of waiting, so that slow viewers cannot keep others from reading and memory stays bounded by
 * `largeCount × largeBytes + viewers × smallBytes`.
 */
export class ReadBuffers {
  readonly #free: Buffer[] = [];
  readonly #largeBytes: number;
  readonly #largeCount: number;
  readonly #smallBytes: number;
  #lent = 0;

  constructor(options: { largeBytes?: number; largeCount?: number; smallBytes?: number } = {}) {
    this.#largeBytes = options.largeBytes ?? 1024 * 1024;
    this.#largeCount = options.largeCount ?? 32;
    this.#smallBytes = options.smallBytes ?? 64 * 1024;
  }

  /** Large buffers lent out now. */
  get lent(): number {
    return this.#lent;
  }

  /** A buffer to read into; hand it back with `give`, or with `forget` when somebody may still be reading it. */
  take(): Buffer {
    if (this.#lent >= this.#largeCount) return Buffer.allocUnsafeSlow(this.#smallBytes);
    this.#lent += 1;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#largeBytes);
  }

  /** Returns a buffer that nobody reads any more. */
  give(buffer: Buffer): void {
    if (buffer.length !== this.#largeBytes) return;
    this.#lent -= 1;
    this.#free.push(buffer);
  }

  /** Gives up a buffer that a cancelled write may still hold: it is left to the garbage collector, never reused. */
  forget(buffer: Buffer): void {
    if (buffer.length === this.#largeBytes) this.#lent -= 1;
  }
}
