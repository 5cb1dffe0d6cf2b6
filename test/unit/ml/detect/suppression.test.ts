import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Candidate, suppress } from '../../../../ml/detect/suppression.ts';
import type { Box } from '../../../../ml/geometry/box.ts';

const at = (box: Box, score: number, more: Partial<Candidate> = {}): Candidate => ({
  label: 'person',
  group: 'person',
  score,
  box,
  region: 0,
  isCut: false,
  ...more,
});
const scores = (candidates: readonly Candidate[]) => suppress(candidates, 0.5, 100).map(({ score }) => score);

test('of boxes that overlap the surest stands; answers come surest first', () => {
  const found = [
    at([0, 0, 0.2, 0.2], 0.5),
    at([0.01, 0.01, 0.2, 0.2], 0.9),
    at([0.5, 0.5, 0.2, 0.2], 0.7),
    at([0.15, 0, 0.2, 0.2], 0.6),
  ];
  assert.deepEqual(scores(found), [0.9, 0.7, 0.6]);
});

test('a van that is found as a car and as a truck is one; a person in front of it is another', () => {
  const box: Box = [0.1, 0.1, 0.4, 0.3];
  const found = [
    at(box, 0.4, { label: 'car', group: 'vehicle' }),
    at(box, 0.5, { label: 'truck', group: 'vehicle' }),
    at(box, 0.3),
  ];
  assert.deepEqual(
    suppress(found, 0.5, 100).map(({ label }) => label),
    ['truck', 'person'],
  );
});

test('what two parts of the picture see whole is answered once, with the better score', () => {
  const found = [at([0.4, 0.4, 0.1, 0.2], 0.5), at([0.405, 0.4, 0.1, 0.2], 0.8, { region: 1 })];
  assert.deepEqual(scores(found), [0.8]);
});

test('a whole box is better than a surer one that is cut', () => {
  const whole = at([0.4, 0.2, 0.2, 0.5], 0.5);
  const half = at([0.4, 0.2, 0.09, 0.5], 0.9, { region: 1, isCut: true });
  const [found, ...others] = suppress([half, whole], 0.5, 100);
  assert.deepEqual(others, []);
  assert.deepEqual(found, { label: 'person', score: 0.9, box: whole.box });
});

test('two ends of one object, each cut by its part, make a whole', () => {
  const left = at([0.2, 0.25, 0.375, 0.25], 0.5, { isCut: true });
  const right = at([0.375, 0.25, 0.375, 0.25], 0.75, { region: 1, isCut: true });
  const [found, ...others] = suppress([left, right], 0.9, 100);
  assert.deepEqual(others, []);
  assert.deepEqual(found, { label: 'person', score: 0.75, box: [0.2, 0.25, 0.55, 0.25] });
});

test('a cut box stays where it is no part of another: small things before a large one, others beside it', () => {
  const small = at([0.45, 0.45, 0.05, 0.05], 0.8);
  const large = at([0.3, 0.3, 0.4, 0.4], 0.6, { region: 1, isCut: true });
  const beside = at([0.7, 0.3, 0.2, 0.4], 0.5, { region: 2, isCut: true });
  assert.deepEqual(scores([small, large, beside]), [0.8, 0.6, 0.5]);
  // Within one part nothing is joined: two persons side by side at its border are two.
  const one = at([0.4, 0.2, 0.1, 0.3], 0.8, { isCut: true });
  const two = at([0.44, 0.2, 0.1, 0.3], 0.7, { isCut: true });
  assert.deepEqual(scores([one, two]), [0.8, 0.7]);
});

test('no more are answered than are asked for', () => {
  const many = Array.from({ length: 50 }, (_, i) => at([i / 50, 0, 0.01, 0.01], 0.5 + i / 1000));
  assert.equal(suppress(many, 0.5, 10).length, 10);
  assert.equal(suppress(many, 0.5, 10)[0]?.score, 0.549);
});
