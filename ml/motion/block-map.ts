import type { Box } from '../geometry/box.ts';

/** Cells of a block, each way. */
export const BLOCK_CELLS = 5;
/** Blocks that are no farther apart than this belong to one thing that moves: the inside of a plain object changes little. */
const REACH = 2;
/** More boxes are joined into one. */
const MAX_BOXES = 16;

/** Which blocks of a picture are active, and how strongly: the number of their cells that changed. */
export class BlockMap {
  readonly columns: number;
  readonly rows: number;
  readonly changed: Uint8Array;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.changed = new Uint8Array(columns * rows);
  }

  /** Marks cells that differ by more than the threshold; `shift` is taken off first. */
  compare(
    luma: Uint8Array,
    reference: Uint8Array | Float32Array,
    difference: { readonly shift: number; readonly threshold: number },
  ): void {
    const changed = this.changed.fill(0);
    const { shift, threshold } = difference;
    let cell = 0;
    for (let row = 0; row < this.rows * BLOCK_CELLS; row++) {
      let block = Math.floor(row / BLOCK_CELLS) * this.columns;
      for (const end = block + this.columns; block < end; block++) {
        let count = 0;
        for (let i = 0; i < BLOCK_CELLS; i++, cell++) {
          const by = (luma[cell] as number) - (reference[cell] as number) - shift;
          if (by > threshold || by < -threshold) count++;
        }
        if (count > 0) changed[block] = (changed[block] as number) + count;
      }
    }
  }

  /** Is there one within reach of a block, itself included? */
  some(block: number, isActive: (block: number) => boolean, reach = REACH): boolean {
    const row = Math.floor(block / this.columns);
    const column = block % this.columns;
    for (let y = Math.max(row - reach, 0); y <= Math.min(row + reach, this.rows - 1); y++) {
      for (let x = Math.max(column - reach, 0); x <= Math.min(column + reach, this.columns - 1); x++) {
        if (isActive(y * this.columns + x)) return true;
      }
    }
    return false;
  }

  /** Blocks that `isActive` answers, as boxes around those that are within reach of each other. Fractions of the picture. */
  boxes(isActive: (block: number) => boolean): Box[] {
    const seen = new Uint8Array(this.changed.length);
    const boxes: Box[] = [];
    for (let first = 0; first < seen.length; first++) {
      if (seen[first] === 1 || !isActive(first)) continue;
      let [left, top, right, bottom] = [this.columns, this.rows, 0, 0];
      const waiting = [first];
      seen[first] = 1;
      for (let block = waiting.pop(); block !== undefined; block = waiting.pop()) {
        const row = Math.floor(block / this.columns);
        const column = block % this.columns;
        [left, right] = [Math.min(left, column), Math.max(right, column + 1)];
        [top, bottom] = [Math.min(top, row), Math.max(bottom, row + 1)];
        this.some(block, (near) => {
          if (seen[near] === 0 && isActive(near)) {
            seen[near] = 1;
            waiting.push(near);
          }
          return false;
        });
      }
      boxes.push([
        left / this.columns,
        top / this.rows,
        (right - left) / this.columns,
        (bottom - top) / this.rows,
      ]);
    }
    return boxes.length > MAX_BOXES ? [boxes.reduce(around)] : boxes;
  }
}

/** The box around two. */
export function around(a: Box, b: Box): Box {
  const left = Math.min(a[0], b[0]);
  const top = Math.min(a[1], b[1]);
  return [left, top, Math.max(a[0] + a[2], b[0] + b[2]) - left, Math.max(a[1] + a[3], b[1] + b[3]) - top];
}
