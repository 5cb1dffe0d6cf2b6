import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  millisOfTimecode,
  ticksOfTimecode,
  timecodeOfTicks,
  timescaleOf,
} from '../../../../fragments/matroska/timecode-scale.ts';

describe('the clock of a document', () => {
  it('is a whole number of ticks a second where it can be', () => {
    assert.deepEqual(
      [1_000_000, 100_000, 1_000_000_000, 1, 20_833, 22_676, 999, 3_000_000_000].map(timescaleOf),
      [1000, 10_000, 1, 1e9, 1e6, 1e6, 1e9, 1e6],
    );
  });

  it('gives every timecode back exactly', () => {
    const now = 1_700_000_000_000_000_000n;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constantFrom(1_000_000, 22_676, 20_833, 1001, 999_999, 333_333, 7),
          fc.integer({ min: 1, max: 2e9 }),
        ),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (scaleNs, part) => {
          // Up to now, as absolute times count it, as far as ticks are whole numbers in a double.
          const most = Number(now / BigInt(scaleNs));
          const limit = timescaleOf(scaleNs) === 1e9 ? Math.floor(9e15 / scaleNs) : most;
          const timecode = Math.floor(part * Math.min(limit, Number.MAX_SAFE_INTEGER));
          assert.equal(timecodeOfTicks(ticksOfTimecode(timecode, scaleNs), scaleNs), timecode);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('tells milliseconds', () => {
    assert.equal(millisOfTimecode(1_678_912_146_652, 1_000_000), 1_678_912_146_652);
    assert.equal(millisOfTimecode(44_100, 22_676), 1000);
    assert.equal(millisOfTimecode(-15, 100_000), -2);
  });
});
