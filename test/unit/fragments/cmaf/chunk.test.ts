import assert from 'node:assert/strict';
import { test } from 'node:test';
import { box } from '../../../../fragments/cmaf/box-writer.ts';
import { childrenOf, readBoxes, requireBox } from '../../../../fragments/cmaf/boxes.ts';
import { writeChunk } from '../../../../fragments/cmaf/chunk.ts';
import { Mp4Error } from '../../../../fragments/cmaf/mp4-error.ts';
import { samplesOf } from '../../../../fragments/cmaf/read-chunk.ts';
import { wallClockOf } from '../../../../fragments/cmaf/wall-clock.ts';
import { describeTrack } from '../../../../fragments/media/describe-track.ts';
import type { Sample } from '../../../../fragments/media/track.ts';
import { chunkBytes, digests, sample } from './support.ts';

const config = new Uint8Array(0);
const G711 = describeTrack({ id: 2, kind: 'audio', codec: 'pcmu', timescale: 8000, config });
const DATA = describeTrack({ id: 1, kind: 'data', codec: 'opaque', timescale: 90_000, config });
const TRACKS = [DATA, G711];

/** Sizes of the `tfhd` and `trun` of the only track. */
function sizesOf(samples: readonly Sample[]): { tfhd: number; trun: number } {
  const bytes = chunkBytes(writeChunk({ sequence: 1, runs: [{ trackId: 1, baseDecodeTicks: 0, samples }] }));
  assert.deepEqual(digests(samplesOf(bytes, TRACKS)), digests(samples));
  const traf = childrenOf(requireBox(childrenOf(requireBox(readBoxes(bytes), 'moof')), 'traf'));
  const [tfhd, trun] = [requireBox(traf, 'tfhd'), requireBox(traf, 'trun')];
  return { tfhd: tfhd.end - tfhd.start, trun: trun.end - trun.start };
}

/** Ten samples at 3600 ticks. */
function ten(vary: (i: number) => Partial<Sample> & { sizeBytes?: number }): Sample[] {
  return Array.from({ length: 10 }, (_, i) =>
    sample({ dtsTicks: i * 3600, durationTicks: 3600, ...vary(i) }),
  );
}

test('samples follow the one header by reference, each track in one piece', () => {
  const video = ten((i) => ({ isSync: i === 0, sizeBytes: 50 + i }));
  const audio = [0, 1, 2].map((i) =>
    sample({ trackId: 2, dtsTicks: i * 160, durationTicks: 160, sizeBytes: 160 }),
  );
  const chunk = writeChunk({
    sequence: 7,
    runs: [
      { trackId: 1, baseDecodeTicks: 0, samples: video },
      { trackId: 9, baseDecodeTicks: 0, samples: [] },
      { trackId: 2, baseDecodeTicks: 0, samples: audio },
    ],
  });
  assert.equal(chunk.buffers.length, 14);
  assert.equal(chunk.buffers[0]?.length, chunk.headerBytes);
  for (const [i, { data }] of [...video, ...audio].entries()) assert.equal(chunk.buffers[i + 1], data);
  const bytes = chunkBytes(chunk);
  assert.equal(bytes.length, chunk.sizeBytes);
  assert.deepEqual(
    readBoxes(bytes).map(({ type }) => type),
    ['moof', 'mdat'],
  );

  const merged = samplesOf(bytes, TRACKS);
  assert.deepEqual(
    merged.slice(0, 4).map(({ trackId, dtsTicks }) => [trackId, dtsTicks]),
    [
      [1, 0],
      [2, 0],
      [2, 160],
      [1, 3600],
    ],
  );
  assert.deepEqual(digests(merged.filter(({ trackId }) => trackId === 1)), digests(video));
  assert.deepEqual(digests(merged.filter(({ trackId }) => trackId === 2)), digests(audio));
  assert.equal(merged[0]?.data.buffer, bytes.buffer, 'data are views');
  assert.deepEqual(digests(samplesOf(bytes, [G711])), digests(audio), 'other tracks are passed over');
});

test('what all samples share is said once', () => {
  const constant = sizesOf(ten(() => ({})));
  assert.deepEqual(constant, { tfhd: 28, trun: 20 });
  const firstIsKey = sizesOf(ten((i) => ({ isSync: i === 0 })));
  assert.deepEqual(firstIsKey, { tfhd: 28, trun: 24 });
  assert.deepEqual(sizesOf(ten((i) => ({ isSync: i > 0 }))), { tfhd: 28, trun: 24 });
  assert.deepEqual(sizesOf(ten((i) => ({ isSync: i === 5 }))), { tfhd: 24, trun: 60 });
  assert.deepEqual(sizesOf(ten((i) => ({ sizeBytes: 10 + i }))), { tfhd: 24, trun: 60 });
  assert.deepEqual(sizesOf(ten((i) => ({ compositionOffsetTicks: i === 3 ? -3600 : 0 }))), {
    tfhd: 28,
    trun: 60,
  });
  assert.deepEqual(sizesOf(ten(() => ({})).slice(0, 1)), { tfhd: 28, trun: 20 });
});

test('durations that differ are kept each', () => {
  let dtsTicks = 0;
  const samples = ten((i) => {
    const at = dtsTicks;
    dtsTicks += 3000 + i;
    return { dtsTicks: at, durationTicks: 3000 + i };
  });
  assert.deepEqual(sizesOf(samples), { tfhd: 24, trun: 60 });
});

test('decode times have 64 bits, composition offsets a sign', () => {
  const start = 2 ** 33 + 12_345_678_901;
  const samples = [
    sample({ dtsTicks: start, compositionOffsetTicks: -(2 ** 31), durationTicks: 2 ** 32 - 1 }),
    sample({ dtsTicks: start + 2 ** 32 - 1, compositionOffsetTicks: 2 ** 31 - 1, durationTicks: 1 }),
  ];
  const bytes = chunkBytes(
    writeChunk({ sequence: 2 ** 32 + 5, runs: [{ trackId: 1, baseDecodeTicks: start, samples }] }),
  );
  assert.deepEqual(digests(samplesOf(bytes, TRACKS)), digests(samples));
});

test('what does not fit a field is refused', () => {
  const write = (baseDecodeTicks: number, fields: Partial<Sample>) =>
    writeChunk({
      sequence: 1,
      runs: [{ trackId: 1, baseDecodeTicks, samples: [sample(fields), sample({})] }],
    });
  const refusals: [number, Partial<Sample>][] = [
    [-1, {}],
    [0.5, {}],
    [2 ** 53, {}],
    [0, { durationTicks: 2 ** 32 }],
    [0, { durationTicks: -1 }],
    [0, { durationTicks: 1.5 }],
    [0, { compositionOffsetTicks: 2 ** 31 }],
    [0, { data: { length: 2 ** 31 } as Uint8Array }],
  ];
  for (const [base, fields] of refusals) {
    assert.throws(
      () => write(base, fields),
      (error) => error instanceof Mp4Error && error.code === 'unsupported',
    );
  }
});

test('prefix and wall clock stand before the moof, in the same buffer', () => {
  const wallClock = { trackId: 1, mediaTicks: 2 ** 40, epochMs: 1_700_000_000_123.457 };
  const prefix = box('uuid', new Uint8Array(24));
  const run = { trackId: 1, baseDecodeTicks: 0, samples: ten((i) => ({ sizeBytes: i * i })) };
  const chunk = writeChunk({ sequence: 1, runs: [run], wallClock, prefix });
  const bytes = chunkBytes(chunk);
  assert.deepEqual(
    readBoxes(bytes).map(({ type }) => type),
    ['uuid', 'prft', 'moof', 'mdat'],
  );
  assert.deepEqual(wallClockOf(bytes), wallClock);
  assert.deepEqual(digests(samplesOf(bytes, TRACKS)), digests(run.samples));
  // A served segment starts behind the uuid box: offsets still hold.
  assert.deepEqual(digests(samplesOf(bytes.subarray(prefix.length), TRACKS)), digests(run.samples));
  assert.equal(wallClockOf(chunkBytes(writeChunk({ sequence: 1, runs: [run] }))), undefined);
});

test('wall clocks are kept to the microsecond, at second edges and past 2036', () => {
  for (const epochMs of [
    0,
    999.999,
    1000,
    1_763_700_000_999.999,
    Date.UTC(2036, 1, 7, 6, 28, 16),
    Date.UTC(2040, 0),
  ]) {
    const wallClock = { trackId: 3, mediaTicks: 0, epochMs };
    const bytes = chunkBytes(writeChunk({ sequence: 1, runs: [], wallClock }));
    const read = wallClockOf(bytes);
    assert.ok(
      Math.abs((read?.epochMs ?? Number.NaN) - epochMs) < 0.0011,
      `${read?.epochMs} is not ${epochMs}`,
    );
  }
});

test('a segment of several chunks is read as one, in the order of the chunks', () => {
  const chunks = [0, 1, 2].map((i) => {
    const samples = ten((k) => ({ dtsTicks: (i * 10 + k) * 3600, isSync: i === 0 && k === 0 }));
    return {
      samples,
      chunk: writeChunk({ sequence: i, runs: [{ trackId: 1, baseDecodeTicks: i * 36_000, samples }] }),
    };
  });
  const bytes = Buffer.concat(
    chunks.flatMap(({ chunk }) => [box('uuid', new Uint8Array(40)), ...chunk.buffers]),
  );
  assert.deepEqual(digests(samplesOf(bytes, TRACKS)), digests(chunks.flatMap(({ samples }) => samples)));
  assert.throws(
    () => samplesOf(bytes.subarray(0, -1), TRACKS),
    (error) => error instanceof Mp4Error && error.code === 'truncated',
  );
});
