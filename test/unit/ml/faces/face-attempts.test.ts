import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FaceAttempts, TELLING_LOOKS } from '../../../../ml/faces/face-attempts.ts';
import { isTelling, meritOf } from '../../../../ml/faces/face-merit.ts';
import { ownersOf } from '../../../../ml/faces/face-owners.ts';
import type { Box } from '../../../../ml/geometry/box.ts';
import type { FrameRef } from '../../../../ml/watch/frame.ts';
import type { ObservedFace, TrackedObject } from '../../../../ml/watch/observed.ts';

const CONDITIONS = { minPixels: 50, picture: { width: 1000, height: 500 } };

function frame(ms: number): FrameRef {
  return { fragmentNumber: '1'.padStart(47, '0'), offsetMs: ms, producerMs: ms, serverMs: ms };
}

function person(trackId: string, change: Partial<TrackedObject> = {}): TrackedObject {
  return {
    trackId,
    label: 'person',
    group: 'person',
    score: 0.7,
    topScore: 0.7,
    box: [0.4, 0.2, 0.2, 0.8],
    isConfirmed: true,
    trackConfidence: 1,
    enteredMs: 0,
    ...change,
  };
}

/** In the middle of the upper end of `person`, so many pixels wide. */
function face(pixels = 60, change: Partial<ObservedFace> = {}): ObservedFace {
  const size = pixels / CONDITIONS.picture.width;
  return {
    box: [0.5 - size / 2, 0.3, size, size * 2],
    score: 0.9,
    landmarks: [],
    pose: { roll: 0, yaw: 0, pitch: 0 },
    trackId: undefined,
    embedding: undefined,
    ...change,
  };
}

/** One frame: who was due, and what was said of the face. */
function attempt(
  attempts: FaceAttempts,
  ms: number,
  faces: readonly ObservedFace[],
  objects = [person('a')],
) {
  const due = attempts.due(objects, frame(ms));
  if (due.length === 0) return undefined;
  return attempts.judge(faces, due, objects, frame(ms), CONDITIONS);
}

describe('FaceAttempts', () => {
  it('looks for faces of confirmed persons only', () => {
    const others = [person('b', { isConfirmed: false }), person('c', { label: 'car', group: 'vehicle' })];
    assert.deepEqual(
      new FaceAttempts().due([person('a'), ...others], frame(0)).map(({ trackId }) => trackId),
      ['a'],
    );
  });

  it('looks at most once a second, also when the clock goes back', () => {
    const attempts = new FaceAttempts();
    assert.deepEqual(attempt(attempts, 5000, []), []);
    assert.equal(attempt(attempts, 5200, []), undefined);
    assert.equal(attempt(attempts, 5999, []), undefined);
    assert.deepEqual(attempt(attempts, 6000, []), []);
    assert.deepEqual(attempt(attempts, 1000, []), []);
  });

  it('looks ever more rarely at somebody who shows no face', () => {
    const attempts = new FaceAttempts();
    const times: number[] = [];
    for (let ms = 0; ms < 300_000; ms += 200) if (attempt(attempts, ms, []) !== undefined) times.push(ms);
    assert.deepEqual(times.slice(0, 9), [0, 1000, 2000, 3000, 4000, 5000, 6000, 8000, 12_000]);
    assert.equal((times.at(-1) ?? 0) - (times.at(-2) ?? 0), 16_000);
  });

  it('wants faces that are large enough, and stops when enough good ones were seen', () => {
    const attempts = new FaceAttempts();
    assert.deepEqual(attempt(attempts, 0, [face(49)]), [{ trackId: 'a', isWanted: false }]);
    for (let look = 1; look <= TELLING_LOOKS; look++) {
      assert.deepEqual(attempt(attempts, look * 1000, [face(100)]), [{ trackId: 'a', isWanted: true }]);
    }
    for (let ms = 4000; ms < 100_000; ms += 100) assert.equal(attempt(attempts, ms, [face(100)]), undefined);
  });

  it('goes on where the faces were poor, and takes only better ones', () => {
    const attempts = new FaceAttempts();
    for (let look = 0; look < TELLING_LOOKS; look++) attempt(attempts, look * 1000, [face(55)]);
    assert.equal(attempt(attempts, 4000, [face(55)]), undefined);
    assert.deepEqual(attempt(attempts, 8000, [face(56)]), [{ trackId: 'a', isWanted: false }]);
    assert.deepEqual(attempt(attempts, 20_000, [face(90)]), [{ trackId: 'a', isWanted: true }]);
  });

  it('does not take a face that is turned away again and again', () => {
    const attempts = new FaceAttempts();
    const away = face(60, { pose: { roll: 0, yaw: 50, pitch: 0 } });
    assert.deepEqual(attempt(attempts, 0, [away]), [{ trackId: 'a', isWanted: true }]);
    assert.deepEqual(attempt(attempts, 1000, [away]), [{ trackId: 'a', isWanted: false }]);
    assert.deepEqual(attempt(attempts, 2000, [face(60)]), [{ trackId: 'a', isWanted: true }]);
  });

  it('judges the faces of others that are seen beside', () => {
    const attempts = new FaceAttempts();
    const objects = [person('a'), person('b', { box: [0.7, 0.2, 0.2, 0.8] })];
    attempts.judge([], attempts.due([person('b')], frame(0)), objects, frame(0), CONDITIONS);
    const beside = face(60, { box: [0.77, 0.3, 0.06, 0.12] });
    const nobodys = face(60, { box: [0.05, 0.3, 0.06, 0.12] });
    assert.deepEqual(attempt(attempts, 500, [face(60), beside, nobodys], objects), [
      { trackId: 'a', isWanted: true },
      { trackId: 'b', isWanted: true },
      { trackId: undefined, isWanted: false },
    ]);
  });

  it('goes on from its state as if nothing had happened', () => {
    const straight = new FaceAttempts();
    let restarted = new FaceAttempts();
    for (let ms = 0; ms < 30_000; ms += 500) {
      const faces = ms % 3000 === 0 ? [face(50 + ms / 1000)] : [];
      restarted = new FaceAttempts(JSON.parse(JSON.stringify(restarted.state())));
      assert.deepEqual(attempt(restarted, ms, faces), attempt(straight, ms, faces), `${ms}`);
      assert.deepEqual(restarted.state(), straight.state());
    }
  });

  it('forgets who is gone, and holds a bounded number of persons', () => {
    const attempts = new FaceAttempts();
    attempt(attempts, 0, []);
    attempt(attempts, 100_000, [], [person('b')]);
    assert.deepEqual(
      (attempts.state() as { persons: { id: string }[] }).persons.map(({ id }) => id),
      ['b'],
    );
    for (let i = 0; i < 1000; i++) attempt(attempts, 100_000 + i, [], [person(`p${i}`)]);
    const state = attempts.state();
    assert.equal((state as { persons: unknown[] }).persons.length, 512);
    assert.deepEqual(new FaceAttempts(state).state(), state);
  });

  it('begins anew with a state that is none', () => {
    for (const state of [null, 7, { version: 2 }, { version: 1, persons: [{ id: 'a' }] }]) {
      assert.deepEqual(attempt(new FaceAttempts(state), 0, []), []);
    }
  });
});

describe('ownersOf', () => {
  const at = (...box: Box) => ({ box });

  it('gives each face to the person in whose box it is high and in the middle', () => {
    const persons = [at(0.1, 0.2, 0.3, 0.8), at(0.3, 0.2, 0.3, 0.8), at(0.7, 0.1, 0.2, 0.5)];
    const faces = [at(0.42, 0.3, 0.06, 0.1), at(0.22, 0.3, 0.06, 0.1), at(0.75, 0.12, 0.05, 0.1)];
    assert.deepEqual(ownersOf(faces, persons), [1, 0, 2]);
  });

  it('gives nobody two faces, and no face where none can be', () => {
    const persons = [at(0.1, 0.2, 0.3, 0.8)];
    assert.deepEqual(ownersOf([at(0.3, 0.3, 0.05, 0.1), at(0.22, 0.3, 0.05, 0.1)], persons), [undefined, 0]);
    assert.deepEqual(ownersOf([at(0.22, 0.9, 0.05, 0.1)], persons), [undefined]);
    assert.deepEqual(ownersOf([at(0.6, 0.3, 0.05, 0.1)], persons), [undefined]);
    assert.deepEqual(ownersOf([at(0, 0, 0.1, 0.1)], [at(0, 0, 0, 0)]), [undefined]);
    assert.deepEqual(ownersOf([], persons), []);
  });
});

describe('Merit of faces', () => {
  it('grows with size and frontality', () => {
    const merit = (one: ObservedFace) => meritOf(one, 1000, 50);
    assert.ok(merit(face(100)) > merit(face(60)));
    assert.ok(merit(face(60)) > merit(face(60, { pose: { roll: 0, yaw: 40, pitch: 0 } })));
    assert.ok(merit(face(60, { pose: { roll: 0, yaw: 0, pitch: 90 } })) > 0);
  });

  it('is telling when it is sure and looks at the camera', () => {
    assert.equal(isTelling(face()), true);
    assert.equal(isTelling(face(60, { score: 0.6 })), false);
    assert.equal(isTelling(face(60, { pose: { roll: 50, yaw: 0, pitch: -20 } })), true);
    assert.equal(isTelling(face(60, { pose: { roll: 0, yaw: -40, pitch: 0 } })), false);
  });
});
