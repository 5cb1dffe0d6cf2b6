import assert from 'node:assert/strict';
import { test } from 'node:test';
import { box } from '../../../../fragments/cmaf/box-writer.ts';
import { writeChunk } from '../../../../fragments/cmaf/chunk.ts';
import { chunkHeads } from '../../../../fragments/cmaf/chunk-heads.ts';
import { emptyChunk } from '../../../../fragments/cmaf/empty-chunk.ts';
import { Mp4Error } from '../../../../fragments/cmaf/mp4-error.ts';
import type { RandomAccessSource } from '../../../../fragments/cmaf/random-access.ts';
import { samplesOf } from '../../../../fragments/cmaf/read-chunk.ts';
import { singleTrackView } from '../../../../fragments/cmaf/single-track-view.ts';
import { describeTrack } from '../../../../fragments/media/describe-track.ts';
import { bufferSource, chunkBytes, collect, sample } from './support.ts';

const TRACK = describeTrack({
  id: 1,
  kind: 'data',
  codec: 'opaque',
  timescale: 1000,
  config: new Uint8Array(0),
});

function chunkOf(sequence: number, sizeBytes: number): Buffer {
  const samples = Array.from({ length: 5 }, (_, i) =>
    sample({ dtsTicks: sequence * 1000 + i * 100, durationTicks: 100, sizeBytes }),
  );
  return chunkBytes(
    writeChunk({ sequence, runs: [{ trackId: 1, baseDecodeTicks: sequence * 1000, samples }] }),
  );
}

/** A segment of two chunks with our own box between them, as a long fragment is stored. */
const CHUNKS = [chunkOf(1, 40_000), chunkOf(2, 100)] as const;
const BETWEEN = box('uuid', new Uint8Array(64));
const SEGMENT = Buffer.concat([CHUNKS[0], BETWEEN, CHUNKS[1]]);

test('the chunks of a segment are found without reading their media', async () => {
  const reads: number[] = [];
  const counted: RandomAccessSource = {
    sizeBytes: SEGMENT.length,
    read: (offsetBytes, lengthBytes) => {
      reads.push(lengthBytes);
      return bufferSource(SEGMENT).read(offsetBytes, lengthBytes);
    },
  };
  const heads = await collect(chunkHeads(counted));
  assert.deepEqual(
    heads.map(({ endBytes }) => endBytes),
    [CHUNKS[0].length, SEGMENT.length],
  );
  assert.ok(reads.reduce((sum, length) => sum + length, 0) < 40_000, reads.join());
  for (const [i, { moof, offsetBytes }] of heads.entries()) {
    const view = singleTrackView(moof, 1);
    assert.ok(view);
    const from = offsetBytes + view.offsetBytes;
    const alone = Buffer.concat([view.header, SEGMENT.subarray(from, from + view.sizeBytes)]);
    assert.deepEqual(samplesOf(alone, [TRACK]), samplesOf(CHUNKS[i] as Buffer, [TRACK]));
  }
});

test('a segment that ends within a chunk is damaged', async () => {
  for (let length = 1; length < CHUNKS[1].length; length += 37) {
    await assert.rejects(collect(chunkHeads(bufferSource(CHUNKS[1].subarray(0, length)))), Mp4Error);
  }
  assert.deepEqual(await collect(chunkHeads(bufferSource(new Uint8Array(0)))), []);
});

test('a view can be at another time, but not before time begins', () => {
  const [first] = samplesOf(CHUNKS[0], [TRACK]);
  const dtsOf = (shiftTicks: number) => {
    const view = singleTrackView(CHUNKS[0], 1, shiftTicks);
    assert.ok(view);
    const range = CHUNKS[0].subarray(view.offsetBytes, view.offsetBytes + view.sizeBytes);
    return samplesOf(Buffer.concat([view.header, range]), [TRACK]).map(({ dtsTicks }) => dtsTicks);
  };
  assert.deepEqual(dtsOf(0), [1000, 1100, 1200, 1300, 1400]);
  assert.deepEqual(
    dtsOf(2 ** 40),
    [1000, 1100, 1200, 1300, 1400].map((ticks) => ticks + 2 ** 40),
  );
  assert.deepEqual(dtsOf(-999)[0], 1);
  assert.deepEqual(dtsOf(-5000)[0], 0);
  assert.equal(first?.dtsTicks, 1000);
});

test('a chunk without samples is one', async () => {
  const bytes = Buffer.from(emptyChunk(3, 1, 2 ** 33 + 0.4));
  assert.deepEqual(samplesOf(bytes, [TRACK]), []);
  assert.equal((await collect(chunkHeads(bufferSource(bytes)))).length, 1);
});
