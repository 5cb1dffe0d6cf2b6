import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseExpiry } from '../../../../server/cli/expiry.ts';
import { UsageError } from '../../../../server/cli/usage-error.ts';

it('expiry is a time from now, a day or an instant', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  assert.equal(parseExpiry('90m', nowMs), nowMs + 90 * 60_000);
  assert.equal(parseExpiry('12h', nowMs), nowMs + 12 * 3_600_000);
  assert.equal(parseExpiry('30d', nowMs), Date.UTC(2026, 0, 31));
  assert.equal(parseExpiry('2w', nowMs), Date.UTC(2026, 0, 15));
  assert.equal(parseExpiry('1y', nowMs), Date.UTC(2027, 0, 1));
  assert.equal(parseExpiry('2027-01-31', nowMs), Date.UTC(2027, 0, 31));
  assert.equal(parseExpiry('2027-01-31T12:00:00+01:00', nowMs), Date.UTC(2027, 0, 31, 11));
  for (const bad of ['', 'soon', '30', '30x', '-1d', '0d', '2027-13-01', '2025-12-31']) {
    assert.throws(() => parseExpiry(bad, nowMs), UsageError, bad);
  }
});
