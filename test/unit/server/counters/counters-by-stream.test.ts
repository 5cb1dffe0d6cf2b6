import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { CountersByStream } from '../../../../server/counters/counters-by-stream.ts';
import { MAX_LABELLED_STREAMS, OTHER_STREAMS } from '../../../../server/counters/labelled-streams.ts';
import { cloudWatchTable, createConsumedMetrics } from '../../../../server/observe/cloudwatch-metrics.ts';
import { ConsumedFragments } from '../../../../server/playback/consumed-fragments.ts';
import { countAnswer, newSessionCounters } from '../../../../server/playback/session/session-counters.ts';
import { documentMetrics } from '../../../docs/document-metrics.ts';

describe('counters by stream', () => {
  it('are bounded: what is beyond is counted together', () => {
    const counters = new CountersByStream(() => ({ seen: 0 }));
    for (let i = 0; i < MAX_LABELLED_STREAMS + 5; i++) counters.of(`cam${i}`).seen += 1;
    const seen = counters.by((one) => one.seen);
    assert.equal(seen.size, MAX_LABELLED_STREAMS + 1);
    assert.equal(seen.get(OTHER_STREAMS), 5);
  });

  it('are those of streams that exist', () => {
    const counters = new CountersByStream(() => ({ seen: 0 }));
    counters.of('gone').seen += 1;
    counters.of('here').seen += 1;
    counters.forget('gone');
    assert.deepEqual([...counters.by((one) => one.seen)], [['here', 1]]);
  });
});

describe('the names of CloudWatch', () => {
  it('tell what of an archive was consumed', async () => {
    const consumed = new ConsumedFragments();
    const sessions = newSessionCounters(consumed);
    const facts = { stream: 'cam', maxFragments: 5 };
    countAnswer(sessions, 'GetHLSMediaPlaylist', facts, 3);
    countAnswer(sessions, 'GetMP4InitFragment', facts, 1);
    countAnswer(sessions, 'GetMP4MediaFragment', facts, 2);
    countAnswer(sessions, 'GetTSFragment', facts, -1);
    const registry = new Registry();
    createConsumedMetrics(registry, consumed);
    const text = await registry.metrics();
    assert.match(text, /^framelog_archived_fragments_consumed_metadata_total\{stream="cam"\} 5$/m);
    assert.match(text, /^framelog_archived_fragments_consumed_media_total\{stream="cam"\} 2$/m);
    assert.deepEqual([sessions.answered.GetTSFragment, sessions.answeredMs.GetTSFragment], [1, 0]);
  });

  it('stand in a table of their own', () => {
    const help = 'Bytes (CloudWatch: PutMedia.IncomingBytes).';
    assert.match(
      cloudWatchTable([
        { name: 'a_total', help },
        { name: 'b', help: 'none' },
      ]),
      /\| PutMedia\.IncomingBytes \| `a_total` \|\n$/,
    );
    // kvs.md §8
    const put =
      'IncomingBytes IncomingFragments IncomingFrames ActiveConnections ConnectionErrors FragmentIngestionLatency FragmentPersistLatency BufferingAckLatency ReceivedAckLatency PersistedAckLatency ErrorAckCount';
    const get = 'OutgoingBytes OutgoingFragments OutgoingFrames MillisBehindNow ConnectionErrors';
    const page = documentMetrics();
    const names = [
      ...put.split(' ').map((name) => `PutMedia.${name}`),
      ...get.split(' ').map((name) => `GetMedia.${name}`),
      'ArchivedFragmentsConsumed.Metadata',
      'ArchivedFragmentsConsumed.Media',
    ];
    for (const name of names) assert(page.includes(`| ${name} |`), name);
  });
});
