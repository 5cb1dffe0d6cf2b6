import { setTimeout as delay } from 'node:timers/promises';
import type { OfferedSample } from '../../../../ml/supervisor/supervisor.ts';
import type { WorkerSupervisor } from '../../../../ml/supervisor/worker-supervisor.ts';
import { offered, videoOf } from '../../../support/clip-video.ts';
import { mutatedSession } from '../../../support/hostile-media.ts';
import { watchStream } from './worker-rig.ts';

export interface SessionsReport {
  readonly sessions: number;
  /** Frames that were due, and what came of them. */
  readonly looked: number;
  readonly notDecoded: number;
  /** Workers that died of it, that took too long, or too much memory. */
  readonly crashed: number;
  readonly timedOut: number;
  readonly tooLarge: number;
}

const SESSION_SAMPLES = 14;

/** A part of a clip from its second key frame on: what a session is made of. */
export async function sessionOf(path: string): Promise<OfferedSample[]> {
  const video = await videoOf(path);
  const start = video.samples.findIndex(({ isSync }, i) => isSync && i > 0);
  // Some of the group before: what a session must begin with is a key frame, and another one comes in its middle.
  const [first] = video.samples;
  if (first === undefined || start === -1) throw new Error(`${path} has too few key frames`);
  const part = [
    first,
    ...video.samples.slice(1, 6),
    ...video.samples.slice(start, start + SESSION_SAMPLES - 6),
  ];
  return offered({ ...video, samples: part });
}

/** Runs mutated sessions one after the other through the workers, each as a stream of its own. */
export async function runSessions(
  supervisor: WorkerSupervisor,
  session: readonly OfferedSample[],
  seeds: Iterable<number>,
): Promise<SessionsReport> {
  const { counters } = supervisor;
  const before = { looked: counters.looked, lost: counters.skipped['not-decoded'], ...counters.workers };
  let sessions = 0;
  for (const seed of seeds) {
    sessions += 1;
    // Every frame is looked at, also when several sessions wait for one worker.
    const camera = watchStream(supervisor, `hostile-${seed}`, { tier: 'fps:25', pace: 'batch' });
    await camera.offerAll(mutatedSession(session, seed));
    await camera.watch.drained();
    camera.watch.close();
    // Timers and other watches have their turn.
    await delay(0);
  }
  const { crashed, timedOut, tooLarge } = counters.workers;
  return {
    sessions,
    looked: counters.looked - before.looked,
    notDecoded: counters.skipped['not-decoded'] - before.lost,
    crashed: crashed - before.crashed,
    timedOut: timedOut - before.timedOut,
    tooLarge: tooLarge - before.tooLarge,
  };
}
