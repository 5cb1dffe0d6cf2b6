import { Registry } from 'prom-client';
import type { HttpCounters } from '../http/http-counters.ts';
import type { RtmpCounters } from '../ingest/rtmp/rtmp-counters.ts';
import type { OpenStream } from '../streams/stream-service.ts';
import type { EventCounters } from './event-counters.ts';
import { Instruments } from './instruments.ts';
import { registerProcess } from './process-metrics.ts';
import { readStreamLevels, type StreamLevels } from './stream-levels.ts';

/** The state that metrics are read from when they are scraped. */
export interface MetricSources {
  readonly version: string;
  readonly events: EventCounters;
  readonly http: HttpCounters;
  readonly rtmp: RtmpCounters;
  /** The streams that are open, at each scrape. */
  readonly openStreams: () => Iterable<OpenStream>;
  readonly nowMs: () => number;
}

/** All metrics of the server, each described in docs/metrics.md (made by document-metrics.ts). */
export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  const instruments = new Instruments(registry);
  instruments.levelBy(
    'framelog_build_info',
    'Always 1; the label tells the version of Framelog.',
    'version',
    () => ({
      [sources.version]: 1,
    }),
  );
  registerFragments(instruments, sources);
  registerStreams(instruments, sources);
  registerRtmp(instruments, sources.rtmp);
  registerHttp(instruments, sources.http);
  registerProcess(instruments);
  return registry;
}

function registerFragments(to: Instruments, { events }: MetricSources): void {
  to.countBy(
    'framelog_fragments_total',
    'Fragments by what happened to them: received (complete in memory), persisted (as durable as log.sync asks), lost.',
    'event',
    () => events.fragments,
  );
  to.count(
    'framelog_fragment_persisted_bytes_total',
    'Bytes of persisted fragments.',
    () => events.persistedBytes,
  );
  to.countBy(
    'framelog_fragments_lost_total',
    'Fragments that did not get to the disk, by reason. Anything above 0 deserves an alert.',
    'reason',
    () => events.lostFragments,
  );
  to.countBy(
    'framelog_access_refused_total',
    'Credentials that were missing, wrong, expired, or not looked at since their address has guessed too often.',
    'reason',
    () => events.accessRefusals,
  );
}

function registerStreams(to: Instruments, { openStreams, nowMs }: MetricSources): void {
  // One walk over the streams serves all metrics of one scrape: they are collected in the same turn of the event loop.
  let levels: StreamLevels | undefined;
  const read = (): StreamLevels => {
    if (levels === undefined) {
      levels = readStreamLevels(openStreams(), nowMs());
      setImmediate(() => {
        levels = undefined;
      });
    }
    return levels;
  };
  to.level('framelog_streams_live', 'Streams that somebody publishes now.', () => read().live);
  to.level(
    'framelog_streams_open',
    'Streams whose log is open: published or viewed since the start.',
    () => read().open,
  );
  const byStream = 'Labelled by stream for the first 1000 open ones, the rest in one sum.';
  to.levelBy(
    'framelog_stream_bitrate_bps',
    `Media received, bits a second over 5 s. ${byStream}`,
    'stream',
    () => read().bitrateBps,
  );
  to.levelBy(
    'framelog_stream_video_fps',
    `Video frames a second over 5 s. ${byStream}`,
    'stream',
    () => read().videoFps,
  );
  to.levelBy(
    'framelog_stream_viewers',
    `Viewers of the last seconds. ${byStream}`,
    'stream',
    () => read().viewers,
  );
  to.levelBy(
    'framelog_stream_pending_bytes',
    `Bytes in memory that wait for the disk; near log.backlogBytesPerStream a gap is near. ${byStream}`,
    'stream',
    () => read().pendingBytes,
  );
  to.levelBy(
    'framelog_stream_stored_bytes',
    `Bytes of the log files. ${byStream}`,
    'stream',
    () => read().storedBytes,
  );
}

function registerRtmp(to: Instruments, rtmp: RtmpCounters): void {
  to.levelBy('framelog_rtmp_connections', 'Open RTMP connections by what they do.', 'role', () => ({
    publisher: rtmp.publishers,
    player: rtmp.players,
    undecided: rtmp.connections - rtmp.publishers - rtmp.players,
  }));
  to.count('framelog_rtmp_accepted_total', 'Accepted RTMP connections.', () => rtmp.acceptedConnections);
  to.count('framelog_rtmp_received_bytes_total', 'Bytes received over RTMP.', () => rtmp.receivedBytes);
  to.count('framelog_rtmp_publications_total', 'Publications that were begun.', () => rtmp.publications);
  to.countBy(
    'framelog_rtmp_closed_total',
    'RTMP connections closed by the server, by reason; protocol errors are counted apart.',
    'reason',
    () => ({
      'too-many': rtmp.refusedConnections,
      displaced: rtmp.displacedConnections,
      'stream-refused': rtmp.refusedStreams,
      'handshake-timeout': rtmp.handshakeTimeouts,
      'idle-timeout': rtmp.idleTimeouts,
      'stalled-reader': rtmp.stalledReaders,
    }),
  );
  to.countBy(
    'framelog_rtmp_protocol_errors_total',
    'RTMP connections closed for a violation of the protocol, by kind.',
    'kind',
    () => rtmp.protocolErrors,
  );
  to.countBy(
    'framelog_rtmp_skipped_messages_total',
    'RTMP media messages that were not stored, by reason.',
    'reason',
    () => ({
      'no-publication': rtmp.ignoredMessages,
      'further-track': rtmp.skippedTrackPackets,
      unsupported: rtmp.unsupportedPackets,
      'no-decoder-config': rtmp.unconfiguredPackets,
      malformed: rtmp.badTags,
    }),
  );
  to.count(
    'framelog_rtmp_player_skips_total',
    'Times an RTMP player fell behind and was moved on.',
    () => rtmp.playerSkips,
  );
}

function registerHttp(to: Instruments, http: HttpCounters): void {
  to.level('framelog_http_connections', 'Open connections of the HTTP port.', () => http.connections);
  to.count(
    'framelog_http_connections_refused_total',
    'HTTP connections refused since too many were open.',
    () => http.connectionsRefused,
  );
  to.count('framelog_http_requests_total', 'HTTP requests.', () => http.requests);
  to.count(
    'framelog_http_bad_requests_total',
    'Requests that were not HTTP or named no URL.',
    () => http.badRequests,
  );
  to.count(
    'framelog_http_failures_total',
    'Requests that failed inside the server; each has a log line.',
    () => http.failures,
  );
  to.countBy(
    'framelog_http_viewers_dropped_total',
    'Responses cut before their end, by reason.',
    'reason',
    () => ({
      slow: http.slowViewersDropped,
      'went-away': http.aborted,
    }),
  );
  to.countBy(
    'framelog_http_media_bytes_total',
    'Media bytes sent to viewers, by where they came from.',
    'source',
    () => ({
      memory: http.hotBytes,
      disk: http.coldBytes,
    }),
  );
}
