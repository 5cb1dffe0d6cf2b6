import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { DecodeError, type DecodeJob } from '../../../../ml/decode/decode-job.ts';
import { FfmpegDecoder } from '../../../../ml/decode/ffmpeg-decoder.ts';
import type { FrameDecoder } from '../../../../ml/decode/frame-decoder.ts';
import { runJob } from '../../../../ml/decode/run-job.ts';
import { WebcodecsDecoder } from '../../../../ml/decode/webcodecs-decoder.ts';
import * as support from '../../fragments/cmaf/support.ts';
import { clip, jobOf } from './jobs.ts';

let folder: Awaited<ReturnType<typeof support.temporaryFolder>>;
before(async () => {
  folder = await support.temporaryFolder();
});
after(() => folder[Symbol.asyncDispose]());

/** The picture that ffmpeg's own decoder has at an index in presentation order, RGB. */
async function expectedPicture(file: string, index: number): Promise<Buffer> {
  const path = join(folder.path, `expected-${index}.png`);
  await support.ffmpeg('-i', file, '-vf', `select=eq(n\\,${index})`, '-frames:v', '1', path);
  return sharp(path).removeAlpha().raw().toBuffer();
}

/** Mean difference of two pictures' samples; conversions to RGB differ by a little. */
async function difference(picture: Uint8Array | undefined, expected: Buffer): Promise<number> {
  assert.ok(picture !== undefined);
  const actual = await sharp(picture).removeAlpha().raw().toBuffer();
  assert.equal(actual.length, expected.length);
  let sum = 0;
  for (const [i, value] of actual.entries()) sum += Math.abs(value - (expected[i] ?? 0));
  return sum / actual.length;
}

const DECODERS: readonly [name: string, make: () => FrameDecoder][] = [
  ['native', () => new WebcodecsDecoder()],
  ['ffmpeg', () => new FfmpegDecoder()],
];
const CLIPS = ['parking-360p-h264.mp4', 'parking-360p-h265.mp4', 'parking-360p-av1.mp4'];

for (const [decoderName, make] of DECODERS) {
  for (const name of CLIPS) {
    test(`${name} by ${decoderName}: the pictures of these instants`, async () => {
      const wanted = [0, 7, 49];
      const pictures = await runJob(await jobOf(clip(name), wanted), [make()]);
      for (const [i, index] of wanted.entries()) {
        const off = await difference(pictures[i], await expectedPicture(clip(name), index));
        assert.ok(off < 2, `picture ${index} is off by ${off}`);
      }
    });
  }

  test(`vp9 and B-frames by ${decoderName}`, async () => {
    const made = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25', '-t', '2'];
    const codings = {
      vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '50'],
      bframes: ['-c:v', 'libx264', '-bf', '3', '-g', '50'],
    };
    for (const [name, coding] of Object.entries(codings)) {
      const path = join(folder.path, `${name}.mp4`);
      await support.ffmpeg(...made, ...coding, path);
      const pictures = await runJob(await jobOf(path, [5, 30]), [make()]);
      for (const [i, index] of [5, 30].entries()) {
        const off = await difference(pictures[i], await expectedPicture(path, index));
        assert.ok(off < 2, `${name} picture ${index} is off by ${off}`);
      }
    }
  });

  test(`broken media by ${decoderName}: an error of its own, and the decoder goes on`, async () => {
    const decoder = make();
    const good = await jobOf(clip('parking-360p-h264.mp4'), [3]);
    const garbage: DecodeJob = {
      ...good,
      samples: good.samples.map((sample) => ({ ...sample, data: Buffer.alloc(500, 0x5a) })),
    };
    await assert.rejects(
      async () => runJob(garbage, [decoder]),
      (error) => error instanceof DecodeError && error.code === 'bad-media',
    );
    assert.ok((await runJob(good, [decoder]))[0] !== undefined);
  });
}

for (const [name, coding] of [
  ['h264', ['-c:v', 'libx264', '-bf', '3', '-g', '25', '-x264-params', 'open-gop=1:scenecut=0']],
  ['h265', ['-c:v', 'libx265', '-bf', '3', '-g', '25', '-x265-params', 'open-gop=1:log-level=error']],
] as const) {
  test(`${name} with open groups: a job that begins at a later key frame has the pictures of its times`, async () => {
    const path = join(folder.path, `open-${name}.mp4`);
    await support.ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25', '-t', '2', ...coding, path);
    const whole = await jobOf(path, [40]);
    const later = whole.samples.findIndex(({ isSync }, i) => isSync && i > 0);
    assert.ok(later > 0);
    const job = { ...whole, samples: whole.samples.slice(later) };
    const leadingUs = Math.min(...job.samples.map(({ ptsUs }) => ptsUs));
    assert.ok(leadingUs < (job.samples[0]?.ptsUs ?? 0), 'some are shown before the key frame');
    const [picture] = await runJob(job, [new WebcodecsDecoder()]);
    assert.ok((await difference(picture, await expectedPicture(path, 40))) < 2);
    const [first] = await runJob({ ...job, wantedUs: [leadingUs] }, [new WebcodecsDecoder()]);
    assert.ok(first !== undefined, 'the key frame stands for those before it');
  });
}

test('sizes: both sides stretch, one keeps the shape; JPEG quality counts', async () => {
  const file = clip('parking-360p-h264.mp4');
  const sizeOf = async (format: DecodeJob['format']) => {
    const [picture] = await runJob(await jobOf(file, [0], format), [new WebcodecsDecoder()]);
    const { width, height, format: type } = await sharp(picture).metadata();
    return { width, height, type, bytes: picture?.length ?? 0 };
  };
  const plain = await sizeOf({ type: 'jpeg' });
  assert.deepEqual([plain.width, plain.height, plain.type], [640, 360, 'jpeg']);
  const stretched = await sizeOf({ type: 'png', width: 100, height: 100 });
  assert.deepEqual([stretched.width, stretched.height, stretched.type], [100, 100, 'png']);
  const byHeight = await sizeOf({ type: 'jpeg', height: 90 });
  assert.deepEqual([byHeight.width, byHeight.height], [160, 90]);
  const byWidth = await sizeOf({ type: 'jpeg', width: 1280 });
  assert.deepEqual([byWidth.width, byWidth.height], [1280, 720]);
  assert.ok((await sizeOf({ type: 'jpeg', quality: 10 })).bytes < plain.bytes);
});

test('a size that would take all memory is refused before anything is decoded', async () => {
  const job = await jobOf(clip('parking-360p-h264.mp4'), [0]);
  const never: FrameDecoder = { decode: () => assert.fail('decoded') };
  await assert.rejects(
    async () => runJob({ ...job, track: { ...job.track, width: 8192, height: 4320 } }, [never]),
    (error) => error instanceof DecodeError && error.code === 'too-large',
  );
});

test('a decoder that cannot do the codec is followed by the next; when none can, that is said', async () => {
  const job = await jobOf(clip('parking-360p-h264.mp4'), [0]);
  const cannot: FrameDecoder = {
    decode: () => Promise.reject(new DecodeError('unsupported', 'not this one')),
  };
  assert.ok((await runJob(job, [cannot, new WebcodecsDecoder()]))[0] !== undefined);
  for (const decoders of [[cannot], []]) {
    await assert.rejects(
      async () => runJob(job, decoders),
      (error) => error instanceof DecodeError && error.code === 'unsupported',
    );
  }
});

test('a picture that is missing is served by the nearest before it; one before all has none', async () => {
  const job = await jobOf(clip('parking-360p-h264.mp4'), [10]);
  const [wantedUs = 0] = job.wantedUs;
  const asked = { ...job, wantedUs: [-5, wantedUs, wantedUs + 11, 1e12] };
  const [none, exact, before, last] = await runJob(asked, [new WebcodecsDecoder()]);
  assert.equal(none, undefined);
  assert.ok(exact !== undefined && before !== undefined && last !== undefined);
  assert.deepEqual(exact, before);
  assert.notDeepEqual(last, exact);
});
