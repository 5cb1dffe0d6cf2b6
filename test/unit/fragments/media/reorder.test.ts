import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { describeTrack } from '../../../../fragments/media/describe-track.ts';
import { DecodeTimes, reorderDepth } from '../../../../fragments/media/reorder.ts';
import { casesOf } from './codec-fixtures.ts';

/** Decode times of presentation times in decode order. */
function decodeTimes(times: DecodeTimes, pts: readonly number[]): number[] {
  return pts.map((each) => times.next(each));
}

/** A GOP structure of mini-GOPs with `b` B-frames, every second of them a reference when `pyramid`; by frame index. */
function withBFrames(frames: number, b: number, pyramid: boolean): number[] {
  const order = [0];
  for (let anchor = b + 1; anchor < frames; anchor += b + 1) {
    order.push(anchor);
    const between = Array.from({ length: b }, (_, i) => anchor - b + i);
    const middle = pyramid && b === 3 ? between.splice(1, 1) : [];
    order.push(...middle, ...between);
  }
  return order;
}

describe('decode times', () => {
  for (const [name, b, pyramid, depth] of [
    ['no B-frames', 0, false, 0],
    ['one B-frame', 1, false, 1],
    ['two B-frames', 2, false, 1],
    ['a pyramid of three', 3, true, 2],
  ] as const) {
    it(`of ${name} are the encoder's`, () => {
      const pts = withBFrames(61, b, pyramid).map((i) => 10_000 + 40 * i);
      const first = 10_000 - 40 * depth;
      const expected = pts.map((_, i) => first + 40 * i);
      assert.deepEqual(decodeTimes(new DecodeTimes(depth, 40), pts), expected);
    });
  }

  it('are not negative at the start of a timeline', () => {
    assert.deepEqual(decodeTimes(new DecodeTimes(2, 40), [0, 160, 80, 40, 120, 320]), [0, 1, 2, 40, 80, 120]);
  });

  it('are close to the first frame when nobody says how far frames are apart', () => {
    assert.deepEqual(decodeTimes(new DecodeTimes(1), [1000, 1080, 1040, 1160]), [999, 1000, 1040, 1080]);
  });

  it('grow the depth of a stream that reorders more than it said, once', () => {
    const times = new DecodeTimes(0);
    const pts = withBFrames(41, 2, false).map((i) => 40 * i);
    const dts = decodeTimes(times, pts);
    assert.equal(times.depth, 1);
    // Frame 3 was taken to be decoded when it is shown; 1 and 2 come after it.
    assert.deepEqual(
      pts.filter((each, i) => each < (dts[i] ?? 0)),
      [40, 80],
    );
  });

  it('bear frames of one time, and a second timeline', () => {
    const times = new DecodeTimes(0);
    assert.deepEqual(decodeTimes(times, [5, 5, 5, 9]), [5, 6, 7, 9]);
    times.restart();
    assert.deepEqual(decodeTimes(times, [0, 40]), [0, 40]);
  });

  it('always increase, are never negative, and know no more than 16 frames', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 200 }),
        (depth, pts) => {
          const times = new DecodeTimes(depth);
          let last = -1;
          for (const dts of decodeTimes(times, pts)) {
            assert.ok(dts > last);
            last = dts;
          }
          assert.ok(times.depth <= 16);
        },
      ),
    );
  });

  it('are no later than presentation times where the depth is right', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 0, max: 1e9 }), (depth, start) => {
        // A window of `depth + 1` frames in any order: nothing comes before more than `depth` frames.
        const pts = Array.from({ length: 100 }, (_, i) => start + 100 * i);
        for (let at = 0; at + depth < pts.length; at += depth + 1) {
          const window = pts.slice(at, at + depth + 1);
          pts.splice(at, window.length, window.pop() ?? 0, ...window);
        }
        const dts = decodeTimes(new DecodeTimes(depth), pts);
        for (const [i, each] of dts.entries()) assert.ok(i < 2 * depth || each <= (pts[i] ?? 0));
      }),
    );
  });
});

describe('the reorder depth', () => {
  for (const codec of ['h264', 'h265'] as const) {
    for (const one of casesOf(codec)) {
      it(`of ${one.name} is that of its SPS`, () => {
        const { config, width, height } = one;
        const track = describeTrack({ id: 1, kind: 'video', codec, timescale: 1000, config, width, height });
        if (one.reorderFrames !== undefined) assert.equal(reorderDepth(track), one.reorderFrames);
      });
    }
  }

  it('of other codecs is 0', () => {
    const track = describeTrack({
      id: 1,
      kind: 'audio',
      codec: 'pcmu',
      timescale: 1000,
      config: new Uint8Array(0),
    });
    assert.equal(reorderDepth(track), 0);
  });
});
