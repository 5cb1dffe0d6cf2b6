import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DecodableTrack } from '../../../../ml/decode/declared-size.ts';
import { DecodeError } from '../../../../ml/decode/decode-job.ts';
import type {
  DecodedPicture,
  LiveDecoder,
  LiveDecoderFactory,
  PictureSink,
} from '../../../../ml/decode/live-decoder.ts';
import { LiveFfmpegDecoder } from '../../../../ml/decode/live-ffmpeg-decoder.ts';
import { LiveWebcodecsDecoder } from '../../../../ml/decode/live-webcodecs-decoder.ts';
import { StreamDecoder, type StreamPictures } from '../../../../ml/decode/stream-decoder.ts';
import { TINY_PICTURES } from '../../../../ml/decode/tiny-pictures.ts';
import { picturesByFfmpeg, type VideoOfFile, videoOf } from '../../../support/clip-video.ts';
import * as support from '../../fragments/cmaf/support.ts';
import { clip } from './jobs.ts';

let folder: Awaited<ReturnType<typeof support.temporaryFolder>>;
before(async () => {
  folder = await support.temporaryFolder();
});
after(async () => {
  await folder[Symbol.asyncDispose]();
  // Once in eighty runs a native decoder kept a process that had nothing left to do; the product kills such a worker.
  setTimeout(() => process.exit(), 10_000).unref();
});

const NATIVE: LiveDecoderFactory = (sink) => new LiveWebcodecsDecoder(sink);
const FFMPEG: LiveDecoderFactory = (sink) => new LiveFfmpegDecoder(sink);

/** Moving pictures of an odd size, no two alike. */
const MADE = ['-f', 'lavfi', '-i', 'testsrc2=s=162x90:r=25', '-t', '3'];
const CODINGS: Readonly<Record<string, readonly string[]>> = {
  'h264 without B-frames': ['-c:v', 'libx264', '-bf', '0', '-g', '25'],
  'h264 with B-frames': ['-c:v', 'libx264', '-bf', '3', '-g', '25'],
  'h264 with open groups': [
    '-c:v',
    'libx264',
    '-bf',
    '3',
    '-g',
    '25',
    '-x264-params',
    'open-gop=1:scenecut=0',
  ],
  'h265 with open groups': [
    '-c:v',
    'libx265',
    '-bf',
    '3',
    '-g',
    '25',
    '-x265-params',
    'open-gop=1:log-level=error',
  ],
  // With frames that are not shown.
  vp8: [
    '-c:v',
    'libvpx',
    '-auto-alt-ref',
    '1',
    '-lag-in-frames',
    '16',
    '-arnr-maxframes',
    '7',
    '-g',
    '25',
    '-b:v',
    '200k',
  ],
  vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '25'],
};

async function made(name: string, coding: readonly string[]): Promise<string> {
  const path = join(folder.path, `${name.replaceAll(' ', '-')}.${name.startsWith('vp8') ? 'webm' : 'mp4'}`);
  await support.ffmpeg(...MADE, ...coding, path);
  return path;
}

/** Feeds samples a few at a time, as they come from a camera, and asks for some of the pictures. */
async function decodeAll(
  decoder: StreamDecoder,
  { track, samples }: VideoOfFile,
  options: { readonly from?: number; readonly wanted: ReadonlySet<number>; readonly step?: number },
): Promise<StreamPictures> {
  const { from = 0, wanted, step = 3 } = options;
  const pictures: DecodedPicture[] = [];
  const lostUs: number[] = [];
  let error: DecodeError | undefined;
  for (let at = from; at < samples.length; at += step) {
    const run = samples.slice(at, at + step);
    const answer = await decoder.decode({
      track: at === from ? track : undefined,
      samples: run,
      startsAnew: at === from,
      flush: at + step >= samples.length,
      wantedUs: run.map(({ ptsUs }) => ptsUs).filter((ptsUs) => wanted.has(ptsUs)),
    });
    pictures.push(...answer.pictures);
    lostUs.push(...answer.lostUs);
    error ??= answer.error;
  }
  decoder.close();
  return { pictures, lostUs, error };
}

for (const [decoderName, factory] of [
  ['native', NATIVE],
  ['ffmpeg', FFMPEG],
] as const) {
  for (const [name, coding] of Object.entries(CODINGS)) {
    // Each group of pictures is a process of its own there.
    if (decoderName === 'ffmpeg' && name.startsWith('h264') && !name.includes('with B')) continue;
    test(`${name} by ${decoderName}: each picture is the one of its time, from the start and from a later key frame`, async () => {
      const path = await made(name, coding);
      const video = await videoOf(path);
      const expected = await picturesByFfmpeg(path, video.track);
      assert.equal(expected.length, video.timesUs.length);
      const laterKey = video.samples.findIndex(({ isSync }, i) => isSync && i > 0);
      for (const from of [0, laterKey]) {
        const firstUs = video.samples[from]?.ptsUs ?? 0;
        const wanted = new Set(video.timesUs.filter((ptsUs, i) => i % 4 === 0 && ptsUs >= firstUs));
        const { pictures, lostUs, error } = await decodeAll(new StreamDecoder([factory]), video, {
          from,
          wanted,
        });
        assert.deepEqual([lostUs, error], [[], undefined]);
        assert.deepEqual(
          pictures.map(({ ptsUs }) => ptsUs),
          [...wanted],
        );
        for (const { ptsUs, i420 } of pictures) {
          const index = video.timesUs.indexOf(ptsUs);
          assert.ok(
            Buffer.compare(i420, expected[index] ?? Buffer.alloc(0)) === 0,
            `picture ${index} from ${from}`,
          );
        }
      }
    });
  }

  test(`key frames by ${decoderName}: each comes out at once`, async () => {
    const video = await videoOf(clip('parking-360p-h264.mp4'));
    const decoder = new StreamDecoder([factory]);
    const keys = video.samples.filter(({ isSync }) => isSync).slice(0, 3);
    for (const [i, key] of keys.entries()) {
      const { pictures } = await decoder.decode({
        track: i === 0 ? video.track : undefined,
        samples: [key],
        startsAnew: true,
        flush: true,
        wantedUs: [key.ptsUs],
      });
      assert.deepEqual(
        pictures.map(({ ptsUs, width, height }) => [ptsUs, width, height]),
        [[key.ptsUs, 640, 360]],
      );
    }
    decoder.close();
  });

  test(`broken media by ${decoderName}: what is wanted is lost, and a later key frame is decoded`, async () => {
    const video = await videoOf(clip('parking-360p-h264.mp4'));
    const samples = video.samples
      .slice(0, 200)
      .map((sample, i) => (i === 10 ? { ...sample, data: Buffer.alloc(500, 0x5a) } : sample));
    const wanted = new Set(samples.map(({ ptsUs }) => ptsUs));
    const { pictures, lostUs, error } = await decodeAll(
      new StreamDecoder([factory]),
      { ...video, samples },
      { wanted },
    );
    assert.ok(error instanceof DecodeError);
    assert.equal(pictures.length + lostUs.length, samples.length, 'each is answered once');
    const decoded = new Set(pictures.map(({ ptsUs }) => ptsUs));
    assert.ok(samples.slice(150).every(({ ptsUs }) => decoded.has(ptsUs)));
  });
}

test('h264 by native: a picture follows its sample by no more than the two that the decoder holds back', async () => {
  const video = await videoOf(clip('parking-360p-h264.mp4'));
  const decoder = new StreamDecoder([NATIVE]);
  let latest = 0;
  for (const [i, sample] of video.samples.slice(0, 60).entries()) {
    const { pictures } = await decoder.decode({
      track: i === 0 ? video.track : undefined,
      samples: [sample],
      startsAnew: i === 0,
      flush: false,
      wantedUs: [sample.ptsUs],
    });
    for (const { ptsUs } of pictures) {
      latest = Math.max(latest, i - video.timesUs.indexOf(ptsUs));
    }
  }
  decoder.close();
  assert.ok(latest <= 2, `${latest}`);
});

for (const [pixels, format] of [
  ['yuv422p', 'h264'],
  ['yuv444p', 'h264'],
  ['yuv420p10le', 'h265'],
] as const) {
  test(`${pixels} becomes what detectors read`, async () => {
    const path = join(folder.path, `${pixels}.mp4`);
    const codec =
      format === 'h264' ? ['-c:v', 'libx264'] : ['-c:v', 'libx265', '-x265-params', 'log-level=error'];
    await support.ffmpeg(...MADE, ...codec, '-pix_fmt', pixels, path);
    const video = await videoOf(path);
    const expected = await picturesByFfmpeg(path, video.track);
    const wanted = new Set(video.timesUs.filter((_, i) => i % 20 === 0));
    const { pictures } = await decodeAll(new StreamDecoder([NATIVE]), video, { wanted });
    assert.equal(pictures.length, wanted.size);
    for (const { ptsUs, i420 } of pictures) {
      const other = expected[video.timesUs.indexOf(ptsUs)] ?? Buffer.alloc(0);
      assert.equal(i420.length, other.length);
      const off = i420.reduce((sum, value, i) => sum + Math.abs(value - (other[i] ?? 0)), 0) / i420.length;
      assert.ok(off < 4, `off by ${off}`);
    }
  });
}

/** Answers each sample with an empty picture, or does what it is told. */
class ScriptedDecoder implements LiveDecoder {
  static starts = 0;
  readonly #sink: PictureSink;
  readonly #fails: (ptsUs: number) => DecodeError | undefined;

  constructor(sink: PictureSink, fails: (ptsUs: number) => DecodeError | undefined) {
    this.#sink = sink;
    this.#fails = fails;
  }

  start(_track: DecodableTrack): void {
    ScriptedDecoder.starts += 1;
  }

  async decode(samples: Parameters<LiveDecoder['decode']>[0]): Promise<void> {
    for (const { ptsUs } of samples) {
      const failure = this.#fails(ptsUs);
      if (failure !== undefined) throw failure;
      if (!this.#sink.isWanted(ptsUs)) continue;
      this.#sink.take({
        ptsUs,
        width: 2,
        height: 2,
        i420: new Uint8Array(6),
        color: { range: 'full', matrix: 'bt601' },
      });
    }
  }

  async flush(): Promise<void> {}

  close(): void {}
}

const VP9 = tiny('vp9').track;
const vp9Sample = (ms: number) => ({ ...tiny('vp9').sample, dtsUs: ms * 1000, ptsUs: ms * 1000 });

function tiny(codec: string) {
  const picture = TINY_PICTURES.find(({ track }) => track.codec === codec);
  assert.ok(picture !== undefined);
  return picture;
}

test('a decoder that fails is replaced after 1, 2 and 4 seconds, at a key frame', async () => {
  ScriptedDecoder.starts = 0;
  const tried: number[] = [];
  const decoder = new StreamDecoder([
    (sink) =>
      new ScriptedDecoder(sink, (ptsUs) => {
        tried.push(ptsUs / 1e6);
        return new DecodeError('bad-media', 'as the test wants it');
      }),
  ]);
  for (let ms = 0; ms < 20_000; ms += 500) {
    const sample = vp9Sample(ms);
    const answer = await decoder.decode({
      track: ms === 0 ? VP9 : undefined,
      samples: [sample],
      startsAnew: true,
      flush: true,
      wantedUs: [sample.ptsUs],
    });
    assert.deepEqual(answer.lostUs, [sample.ptsUs]);
  }
  assert.deepEqual(tried, [0, 1, 3, 7, 11, 15, 19]);
  assert.equal(ScriptedDecoder.starts, tried.length);
});

test('a codec that one decoder cannot do is given to the next', async () => {
  const cannot: LiveDecoderFactory = (sink) => {
    const decoder = new ScriptedDecoder(sink, () => undefined);
    decoder.start = () => {
      throw new DecodeError('unsupported', 'not this one');
    };
    return decoder;
  };
  const can: LiveDecoderFactory = (sink) => new ScriptedDecoder(sink, () => undefined);
  const run = { track: VP9, samples: [vp9Sample(0)], startsAnew: true, flush: true, wantedUs: [0] };
  assert.equal((await new StreamDecoder([cannot, can]).decode(run)).pictures.length, 1);
  const { lostUs, error } = await new StreamDecoder([cannot]).decode(run);
  assert.deepEqual([lostUs, error?.code], [[0], 'unsupported']);
});

test('a picture of 8192x4320 is refused by its header, whatever the track says', async () => {
  const path = join(folder.path, 'bomb.mp4');
  await support.ffmpeg(
    '-f',
    'lavfi',
    '-i',
    'color=s=8192x4320:r=1',
    '-frames:v',
    '1',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    path,
  );
  const bomb = await videoOf(path);
  const never: LiveDecoderFactory = () => assert.fail('a decoder was made');
  const small = { ...bomb.track, width: 640, height: 360 };
  // The parameter sets are in the sample, as cameras send them that change their size.
  const { splitLengthPrefixed, joinLengthPrefixed } = await import(
    '../../../../fragments/media/nal-units.ts'
  );
  const { parseAvcC } = await import('../../../../fragments/media/avc.ts');
  const other = await videoOf(clip('parking-360p-h264.mp4'));
  const { sps, pps } = parseAvcC(bomb.track.config);
  const [first] = bomb.samples;
  assert.ok(first !== undefined);
  const data = joinLengthPrefixed([...sps, ...pps, ...splitLengthPrefixed(first.data, 4)]);
  const { lostUs, error } = await new StreamDecoder([never]).decode({
    track: { ...small, config: other.track.config },
    samples: [{ ...first, data }],
    startsAnew: true,
    flush: true,
    wantedUs: [first.ptsUs],
  });
  assert.deepEqual([lostUs, error?.code], [[first.ptsUs], 'too-large']);
});
