import assert from 'node:assert/strict';
import { ApiError } from '../../../server/web/api-error.ts';
import { formatCursor, parseCursor } from '../../../server/web/record-cursor.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const stream = { streamCreatedMs: 1_800_000_000_000, isOver: false };
const seeds = [
  { ...stream, nextIndex: 1, shards: [{ index: 0, ordinal: 0 }] },
  { ...stream, nextIndex: 0, shards: [], isOver: true },
  {
    ...stream,
    nextIndex: 1000,
    shards: [3, 17, 18, 999].map((index) => ({ index, ordinal: index * 1_000_003 })),
  },
];

/** Positions over shards: typed errors only, and what was read is written and read again as the same. */
export const target: FuzzTarget = {
  name: 'record-cursor',
  seeds: () => seeds.map((cursor) => Buffer.from(formatCursor(cursor))),
  run(input) {
    const cursor = parseCursor(Buffer.from(input).toString('latin1'));
    assert.deepEqual(parseCursor(formatCursor(cursor)), cursor);
  },
  isTyped: (error) => error instanceof ApiError,
};
