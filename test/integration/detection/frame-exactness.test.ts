import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offered } from '../../support/clip-video.ts';
import { counterVideo, H264, supervisorOf, watchStream } from './support/worker-rig.ts';

/** What a detector is shown is the picture of the frame that the result names: in each codec, with B-frames and open groups too. */

const CODINGS: Readonly<Record<string, readonly string[]>> = {
  'h264 without B-frames': H264,
  'h264 with B-frames in open groups': [
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '3', '-g', '25'],
    ...['-x264-params', 'open-gop=1:scenecut=0'],
  ],
  'h265 with B-frames in open groups': [
    ...['-c:v', 'libx265', '-preset', 'ultrafast', '-bf', '3', '-g', '25'],
    ...['-x265-params', 'open-gop=1:log-level=error'],
  ],
  vp8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-auto-alt-ref', '1', '-g', '25'],
  vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '25'],
  av1: ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-g', '25'],
};

for (const [name, encoder] of Object.entries(CODINGS)) {
  test(`${name}: the number in the picture is that of the frame`, async (t) => {
    const { video, samples } = await counterVideo(t, encoder, 3, name === 'vp8' ? 'webm' : 'mp4');
    const supervisor = supervisorOf(t);
    const indexOf = (ms: number) => video.timesUs.findIndex((us) => Math.abs(us / 1000 - ms) < 1);
    for (const tier of ['fps:10', 'keyframes']) {
      const job = watchStream(supervisor, `cam-${tier.split(':')[0]}`, { tier, pace: 'batch' });
      await job.offerAll(samples);
      await job.watch.drained();
      const keys = samples.filter(({ isSync }) => isSync).length;
      assert.ok(
        tier === 'keyframes' ? job.results.length === keys : job.results.length >= 28,
        `${job.results.length}`,
      );
      assert.deepEqual(
        job.numbers(),
        job.results.map(({ frame }) => indexOf(frame.producerMs)),
        tier,
      );
    }
  });
}

test('live, with frames passed over: the number is still that of the frame', async (t) => {
  const { video, samples } = await counterVideo(t, H264, 3);
  const supervisor = supervisorOf(t);
  const cam = watchStream(supervisor, 'cam', { tier: 'fps:10' });
  for (const shiftUs of [0, 3e6]) {
    await cam.offerAll(shiftUs === 0 ? samples : offered(video, shiftUs));
    await cam.watch.drained();
  }
  assert.ok(cam.results.length >= 2 && cam.results.length < 60, `${cam.results.length}`);
  assert.deepEqual(
    cam.numbers(),
    cam.results.map(({ frame }) => Math.round(frame.producerMs / 40) % 75),
  );
});

test('a camera that changes its codec in mid-stream: the number is still that of the frame', async (t) => {
  const supervisor = supervisorOf(t);
  const job = watchStream(supervisor, 'cam', { tier: 'fps:5', pace: 'batch' });
  const vp9 = CODINGS.vp9 ?? [];
  for (const [i, encoder] of [H264, vp9, H264].entries()) {
    const { video } = await counterVideo(t, encoder, 1);
    await job.offerAll(offered(video, i * 1e6));
  }
  await job.watch.drained();
  assert.deepEqual(
    job.numbers(),
    [0, 1, 2].flatMap(() => [0, 5, 10, 15, 20]),
  );
});
