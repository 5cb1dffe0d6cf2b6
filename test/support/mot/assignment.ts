/**
 * Pairs rows with columns so that the sum of the costs is least (the Hungarian method with potentials, O(n³)). Answers the
 * column of each row; `undefined` for a row without one. Costs are finite; there may be more of either.
 */
export function cheapestAssignment(costs: readonly (readonly number[])[]): (number | undefined)[] {
  const rows = costs.length;
  const columns = costs[0]?.length ?? 0;
  const size = Math.max(rows, columns);
  const cost = (row: number, column: number): number => costs[row]?.[column] ?? 0;
  const at = (list: readonly number[], index: number): number => list[index] ?? 0;
  const rowPotential = new Array<number>(size + 1).fill(0);
  const columnPotential = new Array<number>(size + 1).fill(0);
  /** Row of a column, counted from 1; 0: none. */
  const rowOf = new Array<number>(size + 1).fill(0);
  for (let row = 1; row <= size; row++) {
    const slack = new Array<number>(size + 1).fill(Number.POSITIVE_INFINITY);
    const before = new Array<number>(size + 1).fill(0);
    const isDone = new Array<boolean>(size + 1).fill(false);
    rowOf[0] = row;
    let column = 0;
    do {
      isDone[column] = true;
      const here = at(rowOf, column);
      let least = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let other = 1; other <= size; other++) {
        if (isDone[other]) continue;
        const reduced = cost(here - 1, other - 1) - at(rowPotential, here) - at(columnPotential, other);
        if (reduced < at(slack, other)) {
          slack[other] = reduced;
          before[other] = column;
        }
        if (at(slack, other) < least) {
          least = at(slack, other);
          next = other;
        }
      }
      for (let other = 0; other <= size; other++) {
        if (isDone[other]) {
          rowPotential[at(rowOf, other)] = at(rowPotential, at(rowOf, other)) + least;
          columnPotential[other] = at(columnPotential, other) - least;
        } else slack[other] = at(slack, other) - least;
      }
      column = next;
    } while (at(rowOf, column) !== 0);
    while (column !== 0) {
      const previous = at(before, column);
      rowOf[column] = at(rowOf, previous);
      column = previous;
    }
  }
  const answer = new Array<number | undefined>(rows).fill(undefined);
  for (let column = 1; column <= columns; column++) {
    const row = at(rowOf, column);
    if (row >= 1 && row <= rows) answer[row - 1] = column - 1;
  }
  return answer;
}
