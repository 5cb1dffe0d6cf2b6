import assert from 'node:assert/strict';
import { test } from 'node:test';
import { box, fullBox, u32 } from '../../../../fragments/cmaf/box-writer.ts';
import { writeChunk } from '../../../../fragments/cmaf/chunk.ts';
import { Mp4Error } from '../../../../fragments/cmaf/mp4-error.ts';
import { samplesOf } from '../../../../fragments/cmaf/read-chunk.ts';
import { singleTrackView } from '../../../../fragments/cmaf/single-track-view.ts';
import { describeTrack } from '../../../../fragments/media/describe-track.ts';
import { chunkBytes, digests, sample } from './support.ts';

const config = new Uint8Array(0);
const TRACKS = [1, 2, 3].map((id) =>
  describeTrack({ id, kind: 'data', codec: 'opaque', timescale: 1000, config }),
);

const runs = [1, 2].map((trackId) => ({
  trackId,
  baseDecodeTicks: 2 ** 34,
  samples: Array.from({ length: 20 }, (_, i) =>
    sample({
      trackId,
      dtsTicks: 2 ** 34 + i * 512,
      compositionOffsetTicks: (i % 3) - 1,
      isSync: i % 7 === 0,
      sizeBytes: 30 + i * trackId,
    }),
  ),
}));

test('each track of a chunk is one made-up header and one range of its bytes', () => {
  const wallClock = { trackId: 1, mediaTicks: 0, epochMs: 0 };
  const chunk = writeChunk({ sequence: 3, runs, wallClock, prefix: box('uuid', new Uint8Array(20)) });
  const bytes = chunkBytes(chunk);
  for (const run of runs) {
    const head = bytes.subarray(0, chunk.headerBytes - 8);
    const view = singleTrackView(head, run.trackId);
    assert.ok(view);
    assert.deepEqual(
      singleTrackView(bytes, run.trackId),
      view,
      'the media behind the moof are not looked at',
    );
    const range = bytes.subarray(view.offsetBytes, view.offsetBytes + view.sizeBytes);
    const alone = Buffer.concat([view.header, range]);
    assert.deepEqual(digests(samplesOf(alone, TRACKS)), digests(run.samples));
    const again = singleTrackView(alone, run.trackId);
    assert.deepEqual(again?.header, view.header, 'a view of a view is the same');
  }
  assert.equal(singleTrackView(bytes, 3), undefined);
});

test('chunks that do not allow it are refused', () => {
  const mfhd = fullBox('mfhd', 0, 0, u32(1));
  const tfhd = (flags: number) => fullBox('tfhd', 0, flags | 0x10, u32(1, 10));
  const trun = (offset: number) => fullBox('trun', 0, 1, u32(1, offset));
  const scattered = box('moof', mfhd, box('traf', tfhd(0x02_0000), trun(100), trun(200)));
  const fromFileStart = box('moof', mfhd, box('traf', tfhd(0), trun(100)));
  for (const bytes of [scattered, fromFileStart]) {
    assert.throws(
      () => singleTrackView(bytes, 1),
      (error) => error instanceof Mp4Error && error.code === 'unsupported',
    );
  }
});
