/**
 * Live latency in Chromium through hls.js on the product's own page: wall clock minus the program date time of the frame
 * that is shown, median of R runs, and the count of stalls over the watched time.
 *
 *   node test/bench/live-latency.ts [runs=5] [watch seconds=60] [part ms=500,200]
 */
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../e2e/support/browser.ts';
import { pushWithFfmpeg } from '../e2e/support/media.ts';
import { openPage, shownState, watch } from '../e2e/support/page.ts';
import { startServerProcess } from '../e2e/support/server.ts';
import { until } from '../e2e/support/until.ts';

const runs = Number(process.argv[2] ?? 5);
const watchSeconds = Number(process.argv[3] ?? 60);
const partSettings = (process.argv[4] ?? '500,200').split(',').map(Number);
const clip = fileURLToPath(new URL('../../samples/demo.mp4', import.meta.url));

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

console.log(
  '| parts | runs | median latency | all runs | stalls | seconds watched a run |\n|---|---|---|---|---|---|',
);
for (const partMs of partSettings) {
  const latencies: number[] = [];
  let stalls = 0;
  for (let run = 0; run < runs; run += 1) {
    const server = await startServerProcess({ args: ['--part-ms', String(partMs)] });
    const pusher = pushWithFfmpeg(clip, `${server.rtmpUrl}/live/cam`, { loop: true });
    const browser = await launchChromium();
    try {
      const page = await openPage(browser, server, 'cam');
      await until('live picture', async () => (await shownState(page)).isPlaying);
      const seen = await watch(page, watchSeconds);
      latencies.push(median(seen.latenciesMs));
      stalls += seen.stalls;
    } finally {
      await browser.close();
      pusher.kill('SIGTERM');
      await server.stop();
    }
  }
  const all = latencies.map((ms) => (ms / 1000).toFixed(2)).join(' ');
  console.log(
    `| ${partMs} ms | ${runs} | ${(median(latencies) / 1000).toFixed(2)} s | ${all} | ${stalls} | ${watchSeconds} |`,
  );
}
