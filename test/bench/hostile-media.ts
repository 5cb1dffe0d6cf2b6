/**
 * Mutated sessions of each codec through a real detection worker: what came of them, and how large the worker became
 * (detection.md §4: 2,300 sessions a codec).
 *
 *   node test/bench/hostile-media.ts [sessions a codec] [first seed]
 */
import { readFileSync } from 'node:fs';
import { WorkerSupervisor } from '../../ml/supervisor/worker-supervisor.ts';
import { clipPath } from '../e2e/support/media.ts';
import { runSessions, sessionOf } from '../integration/detection/support/hostile-sessions.ts';
import { SCRIPTED_WORKER } from '../integration/detection/support/worker-rig.ts';

const sessions = Number(process.argv[2] ?? 300);
const firstSeed = Number(process.argv[3] ?? 1000);

function peakMegabytes(pid: number | undefined): string {
  if (process.platform !== 'linux' || pid === undefined) return '?';
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024).toFixed(0);
}

for (const name of ['h264.mp4', 'h265.mp4', 'vp8.webm', 'vp9.webm', 'av1.mp4']) {
  const supervisor = new WorkerSupervisor({
    workers: 1,
    decoder: 'native',
    now: () => Date.now(),
    log: {
      info: () => {},
      warn: (fields, message) => console.log(message, fields),
      error: (fields, message) => console.log(message, fields),
    },
    entry: SCRIPTED_WORKER,
  });
  const startedMs = performance.now();
  const session = await sessionOf(clipPath(`parking-360p-${name}`));
  const seeds = Array.from({ length: sessions }, (_, i) => firstSeed + i);
  const report = await runSessions(supervisor, session, seeds);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  const peak = peakMegabytes(supervisor.pids[0]);
  console.log(
    `${name}: ${report.sessions} sessions in ${seconds} s: ${report.looked} pictures, ${report.notDecoded} not decoded; ` +
      `workers crashed ${report.crashed}, too slow ${report.timedOut}, too large ${report.tooLarge}; the last one's peak ${peak} MB`,
  );
  await supervisor.close();
}
