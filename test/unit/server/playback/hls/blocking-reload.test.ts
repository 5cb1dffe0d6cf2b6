import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isPresent,
  isTooFarAhead,
  type LiveEdge,
  type Release,
  WaitingRequests,
} from '../../../../../server/playback/hls/blocking-reload.ts';

/** Segment 10 is complete with four parts, two parts of segment 11 are there. */
const EDGE: LiveEdge = { lastMsn: 10, lastParts: 4, nextMsn: 11, nextParts: 2 };

test('what is in the playlist is present, and what has left it too', () => {
  assert(isPresent({ msn: 10 }, EDGE));
  assert(isPresent({ msn: 10, part: 3 }, EDGE));
  assert(isPresent({ msn: 11, part: 1 }, EDGE));
  assert(isPresent({ msn: 0 }, EDGE));
  assert(isPresent({ msn: 9, part: 99 }, EDGE));
});

test('what is yet to come is not', () => {
  assert(!isPresent({ msn: 11 }, EDGE));
  assert(!isPresent({ msn: 11, part: 2 }, EDGE));
  assert(!isPresent({ msn: 12, part: 0 }, EDGE));
});

test('a part behind the end of its segment means part 0 of the next', () => {
  assert(isPresent({ msn: 10, part: 4 }, EDGE));
  assert(isPresent({ msn: 10, part: 50 }, EDGE));
  assert(!isPresent({ msn: 10, part: 4 }, { ...EDGE, nextParts: 0 }));
});

test('more than two segments ahead, or parts over the advance part limit, is too far', () => {
  assert(!isTooFarAhead({ msn: 12 }, EDGE, 0.5));
  assert(isTooFarAhead({ msn: 13 }, EDGE, 0.5));
  // The last part is 11.1; three divided by 0.5 is six parts more.
  assert(!isTooFarAhead({ msn: 11, part: 7 }, EDGE, 0.5));
  assert(isTooFarAhead({ msn: 11, part: 8 }, EDGE, 0.5));
  assert(!isTooFarAhead({ msn: 11, part: 16 }, EDGE, 0.2));
  assert(isTooFarAhead({ msn: 11, part: 17 }, EDGE, 0.2));
  assert(!isTooFarAhead({ msn: 11, part: 4 }, EDGE, 1));
  assert(isTooFarAhead({ msn: 11, part: 5 }, EDGE, 1));
  assert(!isTooFarAhead({ msn: 10, part: 500 }, EDGE, 0.5));
  assert(!isTooFarAhead({ msn: 3, part: 500 }, EDGE, 0.5));
});

test('an advance lets go those whose wish came true, in order of arrival', () => {
  const waiting = new WaitingRequests(10);
  const released: [string, Release][] = [];
  for (const part of [3, 2, 9]) {
    waiting.add(
      (edge) => isPresent({ msn: 11, part }, edge),
      1000,
      (release) => released.push([`11.${part}`, release]),
    );
  }
  waiting.advance({ ...EDGE, nextParts: 3 });
  assert.deepEqual(released, [['11.2', 'advanced']]);
  waiting.advance({ ...EDGE, nextParts: 4 });
  assert.deepEqual(released.at(-1), ['11.3', 'advanced']);
  assert.equal(waiting.size, 1);
});

test('deadlines, leaving, the limit and the end', () => {
  const waiting = new WaitingRequests(3);
  const released: [number, Release][] = [];
  const never = () => false;
  const add = (deadlineMs: number) =>
    waiting.add(never, deadlineMs, (release) => released.push([deadlineMs, release]));
  assert.equal(waiting.nextDeadlineMs, undefined);
  const leave = add(500);
  add(2000);
  add(1000);
  assert(waiting.isFull);
  assert.equal(waiting.nextDeadlineMs, 500);
  leave();
  assert(!waiting.isFull);
  waiting.expire(999);
  assert.deepEqual(released, []);
  waiting.expire(1000);
  assert.deepEqual(released, [[1000, 'overdue']]);
  waiting.releaseAll('closing');
  assert.deepEqual(released.at(-1), [2000, 'closing']);
  assert.equal(waiting.size, 0);
});
