import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTargets, runCampaign } from './campaign.ts';

const INPUTS = 20_000;

for (const target of await loadTargets()) {
  test(`fuzz ${target.name}: ${INPUTS} mutated inputs meet only typed errors`, () => {
    const report = runCampaign(target, { inputs: INPUTS, seed: 7, slowLimitMs: 1000 });
    assert.deepEqual(report.untyped, []);
    // The 20 ms limit is held by the long run on a quiet machine; here only a hang counts.
    assert.deepEqual(report.slow, []);
    assert.ok(report.accepted > 0, 'the seeds themselves must be accepted');
  });
}
