import type { Registry } from 'prom-client';
import type { LookbackCounters } from '../lookback/lookback-jobs.ts';
import { Instruments } from './instruments.ts';

/** What of the jobs over archives is read at each scrape. */
export interface LookbackSource {
  readonly counters: LookbackCounters;
  readonly running: number;
  readonly waiting: number;
}

/** Puts the metrics of detection jobs over archives into the server's registry. */
export function createLookbackMetrics(registry: Registry, jobs: LookbackSource): void {
  const to = new Instruments(registry);
  to.countBy(
    'framelog_detection_jobs_total',
    'Detection jobs over archives that have ended, by how.',
    'end',
    () => jobs.counters.ended,
  );
  to.count(
    'framelog_detection_job_frames_total',
    'Frames of archives that detection jobs have looked at.',
    () => jobs.counters.frames,
  );
  to.levelBy('framelog_detection_jobs', 'Detection jobs over archives, by state.', 'state', () => ({
    running: jobs.running,
    waiting: jobs.waiting,
  }));
}
