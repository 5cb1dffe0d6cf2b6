import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeSummary,
  encodeSummary,
  type FileSummary,
  SUMMARY_BYTES,
} from '../../../../fragments/log/file-summary.ts';
import { FileTable, type FileTableRow } from '../../../../fragments/log/file-table.ts';

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant('push' as const),
        ordinals: fc.integer({ min: 1, max: 5000 }),
        ms: fc.integer({ min: 0, max: 1e7 }),
        producerMs: fc.double({ min: -1e12, max: 5e12, noNaN: true }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('shift' as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('pop' as const) }) },
  ),
  { maxLength: 200 },
);

test('holds what a list of rows would, through any pushes and deletions', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 2 ** 40, max: 2 ** 50 }), (script, firstOrdinal) => {
      const table = new FileTable();
      const rows: FileTableRow[] = [];
      let ordinal = firstOrdinal;
      let serverMs = 1_700_000_000_000;
      for (const step of script) {
        if (step.type === 'shift') {
          table.shift();
          rows.shift();
        } else if (step.type === 'pop') {
          table.pop();
          rows.pop();
        } else {
          ordinal += step.ordinals;
          serverMs += step.ms;
          const row = {
            key: { sequence: ordinal * 3, serverMs, random28: ordinal & 0xfff_ffff },
            firstOrdinal: ordinal,
            producerMinMs: step.producerMs,
            producerMaxMs: step.producerMs + step.ms,
          };
          table.push(row);
          rows.push(row);
        }
      }
      assert.equal(table.length, rows.length);
      for (const [at, row] of rows.entries()) {
        assert.deepEqual(table.keyAt(at), row.key);
        assert.equal(table.firstOrdinalAt(at), row.firstOrdinal);
        assert.ok(table.producerMinAt(at) <= row.producerMinMs);
        assert.ok(table.producerMaxAt(at) >= row.producerMaxMs);
        const slack = 2 + Math.abs(row.producerMaxMs - row.key.serverMs) / 2 ** 21;
        assert.ok(table.producerMaxAt(at) - row.producerMaxMs < slack, 'the bound is near');
        assert.equal(table.byOrdinal(row.firstOrdinal), at);
        assert.equal(table.byOrdinal(row.firstOrdinal - 1), at - 1);
        assert.equal(table.bySequence(row.key.sequence + 2), at);
        assert.equal(
          table.byServerMs(row.key.serverMs),
          rows.findLastIndex(({ key }) => key.serverMs <= row.key.serverMs),
        );
      }
    }),
    { numRuns: 300 },
  );
});

test('rule 8: 32 bytes a file, and no object', () => {
  const table = new FileTable();
  const before = process.memoryUsage();
  const files = 200_000;
  for (let at = 0; at < files; at++) {
    table.push({
      key: { sequence: at, serverMs: at, random28: 1 },
      firstOrdinal: at,
      producerMinMs: at,
      producerMaxMs: at,
    });
  }
  const grownBytes = process.memoryUsage().arrayBuffers - before.arrayBuffers;
  // capacity doubles, and what was grown out of may not have been collected yet
  assert.ok(grownBytes <= 32 * files * 4);
  assert.equal(table.length, files);
});

const summaries: fc.Arbitrary<FileSummary> = fc.record(
  {
    key: fc.record(
      { sequence: fc.maxSafeNat(), serverMs: fc.maxSafeNat(), random28: fc.nat(0xfff_ffff) },
      { noNullPrototype: true },
    ),
    firstOrdinal: fc.maxSafeNat(),
    lastOrdinal: fc.maxSafeNat(),
    lastSequence: fc.maxSafeNat(),
    lastServerMs: fc.maxSafeNat(),
    serverEndMs: fc.double({ noNaN: true }),
    producerStartMs: fc.double({ noNaN: true }),
    producerEndMs: fc.double({ noNaN: true }),
    producerMinMs: fc.double({ noNaN: true }),
    producerMaxMs: fc.double({ noNaN: true }),
    firstRun: fc.nat(0xffff_ffff),
    lastRun: fc.nat(0xffff_ffff),
    breaks: fc.nat(0xffff_ffff),
    entries: fc.nat(0xffff_ffff),
    sizeBytes: fc.maxSafeNat(),
    headBytes: fc.nat(0xffff_ffff),
    headId: fc.stringMatching(/^[0-9a-f]{16}$/),
  },
  { noNullPrototype: true },
);

test('a summary reads back as it was written, and not at all when a bit of it is wrong', () => {
  fc.assert(
    fc.property(summaries, fc.nat(SUMMARY_BYTES * 8 - 1), (summary, bit) => {
      const row = encodeSummary(summary);
      assert.equal(row.length, SUMMARY_BYTES);
      assert.deepEqual(decodeSummary(row, 0), summary);
      row[bit >> 3] = (row[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(decodeSummary(row, 0), undefined);
      assert.equal(decodeSummary(row.subarray(0, -1), 0), undefined);
    }),
  );
});
