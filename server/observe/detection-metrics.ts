import type { Registry } from 'prom-client';
import type {
  Durations,
  SupervisorCounters,
  SupervisorLevels,
} from '../../ml/supervisor/supervisor-counters.ts';
import type { CommitCounters } from '../detection/commit-queue.ts';
import type { SinkState } from '../detection/sink-runner.ts';
import type { WatcherCounters } from '../detection/stream-watcher.ts';
import { Instruments } from './instruments.ts';

/** What is read of detection when metrics are scraped. */
export interface DetectionSource {
  readonly supervisor: { readonly counters: SupervisorCounters; readonly levels: SupervisorLevels };
  readonly service: { readonly counters: WatcherCounters };
  readonly events: { readonly size: number; readonly lastSeq: number };
  readonly commits: { readonly counters: CommitCounters };
  readonly sinks: { states(): readonly SinkState[] };
  readonly sweeper: { readonly deleted: number };
}

/** Puts the metrics of detection into the server's registry. */
export function createDetectionMetrics(registry: Registry, source: DetectionSource): void {
  const to = new Instruments(registry);
  frameMetrics(to, source);
  workerMetrics(to, source);
  eventMetrics(to, source);
}

function frameMetrics(to: Instruments, { supervisor, service }: DetectionSource): void {
  const { counters } = supervisor;
  to.count('framelog_detection_frames_total', 'Frames that a model has looked at.', () => counters.looked);
  to.countBy(
    'framelog_detection_skipped_total',
    'Frames that were due and were not looked at: nothing moved (no-motion), or they could not be decoded (not-decoded).',
    'reason',
    () => counters.skipped,
  );
  to.countBy(
    'framelog_detection_dropped_total',
    'Frames that were due and passed over: a newer one came first (superseded), the machine could not keep up (overload, overflow), a ' +
      'key frame was missing (no-key-frame), their worker died (crashed), or nobody could look (quarantined, failed).',
    'reason',
    () => counters.dropped,
  );
  duration(to, 'lag', "From a frame's arrival to what was seen in it", () => counters.lag);
  duration(to, 'decode', 'Decoding for frames that were looked at', () => counters.decode);
  duration(to, 'infer', 'A model looking at a frame', () => counters.infer);
  to.level(
    'framelog_detection_lag_seconds',
    "The longest of all watches now, from a frame's arrival to its result.",
    () => supervisor.levels.lagMs / 1000,
  );
  to.level(
    'framelog_detection_waiting_frames',
    'Frames that are due and wait for a worker.',
    () => supervisor.levels.waitingFrames,
  );
  to.level(
    'framelog_detection_waiting_bytes',
    'Compressed media that is kept for frames that wait.',
    () => supervisor.levels.waitingBytes,
  );
  to.count(
    'framelog_detection_fell_behind_total',
    'Times that a watch could not follow its stream in memory and went on at the live edge.',
    () => service.counters.fellBehind,
  );
  to.count(
    'framelog_detection_read_errors_total',
    'Times that a watch could not read its stream; it tries again.',
    () => service.counters.readErrors,
  );
}

function workerMetrics(to: Instruments, { supervisor }: DetectionSource): void {
  const { counters } = supervisor;
  to.levelBy(
    'framelog_detection_watches',
    'Watches by what they do: watching, degraded (a lower tier than was set), quarantined (their media ended workers), failed.',
    'state',
    () => supervisor.levels.watchesByState,
  );
  to.level('framelog_detection_workers', 'Worker processes that run.', () => supervisor.levels.workers);
  to.countBy(
    'framelog_detection_worker_events_total',
    'What happened to worker processes: started, crashed (died or were ended), of those timedOut and tooLarge, recycled.',
    'event',
    () => ({ ...counters.workers }),
  );
  to.count(
    'framelog_detection_quarantines_total',
    'Times that a stream was left alone because its media ended workers.',
    () => counters.quarantines,
  );
  to.count(
    'framelog_detection_lowered_total',
    'Times that a tier was lowered because the machine could not keep up.',
    () => counters.lowered,
  );
  to.count(
    'framelog_detection_moves_total',
    'Times that a watch was moved to a worker that had less to do.',
    () => counters.moves,
  );
  to.count(
    'framelog_detection_results_refused_total',
    'Results that could not be taken, by an error of this server.',
    () => counters.refusedResults,
  );
  to.count(
    'framelog_detection_pictures_total',
    'Single pictures that were looked at.',
    () => counters.pictures.answered,
  );
  to.countBy(
    'framelog_detection_pictures_failed_total',
    'Single pictures that were not looked at, by reason.',
    'reason',
    () => counters.pictures.failed,
  );
}

function eventMetrics(to: Instruments, { events, commits, sinks, sweeper }: DetectionSource): void {
  to.count(
    'framelog_detection_events_total',
    'Events since there is this data folder.',
    () => events.lastSeq,
  );
  to.level('framelog_detection_events_kept', 'Events that are kept for search.', () => events.size);
  to.count(
    'framelog_detection_events_expired_total',
    'Events that were deleted since the start: their time was over, or there were too many.',
    () => sweeper.deleted,
  );
  to.countBy(
    'framelog_detection_commits_total',
    'Transactions that stored events and what watches know, by outcome: stored, failed (tried again), refused (given up).',
    'outcome',
    () => {
      const { commits: stored, failed, refused } = commits.counters;
      return { stored, failed, refused };
    },
  );
  const bySink = (read: (state: SinkState) => number) =>
    new Map(sinks.states().map((state) => [state.name, read(state)]));
  to.countBy('framelog_detection_delivered_total', 'Events that were delivered, by sink.', 'sink', () =>
    bySink(({ counters }) => counters.delivered),
  );
  to.countBy(
    'framelog_detection_delivery_retries_total',
    'Deliveries that failed and are repeated, by sink.',
    'sink',
    () => bySink(({ counters }) => counters.retried),
  );
  to.countBy(
    'framelog_detection_delivery_refused_total',
    'Events that a sink will never take, and that were passed over.',
    'sink',
    () => bySink(({ counters }) => counters.refused),
  );
  to.countBy(
    'framelog_detection_delivery_missed_total',
    'Events that were deleted before a sink had taken them.',
    'sink',
    () => bySink(({ counters }) => counters.missed),
  );
  to.levelBy(
    'framelog_detection_delivery_behind',
    'Events that are still to be delivered, by sink.',
    'sink',
    () => bySink(({ behind }) => behind),
  );
}

function duration(to: Instruments, name: string, what: string, read: () => Durations): void {
  to.count(`framelog_detection_${name}_seconds_total`, `${what}: all of it.`, () => read().totalMs / 1000);
  to.count(`framelog_detection_${name}_count_total`, `${what}: how many times.`, () => read().count);
}
