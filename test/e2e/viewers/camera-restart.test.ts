import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/browser.ts';
import { probePackets } from '../support/media.ts';
import { openPage, shownState } from '../support/page.ts';
import { type ServerProcess, startServerProcess } from '../support/server.ts';
import { until } from '../support/until.ts';

const CLIP = fileURLToPath(new URL('../../../samples/demo.mp4', import.meta.url));

let server: ServerProcess;
let browser: Browser;
let camera: ChildProcess;

before(async () => {
  server = await startServerProcess();
  browser = await launchChromium();
});

after(async () => {
  await browser.close();
  camera.kill('SIGKILL');
  assert.equal(await server.stop(), 0, server.stderr());
});

/** A camera whose audio begins `leadSeconds` before its first picture, as one does that waits for a key frame. */
function startCamera(leadSeconds: number): ChildProcess {
  const video = ['-re', '-stream_loop', '-1', '-itsoffset', String(leadSeconds), '-i', CLIP];
  const audio = ['-re', '-stream_loop', '-1', '-i', CLIP];
  const output = ['-map', '0:v', '-map', '1:a', '-c', 'copy', '-f', 'flv', `${server.rtmpUrl}/live/cam`];
  return spawn('ffmpeg', ['-nostdin', '-v', 'error', ...video, ...audio, ...output], { stdio: 'ignore' });
}

/** Wall clock of the first segment after the camera came back, once it is in the archive. */
async function secondRunMs(): Promise<number | undefined> {
  const url = `${server.httpUrl}/play/cam/archive.m3u8?start=0&end=${Date.now()}`;
  const [, after] = (await (await fetch(url)).text()).split('#EXT-X-DISCONTINUITY\n');
  const date = /#EXT-X-PROGRAM-DATE-TIME:(\S+)/.exec(after ?? '')?.[1];
  return date === undefined ? undefined : Date.parse(date);
}

test('the picture goes on after a camera that came back with its audio first', async () => {
  camera = startCamera(0);
  await until('a live playlist', async () => (await fetch(`${server.httpUrl}/play/cam/live.m3u8`)).ok);
  const page = await openPage(browser, server, 'cam');
  await until('the live picture', async () => (await shownState(page)).isPlaying);

  camera.kill('SIGKILL');
  await once(camera, 'exit');
  camera = startCamera(3);
  const beganMs = await until('the second run', secondRunMs);

  await until('three seconds of picture of the second run', async () => {
    const { mode, isPlaying, shownMs = 0 } = await shownState(page);
    return mode === 'live' && isPlaying && shownMs > beganMs + 3000;
  });
  const url = `${server.httpUrl}/play/cam/archive.m3u8?start=${beganMs}&end=${Date.now()}`;
  const packets = await probePackets(url);
  const startOf = (type: 'video' | 'audio') => packets.find((packet) => packet.type === type)?.ptsMs ?? 0;
  assert.ok(Math.abs(startOf('audio') - startOf('video')) <= 150, 'both tracks begin together');
  await page.close();
});
