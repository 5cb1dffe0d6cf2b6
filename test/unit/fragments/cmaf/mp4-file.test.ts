import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { box, fullBox, u32 } from '../../../../fragments/cmaf/box-writer.ts';
import { type Box, bodyBytes, childrenOf, readBoxes, requireBox } from '../../../../fragments/cmaf/boxes.ts';
import { writeChunk } from '../../../../fragments/cmaf/chunk.ts';
import { writeInitSegment } from '../../../../fragments/cmaf/init-segment.ts';
import { Mp4Error, type Mp4ErrorCode } from '../../../../fragments/cmaf/mp4-error.ts';
import { openMp4 } from '../../../../fragments/cmaf/mp4-file.ts';
import type { RandomAccessSource } from '../../../../fragments/cmaf/random-access.ts';
import { CodecError } from '../../../../fragments/media/codec-error.ts';
import { describeTrack } from '../../../../fragments/media/describe-track.ts';
import * as support from './support.ts';

let folder: Awaited<ReturnType<typeof support.temporaryFolder>>;
/** B-frames and AAC, so that both tracks have an edit list; `moov` at the end. */
let progressive: string;
before(async () => {
  folder = await support.temporaryFolder();
  progressive = join(folder.path, 'progressive.mp4');
  const pictures = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30'];
  const sound = ['-f', 'lavfi', '-i', 'sine=sample_rate=44100'];
  const coding = ['-c:v', 'libx264', '-bf', '2', '-g', '30', '-c:a', 'aac'];
  await support.ffmpeg(...pictures, ...sound, '-t', '4', ...coding, progressive);
});
after(() => folder[Symbol.asyncDispose]());

/** The packets of the file are those of our reader, all moved by one constant, and come in decode order. */
async function agreesWithProbe(file: string): Promise<void> {
  const { tracks, samples } = await support.readMedia(file);
  const streams = await support.probe(file);
  let shiftSeconds: number | undefined;
  for (const [i, track] of tracks.entries()) {
    const own = samples.filter((sample) => sample.trackId === track.id);
    const packets = streams[i]?.packets ?? [];
    shiftSeconds ??= ((own[0]?.dtsTicks ?? 0) - (packets[0]?.dts ?? 0)) / track.timescale;
    const shiftTicks = Math.round(shiftSeconds * track.timescale);
    const moved = packets.map((packet) => ({
      ...packet,
      pts: packet.pts + shiftTicks,
      dts: packet.dts + shiftTicks,
    }));
    assert.deepEqual(support.packetsOf(own), moved);
  }
  const seconds = samples.map(
    (s) => s.dtsTicks / (tracks.find((track) => track.id === s.trackId)?.timescale ?? 1),
  );
  assert.deepEqual(
    seconds,
    seconds.toSorted((a, b) => a - b),
  );
  assert.ok((seconds[0] ?? -1) >= 0);
}

function refuses(code: Mp4ErrorCode, act: () => Promise<unknown>): Promise<void> {
  return assert.rejects(act, (error) => error instanceof Mp4Error && error.code === code);
}

async function samplesIn(source: RandomAccessSource) {
  return support.collect((await openMp4(source)).samples());
}

test('progressive, with edit lists: audio and video stay aligned', async () => {
  await agreesWithProbe(progressive);
  const { tracks, samples } = await support.readMedia(progressive);
  const firstPts = tracks.map(({ id, timescale }) => {
    const first = samples.find((sample) => sample.trackId === id);
    return ((first?.dtsTicks ?? 0) + (first?.compositionOffsetTicks ?? 0)) / timescale;
  });
  // 1024 samples of AAC priming come before the first picture.
  assert.ok(Math.abs((firstPts[0] ?? 0) - (firstPts[1] ?? 0) - 1024 / 44_100) < 0.001, `${firstPts}`);
});

const FRAGMENTED = [
  'frag_keyframe+empty_moov+default_base_moof',
  'frag_keyframe',
  'frag_keyframe+empty_moov+separate_moof',
  'frag_keyframe+empty_moov+omit_tfhd_offset',
  'frag_keyframe+empty_moov+negative_cts_offsets+default_base_moof',
  'cmaf+frag_keyframe',
  'frag_every_frame+empty_moov+default_base_moof',
];
for (const flags of FRAGMENTED) {
  test(`fragmented as ffmpeg does with ${flags}`, async () => {
    const file = join(folder.path, `${flags}.mp4`);
    await support.ffmpeg('-i', progressive, '-c', 'copy', '-movflags', flags, file);
    await agreesWithProbe(file);
    const hashes = async (path: string) => {
      const { samples } = await support.readMedia(path);
      return support
        .digests(samples)
        .map((digest) => ('md5' in digest ? digest.md5 : ''))
        .sort();
    };
    assert.deepEqual(await hashes(file), await hashes(progressive));
  });
}

test('G.711 stored byte by byte is read in pieces of 20 ms', async () => {
  const file = join(folder.path, 'ulaw.mov');
  await support.ffmpeg('-f', 'lavfi', '-i', 'sine=sample_rate=8000', '-t', '2', '-c:a', 'pcm_mulaw', file);
  const { samples } = await support.readMedia(file);
  assert.ok(samples.length <= 125);
  assert.equal(
    samples.reduce((sum, sample) => sum + sample.data.length, 0),
    16_000,
  );
  let at = 0;
  for (const sample of samples) {
    assert.equal(sample.dtsTicks, at);
    assert.equal(sample.durationTicks, sample.data.length);
    assert.ok(sample.data.length <= 160);
    at += sample.durationTicks;
  }
});

test('a track of a coding unknown to Framelog is named, the others are read', async () => {
  const file = join(folder.path, 'timecode.mov');
  await support.ffmpeg('-i', progressive, '-c', 'copy', '-timecode', '01:00:00:00', file);
  const mp4 = await openMp4(support.bufferSource(await readFile(file)));
  assert.deepEqual(mp4.skipped, [{ id: 3, entryType: 'tmcd' }]);
  assert.deepEqual(
    mp4.tracks.map(({ codec }) => codec),
    ['h264', 'aac'],
  );
  assert.equal(
    (await support.collect(mp4.samples())).length,
    (await support.readMedia(progressive)).samples.length,
  );
});

test('reads are few, bounded, and can be repeated', async () => {
  const bytes = await readFile(join(support.MEDIA, 'parking-720p-h264.mp4'));
  let totalBytes = 0;
  let largestBytes = 0;
  const source: RandomAccessSource = {
    sizeBytes: bytes.length,
    read: async (offset, length) => {
      totalBytes += length;
      largestBytes = Math.max(largestBytes, length);
      return bytes.subarray(offset, offset + length);
    },
  };
  const mp4 = await openMp4(source);
  const first = support.digests(await support.collect(mp4.samples()));
  assert.ok(totalBytes < 3 * bytes.length, `${totalBytes} bytes read of ${bytes.length}`);
  assert.ok(largestBytes <= 1024 * 1024);
  assert.deepEqual(support.digests(await support.collect(mp4.samples())), first);
});

test('media beyond 4 GiB, with 64-bit box sizes and chunk offsets', async () => {
  const original = await readFile(progressive);
  const boxes = readBoxes(original);
  const [ftyp, mdat, moov] = ['ftyp', 'mdat', 'moov'].map((type) => requireBox(boxes, type));
  assert.ok(ftyp && mdat && moov);
  const emptyBytes = 5 * 1024 ** 3;
  const body = bodyBytes(mdat);
  const head = Buffer.alloc(16);
  head.writeUInt32BE(1);
  head.write('mdat', 4, 'latin1');
  head.writeBigUInt64BE(BigInt(16 + emptyBytes + body.length), 8);
  const bodyStart = ftyp.end + 16 + emptyBytes;
  const pieces: [number, Uint8Array][] = [
    [0, Buffer.concat([original.subarray(0, ftyp.end), head])],
    [bodyStart, body],
    [bodyStart + body.length, with64BitOffsets(moov, bodyStart - mdat.bodyStart)],
  ];
  const source: RandomAccessSource = {
    sizeBytes: bodyStart + body.length + (pieces[2]?.[1].length ?? 0),
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      for (const [start, piece] of pieces) {
        const from = Math.max(offset, start);
        const to = Math.min(offset + length, start + piece.length);
        if (from < to) bytes.set(piece.subarray(from - start, to - start), from - offset);
      }
      return bytes;
    },
  };
  const expected = (await support.readMedia(progressive)).samples;
  assert.deepEqual(support.digests(await samplesIn(source)), support.digests(expected));
});

/** The `moov` with `co64` for `stco`, and its chunks moved. */
function with64BitOffsets(parent: Box, movedBytes: number): Uint8Array {
  const children = childrenOf(parent).map((child) => {
    if (['trak', 'mdia', 'minf', 'stbl'].includes(child.type)) return with64BitOffsets(child, movedBytes);
    if (child.type !== 'stco') return child.bytes.subarray(child.start, child.end);
    const stco = Buffer.from(bodyBytes(child));
    const count = stco.readUInt32BE(4);
    const offsets = Buffer.alloc(count * 8);
    for (let i = 0; i < count; i++)
      offsets.writeBigUInt64BE(BigInt(stco.readUInt32BE(8 + i * 4) + movedBytes), i * 8);
    return fullBox('co64', 0, 0, u32(count), offsets);
  });
  return box(parent.type, ...children);
}

test('a last mdat of size 0 reaches to the end of the file', async () => {
  const faststart = join(folder.path, 'faststart.mp4');
  await support.ffmpeg('-i', progressive, '-c', 'copy', '-movflags', 'faststart', faststart);
  const bytes = await readFile(faststart);
  const expected = support.digests((await support.readMedia(faststart)).samples);
  bytes.writeUInt32BE(0, requireBox(readBoxes(bytes), 'mdat').start);
  assert.deepEqual(support.digests(await samplesIn(support.bufferSource(bytes))), expected);
});

test('a log file with uuid and prft boxes, cut anywhere, gives its whole fragments', async () => {
  const { tracks, samples } = await support.readMedia(progressive);
  const init = writeInitSegment(tracks);
  const pieces: Uint8Array[] = [init];
  const ends: { bytes: number; samples: number }[] = [{ bytes: init.length, samples: 0 }];
  let written = init.length;
  for (let i = 0; i < samples.length; i += 100) {
    const runs = support.runsOf(tracks, samples.slice(i, i + 100));
    const wallClock = { trackId: 1, mediaTicks: 0, epochMs: 0 };
    const chunk = writeChunk({ sequence: i, runs, wallClock, prefix: box('uuid', new Uint8Array(80)) });
    pieces.push(...chunk.buffers);
    written += chunk.sizeBytes;
    ends.push({ bytes: written, samples: Math.min(samples.length, i + 100) });
  }
  const bytes = Buffer.concat(pieces);
  const expected = support.digests(samples);
  const boundaries = ends.flatMap((end) => [end.bytes - 1, end.bytes, end.bytes + 1]);
  const steps = Array.from(
    { length: 60 },
    (_, i) => init.length + Math.floor((i * (bytes.length - init.length)) / 60),
  );
  for (const cut of [...boundaries, ...steps]) {
    if (cut < init.length || cut > bytes.length) continue;
    const whole = ends.findLast((end) => end.bytes <= cut)?.samples;
    const read = await samplesIn(support.bufferSource(bytes.subarray(0, cut)));
    assert.deepEqual(support.digests(read), expected.slice(0, whole), `cut at ${cut}`);
  }
});

test('a track that says little does not hold up the others', async () => {
  const config = new Uint8Array(0);
  const tracks = [1, 2].map((id) =>
    describeTrack({ id, kind: 'data', codec: 'opaque', timescale: 1000, config }),
  );
  const samples = Array.from({ length: 30_000 }, (_, i) =>
    support.sample({ dtsTicks: i * 10, durationTicks: 10, sizeBytes: 4 }),
  );
  for (const [i, at] of [0, 15_000, 29_999].entries()) {
    samples.splice(
      at + i + 1,
      0,
      support.sample({ trackId: 2, dtsTicks: at * 10, durationTicks: 10, sizeBytes: 9 }),
    );
  }
  const bytes = support.writeFragmented({ tracks, samples }, 100);
  const times = (await samplesIn(support.bufferSource(bytes))).map(({ trackId, dtsTicks }) => [
    trackId,
    dtsTicks,
  ]);
  assert.deepEqual(
    times,
    samples.map(({ trackId, dtsTicks }) => [trackId, dtsTicks]),
  );
});

test('what cannot be read is refused with a code', async () => {
  const bytes = await readFile(progressive);
  const boxes = readBoxes(bytes);
  const moov = requireBox(boxes, 'moov');
  await refuses('missing-box', () => openMp4(support.bufferSource(new Uint8Array(0))));
  await refuses('missing-box', () => openMp4(support.bufferSource(bytes.subarray(0, moov.start))));
  await refuses('missing-box', () => openMp4(support.bufferSource(bytes.subarray(0, moov.end - 1))));
  await refuses('box-size-zero', () => openMp4(support.bufferSource(new Uint8Array(100))));
  await refuses('box-too-small', () =>
    openMp4(support.bufferSource(Buffer.from('000000016d646174000000000000000f', 'hex'))),
  );

  // media cut away behind a moov at the front
  const mdat = requireBox(boxes, 'mdat');
  const moovFirst = Buffer.concat([
    bytes.subarray(moov.start, moov.end),
    bytes.subarray(mdat.start, mdat.end),
  ]);
  await refuses('truncated', () =>
    samplesIn(support.bufferSource(moovFirst.subarray(0, moovFirst.length / 2))),
  );

  const change = (type: string, offset: number, value: number) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt32BE(value, copy.indexOf(type) + 4 + offset);
    return support.bufferSource(copy);
  };
  for (const type of ['stts', 'ctts', 'stsc', 'stco', 'stss']) {
    await refuses('truncated', () => samplesIn(change(type, 4, 0xffff_ffff)));
  }
  await refuses('truncated', () => samplesIn(change('stsz', 8, 0xffff_ffff)));
  await refuses('truncated', () => samplesIn(change('elst', 4, 0xffff_ffff)));
  await refuses('invalid', () => samplesIn(change('stts', 4, 0)));
  await refuses('invalid', () => samplesIn(change('stsc', 4, 0)));
  await refuses('invalid', () => samplesIn(change('stco', 4, 0)));
  await refuses('unsupported', () => samplesIn(change('stsc', 16, 2)));
  await refuses('invalid', () => samplesIn(change('mdhd', 12, 0)));
});

test('damaged files are read or refused with a typed error', async () => {
  const { tracks, samples } = await support.readMedia(progressive);
  const fragmented = support.writeFragmented({ tracks, samples: samples.slice(0, 60) }, 20);
  const moovAtEnd = await readFile(progressive);
  const changes = fc.array(
    fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255)),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.boolean(), changes, async (isFragmented, at) => {
      const bytes = Buffer.from(isFragmented ? fragmented : moovAtEnd);
      // Boxes, not media: the head of the one, the tail of the other.
      const start = isFragmented ? 0 : requireBox(readBoxes(moovAtEnd), 'moov').start;
      const end = isFragmented ? 3000 : bytes.length;
      for (const [where, value] of at) bytes[start + Math.floor(where * (end - start))] = value;
      try {
        await samplesIn(support.bufferSource(bytes));
      } catch (error) {
        assert.ok(error instanceof Mp4Error || error instanceof CodecError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test('a source that answers less than it was asked is an error', async () => {
  const bytes = await readFile(progressive);
  const source = { sizeBytes: bytes.length, read: async () => new Uint8Array(3) };
  await refuses('truncated', () => openMp4(source));
});
