import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStartTimestamp } from '../../../../../server/ingest/put-media/start-timestamp.ts';

test('start timestamps as producers print them', () => {
  const cases: readonly [string, number][] = [
    ['0.0', 0],
    ['1678912146.652', 1_678_912_146_652],
    // The C producer does not pad milliseconds.
    ['1678912146.5', 1_678_912_146_005],
    ['1678912146.65', 1_678_912_146_065],
    ['1678912146.050', 1_678_912_146_050],
    ['1678912146', 1_678_912_146_000],
    ['1678912146.', 1_678_912_146_000],
    ['1678912146.6525', 1_678_912_146_652.5],
    [' 12.345 ', 12_345],
    ['1.678912146652E9', 1_678_912_146_652],
    ['Wed, 15 Mar 2023 20:29:06 GMT', Date.UTC(2023, 2, 15, 20, 29, 6)],
    ['2023-03-15T20:29:06.652Z', Date.UTC(2023, 2, 15, 20, 29, 6, 652)],
  ];
  for (const [text, ms] of cases) assert.equal(parseStartTimestamp(text), ms, text);
});

test('what is no time is told as such', () => {
  for (const text of [
    '',
    '-1',
    'now',
    '1e9',
    '0x10',
    '12.3.4',
    'Infinity',
    'NaN',
    '9'.repeat(13),
    'Wed, nothing',
    '1,5',
  ])
    assert.equal(parseStartTimestamp(text), undefined, text);
});
