import assert from 'node:assert/strict';
import { test } from 'node:test';
import { box, fullBox, u16, u32 } from '../../../../fragments/cmaf/box-writer.ts';
import { readBoxes, requireBox } from '../../../../fragments/cmaf/boxes.ts';
import { type MoofContext, type MovieFragment, readMoof } from '../../../../fragments/cmaf/moof.ts';
import { Mp4Error, type Mp4ErrorCode } from '../../../../fragments/cmaf/mp4-error.ts';

/** Fragments as other writers make them. */

const MFHD = fullBox('mfhd', 0, 0, u32(9));
const SYNC = 0x0200_0000;
const NON_SYNC = 0x0101_0000;

function read(trafs: Uint8Array[], context: Partial<MoofContext> = {}): MovieFragment {
  const moof = requireBox(readBoxes(box('moof', MFHD, ...trafs)), 'moof');
  return readMoof(moof, { moofOffsetBytes: 1000, ...context });
}

/** (track, dts, cts offset, duration, sync, offset, size) of each sample. */
function rows(fragment: MovieFragment): unknown[][] {
  return fragment.tracks.flatMap(({ samples }) =>
    samples.map((s) => [
      s.trackId,
      s.dtsTicks,
      s.compositionOffsetTicks,
      s.durationTicks,
      s.isSync,
      s.offsetBytes,
      s.sizeBytes,
    ]),
  );
}

function refuses(code: Mp4ErrorCode, act: () => unknown): void {
  assert.throws(act, (error) => error instanceof Mp4Error && error.code === code);
}

test('everything from trex: a bare tfhd and a run that only counts', () => {
  const traf = box('traf', fullBox('tfhd', 0, 0, u32(1)), fullBox('trun', 0, 0, u32(2)));
  const defaults = new Map([[1, { durationTicks: 40, sizeBytes: 7, flags: NON_SYNC }]]);
  const fragment = read([traf], { defaults, nextTicks: new Map([[1, 80]]) });
  assert.equal(fragment.sequence, 9);
  // no tfdt: goes on where the last fragment ended; no offset, no base: data begin at the moof
  assert.deepEqual(rows(fragment), [
    [1, 80, 0, 40, false, 1000, 7],
    [1, 120, 0, 40, false, 1007, 7],
  ]);
  assert.equal(fragment.tracks[0]?.endTicks, 160);
});

test('a base data offset counts from the start of the file', () => {
  const tfhd = fullBox('tfhd', 0, 0x39, u32(1, 1, 5), u32(10, 20, SYNC));
  const traf = box('traf', tfhd, fullBox('tfdt', 0, 0, u32(33)), fullBox('trun', 0, 1, u32(1, 4)));
  assert.deepEqual(rows(read([traf])), [[1, 33, 0, 10, true, 2 ** 32 + 9, 20]]);
});

test('without a base, a second track begins where the data of the first end', () => {
  const first = box('traf', fullBox('tfhd', 0, 0x10, u32(1, 50)), fullBox('trun', 0, 1, u32(2, 300)));
  const second = box('traf', fullBox('tfhd', 0, 0x10, u32(2, 8)), fullBox('trun', 0, 0, u32(1)));
  assert.deepEqual(
    rows(read([first, second])).map((row) => row.slice(5)),
    [
      [1300, 50],
      [1350, 50],
      [1400, 8],
    ],
  );
});

test('with default-base-is-moof, every track counts from the moof; runs follow one another', () => {
  const tfhd = (id: number) => fullBox('tfhd', 0, 0x02_0008, u32(id, 10));
  const runs = [fullBox('trun', 0, 0x201, u32(2, 500, 11, 12)), fullBox('trun', 0, 0x200, u32(1, 13))];
  const first = box('traf', tfhd(1), ...runs);
  const second = box('traf', tfhd(2), fullBox('trun', 0, 0x201, u32(1, 600, 14)));
  assert.deepEqual(rows(read([first, second])), [
    [1, 0, 0, 10, true, 1500, 11],
    [1, 10, 0, 10, true, 1511, 12],
    [1, 20, 0, 10, true, 1523, 13],
    [2, 0, 0, 10, true, 1600, 14],
  ]);
});

test('first sample flags, flags of each sample, and offsets of both versions', () => {
  const tfhd = fullBox('tfhd', 0, 0x02_0038, u32(1, 10, 5, NON_SYNC));
  const withFirst = fullBox('trun', 0, 0x805, u32(2, 0, SYNC, 3, 0xffff_fffd));
  const withEach = fullBox('trun', 1, 0xc00, u32(2, SYNC, 0xffff_fff0, NON_SYNC, 20));
  assert.deepEqual(
    rows(read([box('traf', tfhd, withFirst, withEach)])).map((row) => [row[2], row[4]]),
    [
      [3, true],
      [-3, false],
      [-16, true],
      [20, false],
    ],
  );
});

test('damage and hostile counts are refused with a code', () => {
  const tfhd = fullBox('tfhd', 0, 0x02_0000, u32(1));
  const traf = (...boxes: Uint8Array[]) => [box('traf', ...boxes)];
  refuses('missing-box', () => read(traf(fullBox('trun', 0, 0, u32(1)))));
  refuses('missing-box', () => readMoof(requireBox(readBoxes(box('moof')), 'moof'), { moofOffsetBytes: 0 }));
  refuses('truncated', () => read(traf(fullBox('tfhd', 0, 0x38, u32(1)))));
  refuses('truncated', () => read(traf(tfhd, fullBox('trun', 0, 0x200, u32(0xffff_ffff, 1)))));
  refuses('truncated', () => read(traf(tfhd, fullBox('trun', 0, 0x100), u16(1))));
  refuses('limit-exceeded', () => read(traf(tfhd, fullBox('trun', 0, 0, u32(0xffff_ffff)))));
  const many = fullBox('trun', 0, 0, u32(30_000));
  refuses('limit-exceeded', () => read([...traf(tfhd, many), ...traf(tfhd, many, many)]));
  refuses('unsupported', () => read(traf(tfhd, fullBox('tfdt', 1, 0, u32(0xffff_ffff, 0)))));
  refuses('unsupported', () => read(traf(fullBox('tfhd', 0, 2, u32(1, 2)))));
  refuses('truncated', () => read([u32(100), u32(0x7472_6166)]));
  refuses('box-size-zero', () => read([u32(0), u32(0x7472_6166)]));
  refuses('limit-exceeded', () => read(Array.from({ length: 5000 }, () => box('free'))));
});
