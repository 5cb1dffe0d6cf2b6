import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInstant } from '../../../../server/http/instant.ts';

test('an instant is ISO 8601 with a zone, or epoch milliseconds', () => {
  const noon = Date.UTC(2026, 2, 1, 12);
  assert.equal(parseInstant('2026-03-01T12:00:00Z'), noon);
  assert.equal(parseInstant('2026-03-01T12:00Z'), noon);
  assert.equal(parseInstant('2026-03-01T14:00:00.250+02:00'), noon + 250);
  assert.equal(parseInstant('2026-03-01T14:00:00+0200'), noon);
  assert.equal(parseInstant(String(noon)), noon);
  assert.equal(parseInstant('1772366400000.5'), 1_772_366_400_000.5);
});

test('anything else is no instant', () => {
  const wrong = [
    '',
    'now',
    '2026-03-01',
    '2026-03-01T12:00:00',
    '2026-13-01T12:00:00Z',
    '-5',
    '1e3',
    '0x10',
    'NaN',
  ];
  for (const text of [...wrong, '9999999999999999', ' 1', '2026-03-01 12:00:00Z']) {
    assert.equal(parseInstant(text), undefined, text);
  }
});
