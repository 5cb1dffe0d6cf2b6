import { newCounters } from '../../ml/supervisor/supervisor-counters.ts';
import { createAwsMetrics } from '../../server/aws/aws-metrics.ts';
import { newMediaTotals } from '../../server/aws/kinesis-video/media-parts.ts';
import { configSchema } from '../../server/config/schema.ts';
import { newFaceWatchCounters } from '../../server/faces/face-watch.ts';
import { newHttpCounters } from '../../server/http/http-counters.ts';
import { PutMediaCounters } from '../../server/ingest/put-media/put-media-counters.ts';
import { createRtmpCounters } from '../../server/ingest/rtmp/rtmp-counters.ts';
import { cloudWatchTable, createConsumedMetrics } from '../../server/observe/cloudwatch-metrics.ts';
import { createDeliveryMetrics } from '../../server/observe/delivery-metrics.ts';
import { createDetectionMetrics } from '../../server/observe/detection-metrics.ts';
import { createEventCounters } from '../../server/observe/event-counters.ts';
import { createFaceMetrics } from '../../server/observe/face-metrics.ts';
import { createGroupMetrics } from '../../server/observe/group-metrics.ts';
import { createLookbackMetrics } from '../../server/observe/lookback-metrics.ts';
import { createMediaMetrics } from '../../server/observe/media-metrics.ts';
import { createMetrics } from '../../server/observe/metrics.ts';
import { createNotifyMetrics } from '../../server/observe/notify-metrics.ts';
import { createProcessorMetrics } from '../../server/observe/processor-metrics.ts';
import { createPutMediaMetrics } from '../../server/observe/put-media-metrics.ts';
import { createRecordMetrics } from '../../server/observe/record-metrics.ts';
import { createSessionMetrics } from '../../server/observe/session-metrics.ts';
import { createSignalingMetrics } from '../../server/observe/signaling-metrics.ts';
import { createWholeFileMetrics } from '../../server/observe/whole-file-metrics.ts';
import { wholeFilesSettingsOf } from '../../server/part-settings.ts';
import { ConsumedFragments } from '../../server/playback/consumed-fragments.ts';
import { newHlsCounters } from '../../server/playback/hls/hls-counters.ts';
import { newSessionCounters } from '../../server/playback/session/session-counters.ts';
import { WholeFiles } from '../../server/playback/whole-files.ts';
import { newGroupTotals } from '../../server/records/groups/consumer-group.ts';
import { RecordCounters } from '../../server/records/record-counters.ts';
import { newSignalingCounters } from '../../server/signaling/signaling-counters.ts';
import { createWebMetrics } from '../../server/web/web-metrics.ts';

const HEAD = `# Metrics

\`GET /metrics\` answers in the Prometheus text format. From this machine it needs no key; from elsewhere an admin key
(\`Authorization: Bearer <secret>\`). Values are read from memory when they are scraped: a scrape costs the same whatever the archive
holds.

What to alert on: \`framelog_fragments_lost_total\` above 0; \`framelog_stream_pending_bytes\` that grows (the disk is too slow);
\`framelog_http_failures_total\` and \`framelog_rtmp_protocol_errors_total\` that jump; a camera's \`framelog_stream_bitrate_bps\` at 0.

This page is made from the server's registry by \`node test/docs/write-docs.ts\`.
`;

const CLOUDWATCH = `## For those who know the names of CloudWatch

Latencies are sums and counts: their quotient is the mean. \`<Operation>.Requests\` and \`.Latency\` of operations that answer at once are
\`framelog_aws_call_seconds\` with the label \`operation\`, their \`.Success\` is what \`framelog_aws_errors_total\` leaves of them; those of
\`GetHLSMediaPlaylist\` and the other calls of players are \`framelog_streaming_session_responses_total\` and
\`framelog_streaming_session_seconds_total\` with the label \`api\`. Streams are told apart by the label \`stream\`: the first 1000, as long as they exist.
`;

/** No metric is read while they are described. */
function noValues(): never {
  throw new Error('a description reads no values');
}

/** The text of docs/metrics.md. */
export function documentMetrics(): string {
  const registry = createMetrics({
    version: '',
    events: createEventCounters(),
    http: newHttpCounters(),
    rtmp: createRtmpCounters(),
    hls: { counters: newHlsCounters(), waiting: 0 },
    log: noValues,
    writers: noValues,
    openStreams: () => [],
    nowMs: () => 0,
  });
  createPutMediaMetrics(registry, new PutMediaCounters());
  createMediaMetrics(registry, newMediaTotals());
  createSessionMetrics(registry, newSessionCounters());
  createConsumedMetrics(registry, new ConsumedFragments());
  createDeliveryMetrics(registry, {
    webhooks: { counters: { delivered: 0, failed: 0, refused: 0 } },
    mqtt: undefined,
  });
  createLookbackMetrics(registry, {
    counters: { ended: { done: 0, cancelled: 0, failed: 0 }, frames: 0 },
    running: 0,
    waiting: 0,
  });
  createDetectionMetrics(registry, {
    supervisor: {
      counters: newCounters(),
      get levels() {
        return noValues();
      },
    },
    service: { counters: { results: 0, fellBehind: 0, readErrors: 0 } },
    events: { size: 0, lastSeq: 0 },
    commits: { counters: { commits: 0, failed: 0, refused: 0 } },
    sinks: { states: noValues },
    sweeper: { deleted: 0 },
  });
  createFaceMetrics(registry, {
    galleries: { size: 0, counters: { matches: 0, unreadable: 0 } },
    counters: newFaceWatchCounters(),
  });
  createProcessorMetrics(registry, {
    processors: { counts: noValues },
    outbox: { counters: { delivered: 0, retried: 0, dropped: 0 }, waiting: noValues },
  });
  createSignalingMetrics(registry, { counters: newSignalingCounters(), heldBytes: 0 });
  createWholeFileMetrics(registry, new WholeFiles(wholeFilesSettingsOf(configSchema.parse({})), () => 0));
  createNotifyMetrics(registry, {
    counters: { notifications: 0, images: 0, imagesFailed: 0 },
    deliveries: { counters: { delivered: 0, retried: 0, failed: 0, dropped: 0 }, waiting: 0 },
  });
  createRecordMetrics(registry, { counters: new RecordCounters(), levels: noValues, store: noValues });
  createGroupMetrics(registry, { totals: newGroupTotals(), levels: noValues }, noValues);
  createWebMetrics(registry);
  createAwsMetrics(registry, noValues);
  const metrics = registry.getMetricsAsArray();
  const rows = metrics.map((metric) => {
    const labels = 'labelNames' in metric ? (metric.labelNames as readonly string[]) : [];
    const shownLabels = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${metric.name}\` | ${metric.type} | ${shownLabels} | ${metric.help.replaceAll('|', '\\|')} |`;
  });
  const table = `| metric | type | labels | what it is |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  return `${HEAD}\n${table}\n${CLOUDWATCH}\n${cloudWatchTable(metrics)}`;
}
