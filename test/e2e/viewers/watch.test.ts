import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/browser.ts';
import { pushWithFfmpeg } from '../support/media.ts';
import { openPage, shownState } from '../support/page.ts';
import { type ServerProcess, startServerProcess } from '../support/server.ts';
import { until } from '../support/until.ts';

const CLIP = fileURLToPath(new URL('../../../samples/demo.mp4', import.meta.url));

let server: ServerProcess;
let camera: ChildProcess;
let browser: Browser;

before(async () => {
  server = await startServerProcess();
  camera = pushWithFfmpeg(CLIP, `${server.rtmpUrl}/live/cam`, { loop: true });
  browser = await launchChromium();
  await until('a live playlist', async () => (await fetch(`${server.httpUrl}/play/cam/live.m3u8`)).ok);
});

after(async () => {
  await browser.close();
  camera.kill('SIGTERM');
  assert.equal(await server.stop(), 0, server.stderr());
});

test('Chromium plays the live camera and goes on playing (H.264 and AAC)', async () => {
  const page = await openPage(browser, server, 'cam');
  await until('the live picture', async () => {
    const state = await shownState(page);
    return state.mode === 'live' && state.isPlaying && state.shownMs !== undefined;
  });
  const { shownMs: firstShownMs = 0 } = await shownState(page);
  // How low the latency is, and that nothing stalls, is measured by test/bench/live-latency.ts.
  await until('eight more seconds of picture', async () => {
    const { mode, shownMs = 0 } = await shownState(page);
    return mode === 'live' && shownMs > firstShownMs + 8000;
  });
  const { isPlaying, shownMs = 0 } = await shownState(page);
  assert.ok(isPlaying);
  assert.ok(Date.now() - shownMs < 15_000, 'what is shown is live');
  await page.close();
});

test('the page replays a chosen past second, and comes back to live', async () => {
  const page = await openPage(browser, server, 'cam');
  await until('the live picture', async () => (await shownState(page)).isPlaying);
  const wantedMs = Date.now() - 8000;
  await page.evaluate((atMs) => {
    const { location } = globalThis as unknown as { location: { hash: string } };
    location.hash = `stream=cam&t=${new Date(atMs).toISOString()}`;
  }, wantedMs);
  const replay = await until('the replay', async () => {
    const state = await shownState(page);
    return state.mode === 'replay' && state.isPlaying && state.replayStartMs !== undefined && state;
  });
  assert.ok(replay.shownMs !== undefined);
  assert.ok(
    replay.shownMs >= wantedMs - 200 && replay.shownMs < wantedMs + 5000,
    `shows ${replay.shownMs - wantedMs} ms after the wanted instant`,
  );
  await page.getByRole('button', { name: /live/i }).first().click();
  await until('live again', async () => {
    const state = await shownState(page);
    return state.mode === 'live' && state.isPlaying;
  });
  await page.close();
});
