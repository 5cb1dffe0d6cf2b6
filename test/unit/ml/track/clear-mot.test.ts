import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cheapestAssignment } from '../../../support/mot/assignment.ts';
import { clearMot, type Labelled, type MotFrame } from '../../../support/mot/clear-mot.ts';

/** Cases that were worked out by hand. Boxes are 1 wide and 1 high; 0.2 off shares two thirds, 0.5 off a third. */
function at(places: Readonly<Record<string, number>>): Labelled[] {
  return Object.entries(places).map(([id, x]) => ({ id, box: [x, 0, 1, 1] as const }));
}

type Step = readonly [truth: Readonly<Record<string, number>>, said: Readonly<Record<string, number>>];

function frames(list: readonly Step[]): MotFrame[] {
  return list.map(([truth, said]) => ({ truth: at(truth), hypotheses: at(said) }));
}

function count(...list: readonly Step[]) {
  const { matches, misses, falsePositives, switches, transfers, fragmentations } = clearMot(frames(list));
  return { matches, misses, falsePositives, switches, transfers, fragmentations };
}

const NOTHING = { matches: 0, misses: 0, falsePositives: 0, switches: 0, transfers: 0, fragmentations: 0 };

test('all right', () => {
  assert.deepEqual(
    count(
      [
        { a: 0, b: 5 },
        { x: 0, y: 5.2 },
      ],
      [
        { a: 1, b: 6 },
        { x: 1.2, y: 6 },
      ],
    ),
    { ...NOTHING, matches: 4 },
  );
});

test('misses and false positives; a pair must share half', () => {
  assert.deepEqual(count([{ a: 0 }, {}], [{}, { x: 0 }], [{ a: 0 }, { x: 0.5 }]), {
    ...NOTHING,
    misses: 2,
    falsePositives: 2,
  });
});

test('a switch is another hypothesis than the last one, also after a pause', () => {
  assert.deepEqual(count([{ a: 0 }, { x: 0 }], [{ a: 0 }, { y: 0 }]), {
    ...NOTHING,
    matches: 2,
    switches: 1,
  });
  assert.deepEqual(count([{ a: 0 }, { x: 0 }], [{ a: 0 }, {}], [{ a: 0 }, { y: 0 }]), {
    ...NOTHING,
    matches: 2,
    misses: 1,
    switches: 1,
    fragmentations: 1,
  });
  assert.deepEqual(count([{ a: 0 }, { x: 0 }], [{ a: 0 }, {}], [{ a: 0 }, { x: 0 }]), {
    ...NOTHING,
    matches: 2,
    misses: 1,
    fragmentations: 1,
  });
});

test('two that change places are two switches and two transfers', () => {
  assert.deepEqual(
    count(
      [
        { a: 0, b: 5 },
        { x: 0, y: 5 },
      ],
      [
        { a: 0, b: 5 },
        { x: 5, y: 0 },
      ],
    ),
    {
      ...NOTHING,
      matches: 4,
      switches: 2,
      transfers: 2,
    },
  );
});

test('one hypothesis for one object after another is a transfer, no switch; absence is no fragmentation', () => {
  assert.deepEqual(
    count(
      [{ a: 0 }, { x: 0 }],
      [{}, {}],
      [{ b: 0 }, { x: 0 }],
      [
        { a: 9, b: 0 },
        { x: 0, y: 9 },
      ],
    ),
    {
      ...NOTHING,
      matches: 4,
      switches: 1,
      transfers: 1,
    },
  );
});

test('an object keeps its hypothesis while they share enough, though another is nearer', () => {
  assert.deepEqual(count([{ a: 0 }, { x: 0 }], [{ a: 0.2 }, { x: 0, y: 0.2 }]), {
    ...NOTHING,
    matches: 2,
    falsePositives: 1,
  });
});

test('most pairs come before the best pair', () => {
  // x is nearest to a, but is the only one for b; y is good enough for a.
  assert.deepEqual(
    count([
      { a: 0, b: 0.3 },
      { x: 0.05, y: -0.3 },
    ]),
    { ...NOTHING, matches: 2 },
  );
});

test('MOTA and MOTP of the whole', () => {
  const result = clearMot(
    frames([
      [{ a: 0, b: 5 }, { x: 0.2 }],
      [
        { a: 0, b: 5 },
        { y: 0, z: 9 },
      ],
    ]),
  );
  // Four objects: two missed, one false, one switch.
  assert.equal(result.mota, 0);
  assert.equal(result.motp.toFixed(4), ((2 / 3 + 1) / 2).toFixed(4));
  assert.equal(clearMot([]).mota, 1);
});

test('the cheapest assignment is the cheapest of all', () => {
  const costs = fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
    .chain(([rows, columns]) =>
      fc.array(fc.array(fc.integer({ min: -20, max: 20 }), { minLength: columns, maxLength: columns }), {
        minLength: rows,
        maxLength: rows,
      }),
    );
  fc.assert(
    fc.property(costs, (table) => {
      const columns = cheapestAssignment(table);
      const paired = columns.filter((column) => column !== undefined);
      assert.equal(new Set(paired).size, Math.min(table.length, table[0]?.length ?? 0));
      const sum = columns.reduce<number>(
        (total, column, row) => total + (table[row]?.[column ?? -1] ?? 0),
        0,
      );
      assert.equal(sum, leastSum(table));
    }),
  );
});

/** By trying all. */
function leastSum(table: readonly (readonly number[])[]): number {
  const columns = table[0]?.length ?? 0;
  const spare = Math.max(0, table.length - columns);
  const search = (row: number, free: ReadonlySet<number>, unpaired: number): number => {
    const costs = table[row];
    if (costs === undefined) return 0;
    const sums = [...free].map((column) => {
      const rest = new Set(free);
      rest.delete(column);
      return (costs[column] ?? 0) + search(row + 1, rest, unpaired);
    });
    if (unpaired > 0) sums.push(search(row + 1, free, unpaired - 1));
    return Math.min(...sums);
  };
  return search(0, new Set(Array.from({ length: columns }, (_, column) => column)), spare);
}
