import type { Registry } from 'prom-client';
import type { SessionCounters } from '../playback/session/session-counters.ts';
import { Instruments } from './instruments.ts';

/** Puts the metrics of HLS and DASH streaming sessions into the server's registry. */
export function createSessionMetrics(registry: Registry, counters: SessionCounters): void {
  const instruments = new Instruments(registry);
  instruments.countBy(
    'framelog_streaming_sessions_total',
    'Streaming sessions that AWS clients asked for and got, by protocol.',
    'protocol',
    () => counters.created,
  );
  instruments.countBy(
    'framelog_streaming_session_responses_total',
    'Playlists, manifests and media that players of streaming sessions got, by the name that CloudWatch gives the call.',
    'api',
    () => counters.answered,
  );
  instruments.countBy(
    'framelog_streaming_session_seconds_total',
    'Time to answer these calls, by the same name: divided by their number, the mean that CloudWatch calls Latency.',
    'api',
    () => counters.answeredMs,
  );
  instruments.countBy(
    'framelog_streaming_session_refused_total',
    'Calls of players of streaming sessions that were refused, by error.',
    'code',
    () => counters.refused,
  );
  instruments.countBy(
    'framelog_ts_segments_total',
    'MPEG-TS segments for players: muxed, or copied from one that another player had asked for.',
    'source',
    () => ({ muxed: counters.tsMuxed, cache: counters.tsCached }),
  );
}
