import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RATES, sumOver, tableOf } from '../../../support/mot/compare.ts';

const table = tableOf(5);

test('on no sequence, made up or real, and at no rate does plain IoU keep identities better', () => {
  for (const { name, framesPerSecond, ours, plain } of table) {
    const where = `${name} at ${framesPerSecond} fps`;
    assert.ok(
      ours.switches <= plain.switches,
      `${where}: ${ours.switches} switches, plain ${plain.switches}`,
    );
    assert.ok(ours.misses <= plain.misses, `${where}: misses`);
  }
  for (const framesPerSecond of RATES) {
    const { ours, plain } = sumOver(table, (row) => row.framesPerSecond === framesPerSecond);
    assert.ok(ours.fragmentations <= plain.fragmentations, `${framesPerSecond} fps: fragmentations`);
  }
});

test('from two frames a second on, identities are kept nearly always, and objects are not taken for each other', () => {
  for (const framesPerSecond of RATES.filter((rate) => rate >= 2)) {
    const { ours, plain } = sumOver(table, (row) => row.framesPerSecond === framesPerSecond);
    assert.ok(
      ours.switches * 10 <= plain.switches,
      `${framesPerSecond} fps: ${ours.switches}, plain ${plain.switches}`,
    );
    assert.ok(
      ours.transfers * 4 <= plain.transfers,
      `${framesPerSecond} fps: ${ours.transfers}, plain ${plain.transfers}`,
    );
  }
  const { ours } = sumOver(table, (row) => row.isReal && row.framesPerSecond >= 2);
  assert.deepEqual([ours.switches, ours.transfers], [0, 0], 'none at all on the real ones');
});
