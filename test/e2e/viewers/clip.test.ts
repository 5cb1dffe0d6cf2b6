import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAwsServer } from '../../integration/aws/support/aws-server.ts';
import { clip, pushByRtmp } from '../../integration/aws/support/rtmp-clip.ts';
import { launchChromium } from '../support/browser.ts';
import { until } from '../support/until.ts';

interface Played {
  readonly duration: number;
  readonly videoWidth: number;
  readonly videoHeight: number;
  readonly startTime: number;
  readonly endTime: number;
}

/** Runs in the page: loads, plays, jumps to the last second, plays to the end. */
const PLAY = `async (src) => {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const next = (name) => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
  });
  const loaded = next('loadeddata');
  video.src = src;
  await loaded;
  const { duration, videoWidth, videoHeight } = video;
  const startTime = video.seekable.start(0);
  const playing = next('timeupdate');
  await video.play();
  await playing;
  const ended = next('ended');
  video.currentTime = duration - 1;
  await ended;
  return { duration, videoWidth, videoHeight, startTime, endTime: video.currentTime };
}`;

test('Chromium plays a clip as a file: from the start, and after a jump to its end', async (t) => {
  const server = await startAwsServer(t, { access: { open: true } });
  await pushByRtmp(server, 'gate', clip('parking-360p-h264.mp4'));
  const { ranges } = await until('the recording', async () => {
    const response = await fetch(`${server.endpoint}/api/streams/gate/ranges?to=${Date.now() + 3_600_000}`);
    const answer = (await response.json()) as {
      ranges: { startMs: number; endMs: number; fragments: number }[];
    };
    return answer.ranges[0]?.fragments === 10 && answer;
  });
  const [range] = ranges;
  assert.ok(range);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${server.endpoint}/healthz`);
  const source = `/play/gate/clip.mp4?start=${range.startMs}&end=${range.endMs}`;
  const played = (await page.evaluate(`(${PLAY})(${JSON.stringify(source)})`)) as Played;
  assert.ok(Math.abs(played.duration - 20) < 0.2, `${played.duration} s`);
  assert.equal(played.startTime, 0);
  assert.ok(Math.abs(played.endTime - played.duration) < 0.2);
  assert.deepEqual([played.videoWidth, played.videoHeight], [640, 360]);
  assert.deepEqual(server.errorLines(), []);
});
