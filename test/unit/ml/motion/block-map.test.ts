import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { overlapArea } from '../../../../ml/geometry/box.ts';
import { BLOCK_CELLS, BlockMap } from '../../../../ml/motion/block-map.ts';

const COLUMNS = 12;
const ROWS = 8;
const blocks = fc.uniqueArray(fc.nat(COLUMNS * ROWS - 1), { maxLength: 40 });

function blockBox(block: number): [number, number, number, number] {
  return [(block % COLUMNS) / COLUMNS, Math.floor(block / COLUMNS) / ROWS, 1 / COLUMNS, 1 / ROWS];
}

test('every active block is in a box, and every box is full of reasons', () => {
  fc.assert(
    fc.property(blocks, (active) => {
      const boxes = new BlockMap(COLUMNS, ROWS).boxes((block) => active.includes(block));
      for (const block of active) {
        const own = blockBox(block);
        assert.ok(boxes.some((box) => overlapArea(box, own) > 0.99 * own[2] * own[3]));
      }
      for (const box of boxes) assert.ok(active.some((block) => overlapArea(box, blockBox(block)) > 0));
      assert.ok(boxes.length <= 16 && (active.length === 0) === (boxes.length === 0));
    }),
  );
});

test('cells are counted in their blocks, with the shift of the light taken off', () => {
  const map = new BlockMap(2, 2);
  const before = new Uint8Array(4 * BLOCK_CELLS ** 2).fill(100);
  const now = before.map(() => 110);
  // Three cells of the lower right block, one of the upper left.
  const width = 2 * BLOCK_CELLS;
  now[6 * width + 6] = 140;
  now[7 * width + 9] = 80;
  now[9 * width + 5] = 200;
  now[0] = 125;
  map.compare(now, before, { shift: 10, threshold: 14 });
  assert.deepEqual([...map.changed], [1, 0, 0, 3]);
  map.compare(now, before, { shift: 10, threshold: 60 });
  assert.deepEqual([...map.changed], [0, 0, 0, 1]);
});

test('more boxes than anyone can look at become one', () => {
  const map = new BlockMap(30, 30);
  const boxes = map.boxes((block) => (block % 30) % 5 === 0 && Math.floor(block / 30) % 5 === 0);
  assert.deepEqual(boxes, [[0, 0, 26 / 30, 26 / 30]]);
});
