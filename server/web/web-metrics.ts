import { Counter, Gauge, type Registry } from 'prom-client';
import type { FollowerMetrics } from './followers.ts';

/** What the web app counts. */
export interface WebMetrics {
  readonly answers: Counter<'status'>;
  readonly followers: FollowerMetrics;
  readonly recordFollowers: FollowerMetrics;
  readonly eventFollowers: FollowerMetrics;
  readonly longPolls: FollowerMetrics;
}

/** Makes the web app's metrics in the server's registry (docs/metrics.md). */
export function createWebMetrics(registry: Registry): WebMetrics {
  const registers = [registry];
  return {
    answers: new Counter({
      name: 'framelog_web_requests_total',
      help: 'Requests answered by the REST API and the page, by status.',
      labelNames: ['status'],
      registers,
    }),
    followers: {
      now: new Gauge({
        name: 'framelog_event_followers',
        help: 'Clients that follow fragment events now.',
        registers,
      }),
      dropped: new Counter({
        name: 'framelog_event_followers_dropped_total',
        help: 'Followers of fragment events that were dropped: they read too slowly, or the log could not be read.',
        registers,
      }),
    },
    recordFollowers: {
      now: new Gauge({
        name: 'framelog_record_followers',
        help: 'Clients that follow records of data streams as events now.',
        registers,
      }),
      dropped: new Counter({
        name: 'framelog_record_followers_dropped_total',
        help: 'Followers of records that were dropped: they did not read for long, or the stream was deleted or could not be read.',
        registers,
      }),
    },
    eventFollowers: {
      now: new Gauge({
        name: 'framelog_detection_followers',
        help: 'Clients that follow detection events, or what is seen in frames, now.',
        registers,
      }),
      dropped: new Counter({
        name: 'framelog_detection_followers_dropped_total',
        help: 'Followers of detections that were dropped: they did not read for long, or too slowly.',
        registers,
      }),
    },
    longPolls: {
      now: new Gauge({
        name: 'framelog_record_long_polls',
        help: 'Reads of a shard that wait for records now: one for each shard of a consumer group that is up to date.',
        registers,
      }),
      dropped: new Counter({
        name: 'framelog_record_long_polls_refused_total',
        help: 'Reads of a shard that were refused since too many wait already.',
        registers,
      }),
    },
  };
}
