/**
 * From the wish for a past second to its picture, on the product's page with the real server and its log on disk.
 *
 *   node test/bench/replay-click.ts [replays=12]
 */
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../e2e/support/browser.ts';
import { pushWithFfmpeg } from '../e2e/support/media.ts';
import { openPage, shownState } from '../e2e/support/page.ts';
import { startServerProcess } from '../e2e/support/server.ts';
import { until } from '../e2e/support/until.ts';

const replays = Number(process.argv[2] ?? 12);
const RECORDED_MS = 12_000;
// What is nearer to the live edge is shown live.
const ASKED_MS = 6_000;
const clip = fileURLToPath(new URL('../../samples/demo.mp4', import.meta.url));
const server = await startServerProcess();
const pusher = pushWithFfmpeg(clip, `${server.rtmpUrl}/live/cam`, { loop: true });
const browser = await launchChromium();
try {
  const page = await openPage(browser, server, 'cam');
  await until('the live picture', async () => (await shownState(page)).isPlaying);
  const startedMs = Date.now();
  await until('something recorded', () => Date.now() - startedMs > RECORDED_MS);
  const took: number[] = [];
  for (let replay = 0; replay < replays; replay += 1) {
    const atMs = startedMs + (ASKED_MS * replay) / replays;
    await page.evaluate((instant) => {
      const { location } = globalThis as unknown as { location: { hash: string } };
      location.hash = `stream=cam&t=${instant}`;
    }, new Date(atMs).toISOString());
    const state = await until('the replayed picture', async () => {
      const now = await shownState(page);
      const isThere = now.replayStartMs !== undefined && Math.abs((now.shownMs ?? 0) - atMs) < 1000;
      return isThere && now;
    });
    took.push(state.replayStartMs ?? Number.NaN);
  }
  took.sort((a, b) => a - b);
  const median = took[Math.floor(took.length / 2)] ?? Number.NaN;
  console.log(
    `| ${replays} replays | median ${median.toFixed(0)} ms | worst ${(took.at(-1) ?? 0).toFixed(0)} ms |`,
  );
} finally {
  await browser.close();
  pusher.kill('SIGTERM');
  await server.stop();
}
