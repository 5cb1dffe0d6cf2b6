/**
 * Many cameras on one worker: is what is stored touched by it? N cameras publish over RTMP in real time, first with nobody
 * looking, then at five frames a second each, which is several times what one worker can do. Told: fragments that were
 * persisted and lost, the server's own CPU time, how far results are behind, what was passed over, and the worker's memory.
 *
 *   node test/bench/detection-overload.ts [cameras=20] [seconds=60]
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { clipPath } from '../e2e/support/media.ts';
import { spawnFramelog, startServerProcess } from '../e2e/support/server.ts';
import { cpuSecondsOf, residentBytesOf } from './support/process-cost.ts';
import { scrape } from './support/scrape.ts';

const cameras = Number(process.argv[2] ?? 20);
const seconds = Number(process.argv[3] ?? 60);
const CLIP = clipPath('parking-360p-h264.mp4');
/** Cameras start over two seconds, workers load their models. */
const WARM_UP_MS = 10_000;

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

console.log(
  '| tier | fragments persisted | lost | server CPU s | looks | passed over | mean lag s | longest lag now s | worker MB |\n' +
    '|---|---|---|---|---|---|---|---|---|',
);
const persisted: number[] = [];
for (const tier of ['off', 'fps:5']) {
  const args = ['logs.level=error', 'detection.workers=1', `detection.defaultTier=${tier}`];
  const server = await startServerProcess({ args: args.flatMap((setting) => ['--set', setting]) });
  const url = `${server.rtmpUrl}/live/cam-{n}`;
  const pusher = spawnFramelog(['push', CLIP, url, '--loop', '--count', String(cameras)]);
  await delay(WARM_UP_MS);
  const before = await scrape(server.httpUrl);
  const cpuBefore = cpuSecondsOf(server.pid);
  await delay(seconds * 1000);
  const after = await scrape(server.httpUrl);
  const cpu = cpuSecondsOf(server.pid) - cpuBefore;
  const grown = (series: string) => after(series) - before(series);
  const workers = childrenOf(server.pid);
  const workerMb = Math.max(0, ...workers.map((pid) => residentBytesOf(pid).peakBytes)) / 2 ** 20;
  const fragments = grown('framelog_fragments_total{event="persisted"}');
  persisted.push(fragments);
  const lag = grown('framelog_detection_lag_seconds_total') / grown('framelog_detection_lag_count_total');
  const columns = [
    tier,
    `${fragments} of ${(cameras * seconds) / 2}`,
    grown('framelog_fragments_lost_total'),
    cpu.toFixed(1),
    grown('framelog_detection_frames_total'),
    grown('framelog_detection_dropped_total'),
    lag.toFixed(2),
    after('framelog_detection_lag_seconds').toFixed(2),
    workerMb.toFixed(0),
  ];
  console.log(`| ${columns.join(' | ')} |`);
  pusher.kill('SIGTERM');
  await once(pusher, 'exit');
  await server.stop();
}
const [without = Number.NaN, watched = Number.NaN] = persisted;
console.log(`fragments persisted while watched / while not: ${(watched / without).toFixed(3)}`);
