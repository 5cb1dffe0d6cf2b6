import type { Terminal } from './terminal.ts';

const INTERVAL_MS = 500;

/** One line on stderr that tells how far long work has got, where somebody looks. */
export class ProgressLine {
  readonly #terminal: Terminal;
  #shownMs = performance.now();
  #shownLength = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows the text, now and then; nothing in the first moments, in which most work is done. */
  update(text: () => string): void {
    if (!this.#terminal.errIsTty) return;
    const nowMs = performance.now();
    if (nowMs - this.#shownMs < INTERVAL_MS) return;
    this.#shownMs = nowMs;
    const line = text();
    this.#terminal.err(`\r${line.padEnd(this.#shownLength)}`);
    this.#shownLength = line.length;
  }

  /** Makes room for what is said next. */
  clear(): void {
    if (this.#shownLength > 0) this.#terminal.err(`\r${' '.repeat(this.#shownLength)}\r`);
    this.#shownLength = 0;
  }
}
