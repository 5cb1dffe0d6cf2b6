import { Registry } from 'prom-client';
import type { LogStoreStats } from '../../fragments/stream/log-options.ts';
import type { WriterCounters } from '../../fragments/stream/stream-writer.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import type { RtmpCounters } from '../ingest/rtmp/rtmp-counters.ts';
import type { HlsCounters } from '../playback/hls/hls-counters.ts';
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
  readonly hls: { readonly counters: HlsCounters; readonly waiting: number };
  readonly log: () => LogStoreStats;
  readonly writers: () => WriterCounters;
  /** The streams that are open, at each scrape. */
  readonly openStreams: () => Iterable<OpenStream>;
  readonly nowMs: () => number;
}

/** All metrics of the server, each described in docs/metrics.md (made by test/docs/document-metrics.ts). */
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
  registerWriters(instruments, sources.writers);
  registerLog(instruments, sources.log);
  registerRtmp(instruments, sources.rtmp);
  registerHttp(instruments, sources.http);
  registerHls(instruments, sources.hls);
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

function registerWriters(to: Instruments, writers: MetricSources['writers']): void {
  to.countBy(
    'framelog_samples_mended_total',
    'Samples that were stored otherwise than they came: dts moved forward (nudged), time made up (made-up), behind another track (late).',
    'reason',
    () => {
      const { nudged, madeUp, late } = writers();
      return { nudged, 'made-up': madeUp, late };
    },
  );
  to.countBy(
    'framelog_samples_dropped_total',
    'Samples that are not stored: before the first key frame, or of a track that was never declared.',
    'reason',
    () => {
      const { droppedBeforeKey, unknownTrack } = writers();
      return { 'before-key': droppedBeforeKey, 'unknown-track': unknownTrack };
    },
  );
  to.countBy(
    'framelog_runs_begun_total',
    'Discontinuities that a producer caused: a jump of its timestamps, another decoder configuration.',
    'reason',
    () => {
      const { jumps, configChanges } = writers();
      return { jump: jumps, config: configChanges };
    },
  );
  to.countBy(
    'framelog_interleave_waits_ended_total',
    'A silent track was waited for no longer: its time was up, or too many bytes waited.',
    'reason',
    () => {
      const { silences, overflows } = writers();
      return { silence: silences, bytes: overflows };
    },
  );
}

function registerLog(to: Instruments, log: MetricSources['log']): void {
  to.level(
    'framelog_log_backlog_bytes',
    'Media of all streams in memory that waits for the disk; its bound is log.backlogBytes.',
    () => log().backlogBytes,
  );
  to.count(
    'framelog_log_backlog_refusals_total',
    'Chunks refused since a backlog was full; each is a gap.',
    () => log().backlogRefusals,
  );
  to.count(
    'framelog_log_write_failures_total',
    'Writes and syncs that the disk refused.',
    () => log().writeFailures,
  );
  to.count(
    'framelog_log_sync_rounds_total',
    'Sync rounds over all files that had new bytes.',
    () => log().syncRounds,
  );
  to.level(
    'framelog_log_last_sync_seconds',
    'How long the last sync round took: the disk itself.',
    () => log().lastSyncRoundMs / 1000,
  );
  to.level('framelog_log_dirty_files', 'Files with bytes that are not synced yet.', () => log().dirtyFiles);
  to.level('framelog_log_open_files', 'Log files open for reading.', () => log().openFiles);
  to.count('framelog_log_deleted_files_total', 'Log files deleted by retention.', () => log().deletedFiles);
  to.count('framelog_log_deleted_bytes_total', 'Bytes deleted by retention.', () => log().deletedBytes);
  to.level(
    'framelog_log_held_bytes',
    'Bytes deleted, and still on the disk since somebody reads them.',
    () => log().heldBytes,
  );
  to.count(
    'framelog_log_damaged_ranges_total',
    'Stretches of log files whose checksum is wrong, found since the start.',
    () => log().damagedRanges,
  );
  to.count(
    'framelog_log_moved_files_total',
    'Log files moved to the warm directory.',
    () => log().movedFiles,
  );
  to.count('framelog_log_moved_bytes_total', 'Bytes moved to the warm directory.', () => log().movedBytes);
  to.count(
    'framelog_log_move_failures_total',
    'Times that files could not be moved to the warm directory; they are tried again.',
    () => log().moveFailures,
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
      challenged: rtmp.challenges,
      'user-refused': rtmp.refusedUsers,
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
  to.count('framelog_http_upgrades_total', 'Requests to change to WebSocket.', () => http.upgrades);
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

function registerHls(to: Instruments, hls: MetricSources['hls']): void {
  const { counters } = hls;
  to.countBy(
    'framelog_hls_responses_total',
    'Playlists and media that were served, by kind.',
    'kind',
    () => ({
      playlist: counters.playlists,
      part: counters.parts,
      'segment-from-memory': counters.hotSegments,
      'segment-from-disk': counters.coldSegments,
      init: counters.inits,
    }),
  );
  to.level('framelog_hls_waiting', 'Requests that wait for the live edge now.', () => hls.waiting);
  to.count('framelog_hls_waits_total', 'Requests that had to wait for the live edge.', () => counters.waits);
  to.count(
    'framelog_hls_overdue_total',
    'Requests that waited in vain and got a 503.',
    () => counters.overdue,
  );
  to.countBy(
    'framelog_hls_refused_total',
    'Playback requests that were refused, by code.',
    'code',
    () => counters.refused,
  );
}
