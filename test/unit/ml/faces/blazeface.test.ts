import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeFaces } from '../../../../ml/faces/blazeface.ts';

/** Answers of the graph in which nothing is a face but what is put there. */
class Answers {
  readonly outputs = [512, 512 * 16, 384, 384 * 16].map((length) => new Float32Array(length));

  constructor() {
    this.outputs[0]?.fill(-20);
    this.outputs[2]?.fill(-20);
  }

  put(grid: 'fine' | 'coarse', anchor: number, logit: number, values: readonly number[]): void {
    const first = grid === 'fine' ? 0 : 2;
    this.outputs[first]?.fill(logit, anchor, anchor + 1);
    this.outputs[first + 1]?.set(values, anchor * 16);
  }
}

/** Centre, size, and points that all lie at the centre but the first. */
function values(dx: number, dy: number, size: number): number[] {
  return [dx, dy, size, size, dx - 5, dy - 5, ...Array.from({ length: 5 }, () => [dx, dy]).flat()];
}

describe('decodeFaces', () => {
  it('adds what the graph says to its anchors', () => {
    const answers = new Answers();
    // Fine grid: 16 cells of 16 pixels, two anchors each. Cell 3 of row 2, its second anchor.
    answers.put('fine', 2 * (2 * 16 + 3) + 1, 0, values(1, -2, 20));
    const [face, ...others] = decodeFaces(answers.outputs, 0.4);
    assert.equal(others.length, 0);
    assert.equal(face?.score, 0.5);
    assert.deepEqual([face?.left, face?.top, face?.width, face?.height], [56 + 1 - 10, 40 - 2 - 10, 20, 20]);
    assert.deepEqual(face?.points[0], [56 - 4, 40 - 7]);
    assert.deepEqual(face?.points[5], [57, 38]);
  });

  it('knows the coarse grid: 8 cells of 32 pixels, six anchors each', () => {
    const answers = new Answers();
    answers.put('coarse', 6 * (7 * 8 + 7) + 5, 20, values(0, 0, 100));
    const [face] = decodeFaces(answers.outputs, 0.5);
    assert.deepEqual([face?.left, face?.top], [240 - 50, 240 - 50]);
    assert.ok((face?.score ?? 0) > 0.999);
  });

  it('averages what overlaps, by score, and keeps what does not apart', () => {
    const answers = new Answers();
    answers.put('fine', 0, Math.log(3), values(0, 0, 40));
    answers.put('fine', 1, 0, values(4, 0, 40));
    answers.put('coarse', 6 * 60, 1, values(0, 0, 40));
    const faces = decodeFaces(answers.outputs, 0.3);
    assert.equal(faces.length, 2);
    const near = faces.find(({ left }) => left < 50);
    assert.ok(Math.abs((near?.left ?? 0) - (8 - 20 + (4 * 0.5) / 1.25)) < 1e-6);
    assert.ok(Math.abs((near?.score ?? 0) - 0.75) < 1e-6);
  });

  it('answers nothing below the score, and refuses answers of another graph', () => {
    const answers = new Answers();
    answers.put('fine', 0, -1, values(0, 0, 40));
    assert.deepEqual(decodeFaces(answers.outputs, 0.3), []);
    assert.throws(() => decodeFaces(answers.outputs.toReversed(), 0.3), RangeError);
    assert.throws(() => decodeFaces([], 0.3), RangeError);
  });

  it('survives numbers that are none', () => {
    const answers = new Answers();
    answers.put('fine', 0, 5, values(0, 0, -40));
    answers.put('coarse', 0, 5, values(0, 0, Number.NaN));
    assert.deepEqual(decodeFaces(answers.outputs, 0.3), []);
    for (const output of answers.outputs) output.fill(Number.NaN);
    assert.deepEqual(decodeFaces(answers.outputs, 0.3), []);
  });
});
