/** A class of work that has been passed over this often goes before the classes above it. */
const MAX_PASSED_OVER = 8;

/** Whose turn it is among classes of work, the most urgent first: a lower class waits, but not for ever. */
export class Turns {
  readonly #passedOver: number[];

  constructor(classes: number) {
    this.#passedOver = new Array<number>(classes).fill(0);
  }

  /** Which class is served, of those that have work; `undefined` when none has. */
  next(hasWork: readonly boolean[]): number | undefined {
    const starving = this.#passedOver.findIndex(
      (times, i) => times >= MAX_PASSED_OVER && hasWork[i] === true,
    );
    const chosen = starving === -1 ? hasWork.indexOf(true) : starving;
    if (chosen === -1) return undefined;
    for (const i of this.#passedOver.keys()) {
      if (i === chosen) this.#passedOver[i] = 0;
      else if (i > chosen && hasWork[i] === true) this.#passedOver[i] = (this.#passedOver[i] ?? 0) + 1;
    }
    return chosen;
  }
}
