import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { readInitSegment, writeInitSegment } from '../../../../fragments/cmaf/init-segment.ts';
import { samplesOf } from '../../../../fragments/cmaf/read-chunk.ts';
import { describeTrack } from '../../../../fragments/media/describe-track.ts';
import type { Sample } from '../../../../fragments/media/track.ts';
import * as support from './support.ts';

/**
 * Every codec: its samples are written as fragments, and the file is read by our own reader, by mp4box, by ffprobe, and
 * decoded by ffmpeg without a message.
 */

const SAMPLES_PER_CHUNK = 37;

let folder: Awaited<ReturnType<typeof support.temporaryFolder>>;
before(async () => {
  folder = await support.temporaryFolder();
});
after(() => folder[Symbol.asyncDispose]());

const sine = (rate: number) => ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=${rate}`, '-t', '2'];
const pictures = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25', '-t', '2'];

/** Codec, how ffmpeg makes a file of it, and ffprobe's names for its streams. */
const CASES: {
  name: string;
  args: string[];
  codecs: string[];
  extension?: string;
  codecStrings: RegExp[];
}[] = [
  {
    name: 'h264',
    args: ['-i', join(support.MEDIA, 'cars-360p-h264.mp4'), '-c', 'copy'],
    codecs: ['h264', 'aac'],
    codecStrings: [/^avc1\.4d40/, /^mp4a\.40\.2$/],
  },
  {
    name: 'h264 with B-frames',
    args: [...pictures, '-c:v', 'libx264', '-bf', '2', '-g', '25'],
    codecs: ['h264'],
    codecStrings: [/^avc1\.64/],
  },
  {
    name: 'h265',
    args: ['-i', join(support.MEDIA, 'parking-360p-h265.mp4'), '-c', 'copy'],
    codecs: ['hevc', 'aac'],
    codecStrings: [/^hvc1\./, /^mp4a/],
  },
  {
    name: 'av1',
    args: ['-i', join(support.MEDIA, 'parking-360p-av1.mp4'), '-c', 'copy'],
    codecs: ['av1', 'aac'],
    codecStrings: [/^av01\.0\./, /^mp4a/],
  },
  {
    name: 'vp9 and opus',
    args: ['-i', join(support.MEDIA, 'parking-360p-vp9.webm'), '-c', 'copy'],
    codecs: ['vp9', 'opus'],
    codecStrings: [/^vp09\./, /^opus$/i],
  },
  {
    name: 'mp3',
    args: [...sine(44100), '-c:a', 'libmp3lame'],
    codecs: ['mp3'],
    codecStrings: [/^(mp3|mp4a\.6b)$/i],
  },
  {
    name: 'flac',
    args: [...sine(96000), '-c:a', 'flac', '-strict', '-2'],
    codecs: ['flac'],
    codecStrings: [/^flac$/i],
  },
  { name: 'ac-3', args: [...sine(48000), '-c:a', 'ac3'], codecs: ['ac3'], codecStrings: [/^ac-3$/] },
  {
    name: 'u-law',
    args: [...sine(8000), '-c:a', 'pcm_mulaw'],
    codecs: ['pcm_mulaw'],
    extension: 'mov',
    codecStrings: [/^ulaw$/],
  },
  {
    name: 'A-law',
    args: [...sine(8000), '-c:a', 'pcm_alaw'],
    codecs: ['pcm_alaw'],
    extension: 'mov',
    codecStrings: [/^alaw$/],
  },
];

for (const { name, args, codecs, extension, codecStrings } of CASES) {
  test(`${name}: written, and read by all readers`, async () => {
    const source = join(folder.path, `${name}.${extension ?? 'mp4'}`);
    await support.ffmpeg(...args, source);
    const media = await support.readMedia(source);
    for (const [i, pattern] of codecStrings.entries())
      assert.match(media.tracks[i]?.codecString ?? '', pattern);
    const { copy, streams } = await checkReaders(name, media, codecs);

    if (extension !== 'mov') {
      // The same packets as in the source, all moved by one constant where an edit list began before zero.
      const original = await support.probe(source);
      const shiftSeconds = seconds(streams[0], 0) - seconds(original[0], 0);
      for (const [i, { timescale, packets }] of original.entries()) {
        const shiftTicks = Math.round(shiftSeconds * timescale);
        const moved = packets.map((packet) => ({
          ...packet,
          pts: packet.pts + shiftTicks,
          dts: packet.dts + shiftTicks,
        }));
        assert.deepEqual(streams[i]?.packets, moved);
      }
    }
    if (media.tracks[0]?.kind === 'video') {
      assert.equal(await support.decodedVideoMd5(copy), await support.decodedVideoMd5(source));
    }
  });
}

for (const clip of ['parking-360p-h264.mp4', 'parking-720p-h264.mp4', 'person-360p-h264.mp4']) {
  test(`${clip}: decodes to the same pictures after a rewrite`, async () => {
    const source = join(support.MEDIA, clip);
    const copy = join(folder.path, clip);
    await writeFile(copy, support.writeFragmented(await support.readMedia(source), SAMPLES_PER_CHUNK));
    assert.equal(await support.decodedVideoMd5(copy), await support.decodedVideoMd5(source));
  });
}

test('negative composition offsets: written, and read by all readers', async () => {
  const source = join(folder.path, 'b-frames.mp4');
  await support.ffmpeg(...pictures, '-c:v', 'libx264', '-bf', '2', '-g', '25', source);
  const { tracks, samples } = await support.readMedia(source);
  const delay = samples[0]?.compositionOffsetTicks ?? 0;
  assert.ok(delay > 0);
  const early = samples.map((sample) => ({
    ...sample,
    compositionOffsetTicks: sample.compositionOffsetTicks - delay,
  }));
  assert.ok(early.some((sample) => sample.compositionOffsetTicks < 0));
  const { copy } = await checkReaders('negative offsets', { tracks, samples: early }, ['h264']);
  assert.equal(await support.decodedVideoMd5(copy), await support.decodedVideoMd5(source));
});

test('decode times above 2^33: written, and read by all readers', async () => {
  const { tracks, samples } = await support.readMedia(join(support.MEDIA, 'faces-360p-h264.mp4'));
  // More than a year of uptime at 90 kHz; whole seconds, so that the tracks stay aligned.
  const uptimeSeconds = 2 ** 25;
  const late = samples.map((sample) => {
    const timescale = tracks.find((track) => track.id === sample.trackId)?.timescale ?? Number.NaN;
    return { ...sample, dtsTicks: sample.dtsTicks + uptimeSeconds * timescale };
  });
  assert.ok(late.every((sample) => sample.dtsTicks > 2 ** 33));
  await checkReaders('late', { tracks, samples: late }, ['h264', 'aac']);
});

test('vp8: written from WebM, and read by all readers', async () => {
  const file = join(support.MEDIA, 'parking-360p-vp8.webm');
  const input = new Input({ source: new BufferSource(await readFile(file)), formats: ALL_FORMATS });
  const videoTrack = await input.getPrimaryVideoTrack();
  assert.ok(videoTrack);
  const samples: Sample[] = [];
  for await (const packet of new EncodedPacketSink(videoTrack).packets()) {
    samples.push({
      trackId: 1,
      dtsTicks: Math.round(packet.timestamp * 1000),
      compositionOffsetTicks: 0,
      durationTicks: 40,
      isSync: packet.type === 'key',
      data: packet.data,
    });
  }
  // version and flags, profile 0, level 1.0, 8 bits 4:2:0, unspecified colours, no initialisation data
  const config = Buffer.of(1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0);
  const track = describeTrack({
    id: 1,
    kind: 'video',
    codec: 'vp8',
    timescale: 1000,
    config,
    width: 640,
    height: 360,
  });
  const { copy } = await checkReaders('vp8', { tracks: [track], samples }, ['vp8']);
  assert.equal(await support.decodedVideoMd5(copy), await support.decodedVideoMd5(file));
});

test('opaque data: written beside audio, and read by all readers', async () => {
  const source = join(folder.path, 'audio.mp4');
  await support.ffmpeg(...sine(48000), '-c:a', 'aac', source);
  const { tracks, samples } = await support.readMedia(source);
  const data = describeTrack({
    id: 7,
    kind: 'data',
    codec: 'opaque',
    timescale: 1000,
    config: new Uint8Array(0),
    contentType: 'application/json; charset=utf-8',
  });
  const events = [0, 500, 1000, 1500].map((dtsTicks) =>
    support.sample({ trackId: 7, dtsTicks, durationTicks: 500, data: Buffer.from(`{"at":${dtsTicks}}`) }),
  );
  const merged = [...samples, ...events].sort((a, b) => secondsOf(a) - secondsOf(b));
  await checkReaders('opaque', { tracks: [...tracks, data], samples: merged }, ['aac', 'mett']);

  function secondsOf(item: Sample): number {
    return item.dtsTicks / (item.trackId === 7 ? 1000 : 48000);
  }
});

/** Writes the media as fragments and holds what each reader says of it against the samples. */
async function checkReaders(name: string, media: support.Media, codecs: readonly string[]) {
  const copy = join(folder.path, `${name}.copy.mp4`);
  const bytes = support.writeFragmented(media, SAMPLES_PER_CHUNK);
  await writeFile(copy, bytes);

  const init = writeInitSegment(media.tracks);
  assert.deepEqual(readInitSegment(init), media.tracks);
  const expected = support.digests(media.samples);
  assert.deepEqual(support.digests(samplesOf(bytes.subarray(init.length), media.tracks)), expected);
  const reread = await support.readMedia(copy);
  assert.deepEqual(reread.tracks, media.tracks);
  assert.deepEqual(support.digests(reread.samples), expected);

  const byMp4Box = support.readWithMp4Box(bytes);
  const streams = await support.probe(copy);
  assert.deepEqual(
    streams.map((stream) => stream.codec),
    codecs,
  );
  for (const [i, track] of media.tracks.entries()) {
    const samples = media.samples.filter((sample) => sample.trackId === track.id);
    assert.equal(byMp4Box[i]?.timescale, track.timescale);
    assert.deepEqual(
      byMp4Box[i]?.samples.map(({ dts, cts, duration, size, is_sync }) => [
        dts,
        cts,
        duration,
        size,
        is_sync,
      ]),
      samples.map((sample) => [
        sample.dtsTicks,
        sample.dtsTicks + sample.compositionOffsetTicks,
        sample.durationTicks,
        sample.data.length,
        sample.isSync,
      ]),
    );
    assert.equal(streams[i]?.timescale, track.timescale);
    assert.deepEqual(streams[i]?.packets, support.packetsOf(samples));
  }
  await support.ffmpeg('-i', copy, '-map', '0', '-map', '-0:d', '-f', 'null', '-');
  return { copy, streams };
}

function seconds(stream: support.ProbedStream | undefined, index: number): number {
  return (stream?.packets[index]?.dts ?? Number.NaN) / (stream?.timescale ?? 1);
}
