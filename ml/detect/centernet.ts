import type { RawDetection } from './model-settings.ts';

/** What a CenterNet puts out for one picture. */
export interface CenternetNumbers {
  /** After the sigmoid: rows x columns x classes. */
  readonly scores: Float32Array;
  /** Distances of left, top, right, bottom from the cell's corner, in pixels of the input: rows x columns x 4. */
  readonly sizes: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
}

/** Pixels of the input that a cell stands for, each way. */
const CELL_PIXELS = 4;

/**
 * Objects are where a class's score is not less than that of the eight cells around it (detection.md §2). No sorting, no
 * suppression: both are common to all families.
 */
export function decodeCenternet(
  { scores, sizes, rows, columns, classes }: CenternetNumbers,
  minScore: number,
): RawDetection[] {
  const found: RawDetection[] = [];
  const rowLength = columns * classes;
  // Rounding must not turn 0.35 away from 0.35.
  const threshold = Math.fround(minScore);
  for (let at = 0; at < scores.length; at++) {
    const score = scores[at] as number;
    // The only thing that is done for nearly all of a million numbers.
    if (!(score >= threshold)) continue;
    const row = Math.floor(at / rowLength);
    const column = Math.floor((at % rowLength) / classes);
    if (!isPeak(at, row, column)) continue;
    const size = (row * columns + column) * 4;
    const x = column * CELL_PIXELS;
    const y = row * CELL_PIXELS;
    const left = (x - (sizes[size] as number)) / (columns * CELL_PIXELS);
    const top = (y - (sizes[size + 1] as number)) / (rows * CELL_PIXELS);
    const right = (x + (sizes[size + 2] as number)) / (columns * CELL_PIXELS);
    const bottom = (y + (sizes[size + 3] as number)) / (rows * CELL_PIXELS);
    found.push({ classIndex: at % classes, score, left, top, width: right - left, height: bottom - top });
  }
  return found;

  function isPeak(at: number, row: number, column: number): boolean {
    const score = scores[at] as number;
    for (let down = row > 0 ? -1 : 0; down <= (row < rows - 1 ? 1 : 0); down++) {
      for (let across = column > 0 ? -1 : 0; across <= (column < columns - 1 ? 1 : 0); across++) {
        if ((scores[at + down * rowLength + across * classes] as number) > score) return false;
      }
    }
    return true;
  }
}
