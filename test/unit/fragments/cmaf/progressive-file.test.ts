import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { childrenOf, findBox, readBoxes, requireBox } from '../../../../fragments/cmaf/boxes.ts';
import { readMovie } from '../../../../fragments/cmaf/movie.ts';
import { Mp4Error } from '../../../../fragments/cmaf/mp4-error.ts';
import { writeProgressiveHead } from '../../../../fragments/cmaf/progressive-file.ts';
import { SampleTable } from '../../../../fragments/cmaf/sample-table.ts';
import { SampleTableWriter, type TableSample } from '../../../../fragments/cmaf/sample-table-writer.ts';
import { AUDIO, VIDEO } from '../stream/media.ts';

/** Reads the tables of a head back. */
function readBack(head: Uint8Array) {
  const moov = requireBox(readBoxes(head.subarray(0, head.length - mdatHeaderBytes(head))), 'moov');
  return readMovie(moov).tracks.map((movieTrack) => {
    const table = new SampleTable(movieTrack);
    const samples: Omit<TableSample, 'trackId'>[] = [];
    for (let next = table.next(); next !== undefined; next = table.next()) {
      const { trackId: _, ...sample } = next;
      samples.push(sample);
    }
    return { track: movieTrack.track, startOffsetSeconds: movieTrack.startOffsetSeconds, samples };
  });
}

function mdatHeaderBytes(head: Uint8Array): number {
  const isLarge = Buffer.from(head.subarray(head.length - 12, head.length - 8)).toString('latin1') === 'mdat';
  return isLarge ? 16 : 8;
}

const sample = fc.record({
  durationTicks: fc.integer({ min: 0, max: 10_000 }),
  compositionOffsetTicks: fc.integer({ min: -3000, max: 9000 }),
  isSync: fc.boolean(),
  sizeBytes: fc.integer({ min: 0, max: 5000 }),
  /** Bytes of other tracks in front of it. */
  skipBytes: fc.constantFrom(0, 0, 0, 7),
});

test('any samples come back from the tables as they were put in', () => {
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 60 }), fc.nat(1e7), (wishes, firstDtsTicks) => {
      const table = new SampleTableWriter(VIDEO);
      const samples: TableSample[] = [];
      let [dtsTicks, offsetBytes] = [firstDtsTicks, 0];
      for (const { skipBytes, ...wish } of wishes) {
        offsetBytes += skipBytes;
        samples.push({ ...wish, dtsTicks, offsetBytes });
        dtsTicks += wish.durationTicks;
        offsetBytes += wish.sizeBytes;
      }
      for (const each of samples) table.add(each);
      const head = writeProgressiveHead([table], offsetBytes);
      const [read] = readBack(head);
      const shiftTicks = Math.max(0, -table.presentationStartTicks);
      const expected = samples.map((each) => ({
        ...each,
        dtsTicks: each.dtsTicks - firstDtsTicks,
        compositionOffsetTicks: each.compositionOffsetTicks + shiftTicks,
        offsetBytes: each.offsetBytes + head.length,
      }));
      assert.deepEqual(read?.samples, expected);
      // Presentation begins at 0.
      const firstPts = Math.min(...expected.map((each) => each.dtsTicks + each.compositionOffsetTicks));
      const shownAtSeconds = firstPts / VIDEO.timescale + (read?.startOffsetSeconds ?? Number.NaN);
      assert.ok(Math.abs(shownAtSeconds) < 1e-9, `shown at ${shownAtSeconds}`);
    }),
  );
});

function tableOf(track: typeof VIDEO, firstDtsTicks: number, offsetBytes = 0): SampleTableWriter {
  const table = new SampleTableWriter(track);
  for (let i = 0; i < 3; i++) {
    table.add({
      dtsTicks: firstDtsTicks + i * 3000,
      compositionOffsetTicks: 0,
      durationTicks: 3000,
      isSync: true,
      offsetBytes: offsetBytes + i * 10,
      sizeBytes: 10,
    });
  }
  return table;
}

test('a track that begins later is held back by an empty edit', () => {
  const [video, audio] = readBack(writeProgressiveHead([tableOf(VIDEO, 90_000), tableOf(AUDIO, 45_000)], 60));
  assert.equal(video?.startOffsetSeconds, 0.5);
  assert.equal(audio?.startOffsetSeconds, 0);
});

test('files of more than 4 GiB have 64-bit offsets and sizes, smaller ones have not', () => {
  const mediaBytes = 5 * 2 ** 30;
  const far = tableOf(VIDEO, 0, mediaBytes - 30);
  const head = writeProgressiveHead([far], mediaBytes);
  assert.equal(mdatHeaderBytes(head), 16);
  assert.equal(Buffer.from(head).readBigUInt64BE(head.length - 8), BigInt(mediaBytes + 16));
  assert.equal(readBack(head)[0]?.samples[0]?.offsetBytes, head.length + mediaBytes - 30);
  assert.equal(mdatHeaderBytes(writeProgressiveHead([tableOf(VIDEO, 0)], 30)), 8);
  const nearly = 2 ** 32 - 100;
  const edge = writeProgressiveHead([tableOf(VIDEO, 0, nearly - 30)], nearly);
  assert.equal(mdatHeaderBytes(edge), 8, 'the box itself is below 4 GiB');
  assert.equal(readBack(edge)[0]?.samples[2]?.offsetBytes, edge.length + nearly - 10, 'its end is not');
});

test('a day of media has 64-bit durations', () => {
  const table = new SampleTableWriter(VIDEO);
  for (let hour = 0; hour < 48; hour++) {
    table.add({
      dtsTicks: hour * 3600 * 90_000,
      compositionOffsetTicks: 0,
      durationTicks: 3600 * 90_000,
      isSync: true,
      offsetBytes: hour,
      sizeBytes: 1,
    });
  }
  const head = writeProgressiveHead([table], 48);
  const moov = requireBox(readBoxes(head.subarray(0, head.length - 8)), 'moov');
  const mvhd = requireBox(childrenOf(moov), 'mvhd');
  assert.equal(mvhd.bytes[mvhd.bodyStart], 1, 'version');
  assert.equal(Buffer.from(mvhd.bytes).readBigUInt64BE(mvhd.bodyStart + 24), BigInt(48 * 3600 * 90_000));
  assert.equal(readBack(head)[0]?.samples.at(-1)?.dtsTicks, 47 * 3600 * 90_000);
});

test('tracks without samples are left out, and a file without any is refused', () => {
  const head = writeProgressiveHead([new SampleTableWriter(AUDIO), tableOf(VIDEO, 0)], 30);
  assert.deepEqual(
    readBack(head).map(({ track }) => track.id),
    [VIDEO.id],
  );
  assert.equal(findBox(readBoxes(head.subarray(0, head.length - 8)), 'mdat'), undefined);
  assert.throws(() => writeProgressiveHead([new SampleTableWriter(VIDEO)], 0), Mp4Error);
});

test('times that go back and durations beyond 32 bits are refused', () => {
  const table = tableOf(VIDEO, 1000);
  const next = { compositionOffsetTicks: 0, durationTicks: 1, isSync: true, offsetBytes: 30, sizeBytes: 1 };
  assert.throws(() => table.add({ ...next, dtsTicks: 500 }), Mp4Error);
  assert.throws(() => table.add({ ...next, dtsTicks: 2 ** 40 }), Mp4Error);
});
