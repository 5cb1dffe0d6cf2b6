import { Counter, Gauge, type Registry } from 'prom-client';

/** What the web app counts. */
export interface WebMetrics {
  readonly answers: Counter<'status'>;
  readonly followers: Gauge;
  readonly followersDropped: Counter;
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
    followers: new Gauge({
      name: 'framelog_event_followers',
      help: 'Clients that follow fragment events now.',
      registers,
    }),
    followersDropped: new Counter({
      name: 'framelog_event_followers_dropped_total',
      help: 'Followers of fragment events that were dropped: they read too slowly, or the log could not be read.',
      registers,
    }),
  };
}
