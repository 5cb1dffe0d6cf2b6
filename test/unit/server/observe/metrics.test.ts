import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { LogStoreStats } from '../../../../fragments/stream/log-options.ts';
import { MAX_LABELLED_STREAMS, OTHER_STREAMS } from '../../../../server/counters/labelled-streams.ts';
import { newHttpCounters } from '../../../../server/http/http-counters.ts';
import { createRtmpCounters } from '../../../../server/ingest/rtmp/rtmp-counters.ts';
import { countFragment, createEventCounters } from '../../../../server/observe/event-counters.ts';
import { createMetrics, type MetricSources } from '../../../../server/observe/metrics.ts';
import { newHlsCounters } from '../../../../server/playback/hls/hls-counters.ts';
import type { FragmentEvent, LiveState, OpenStream } from '../../../../server/streams/stream-service.ts';
import { WriterTotals } from '../../../../server/streams/writer-totals.ts';
import { documentMetrics } from '../../../docs/document-metrics.ts';

/** An open stream as far as metrics look at it. */
function openStream(name: string, live: Partial<LiveState>): OpenStream {
  return {
    record: { name },
    log: { pendingBytes: 10, sizeBytes: 1000 },
    live: () => ({ publisher: undefined, bitrateBps: 0, videoFps: 0, viewers: 0, ...live }),
  } as unknown as OpenStream;
}

const logStats: LogStoreStats = {
  syncRounds: 1,
  lastSyncRoundMs: 1500,
  dirtyFiles: 2,
  backlogBytes: 3,
  backlogRefusals: 4,
  writeFailures: 5,
  openFiles: 6,
  openStreams: 7,
  deletedFiles: 8,
  deletedBytes: 9,
  heldBytes: 10,
  damagedRanges: 11,
  movedFiles: 12,
  movedBytes: 13,
  moveFailures: 14,
};

function setUp(streams: readonly OpenStream[] = []) {
  let walks = 0;
  const sources: MetricSources = {
    version: '1.2.3',
    events: createEventCounters(),
    http: newHttpCounters(),
    rtmp: createRtmpCounters(),
    hls: { counters: newHlsCounters(), waiting: 0 },
    log: () => logStats,
    writers: () => new WriterTotals().with([]),
    openStreams: () => {
      walks++;
      return streams;
    },
    nowMs: () => 0,
  };
  const registry = createMetrics(sources);
  return { sources, registry, walks: () => walks };
}

const publisher = { protocol: 'rtmp', remoteAddress: '::1', sinceMs: 0 } as const;

describe('metrics', () => {
  it('tell the state at the time of the scrape, each time anew', async () => {
    const { sources, registry } = setUp();
    const event: FragmentEvent = {
      type: 'persisted',
      stream: 'cam',
      number: '',
      ordinal: 0,
      producerMs: 0,
      serverMs: 0,
      durationMs: 0,
      sizeBytes: 500,
    };
    countFragment(sources.events, event);
    countFragment(sources.events, { ...event, type: 'lost', reason: 'disk-full' });
    countFragment(sources.events, { ...event, type: 'lost' });
    sources.http.requests = 7;
    sources.hls.counters.refused['not-found'] = 3;
    sources.rtmp.connections = 5;
    sources.rtmp.publishers = 3;
    sources.rtmp.protocolErrors['bad-chunk'] = 2;
    for (let scrape = 0; scrape < 2; scrape++) {
      const text = await registry.metrics();
      for (const line of [
        'framelog_build_info{version="1.2.3"} 1',
        'framelog_fragments_total{event="persisted"} 1',
        'framelog_fragments_total{event="lost"} 2',
        'framelog_fragment_persisted_bytes_total 500',
        'framelog_fragments_lost_total{reason="disk-full"} 1',
        'framelog_fragments_lost_total{reason="unknown"} 1',
        'framelog_http_requests_total 7',
        'framelog_hls_refused_total{code="not-found"} 3',
        'framelog_log_last_sync_seconds 1.5',
        'framelog_log_damaged_ranges_total 11',
        'framelog_rtmp_connections{role="publisher"} 3',
        'framelog_rtmp_connections{role="undecided"} 2',
        'framelog_rtmp_protocol_errors_total{kind="bad-chunk"} 2',
      ]) {
        assert.ok(text.includes(`${line}\n`), line);
      }
    }
  });

  it('tell each open stream, and forget one that was closed', async () => {
    const streams = [openStream('a', { publisher, bitrateBps: 4e6, viewers: 2 }), openStream('b', {})];
    const { registry, walks } = setUp(streams);
    const text = await registry.metrics();
    assert.ok(text.includes('framelog_stream_bitrate_bps{stream="a"} 4000000\n'));
    assert.ok(text.includes('framelog_stream_viewers{stream="a"} 2\n'));
    assert.ok(text.includes('framelog_stream_pending_bytes{stream="b"} 10\n'));
    assert.ok(text.includes('framelog_streams_live 1\n'));
    assert.ok(text.includes('framelog_streams_open 2\n'));
    assert.equal(walks(), 1, 'one walk a scrape');
    streams.pop();
    await new Promise(setImmediate);
    assert.ok(!(await registry.metrics()).includes('stream="b"'));
  });

  it('stay bounded with very many streams', async () => {
    const streams = Array.from({ length: MAX_LABELLED_STREAMS + 50 }, (_, index) =>
      openStream(`s${index}`, { viewers: 1 }),
    );
    const text = await setUp(streams).registry.metrics();
    assert.ok(text.includes(`framelog_stream_viewers{stream="${OTHER_STREAMS}"} 50\n`));
    assert.equal(text.match(/^framelog_stream_viewers\{/gm)?.length, MAX_LABELLED_STREAMS + 1);
  });

  it('follow the naming rules of Prometheus', async () => {
    for (const { name, help, type } of await setUp().registry.getMetricsAsJSON()) {
      assert.match(name, /^(framelog|process|nodejs)_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), String(type) === 'counter', name);
      assert.match(help, /\.$/, name);
    }
  });

  it('are all documented: else run `node test/docs/write-docs.ts`', () => {
    const page = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8');
    assert.equal(page, documentMetrics());
  });
});
