import type { Registry } from 'prom-client';
import type {
  LatencyName,
  PutMediaCounters,
  StreamPutMediaCounters,
} from '../ingest/put-media/put-media-counters.ts';
import { Instruments } from './instruments.ts';

/** Makes the metrics that CloudWatch calls `PutMedia.*` (kvs.md §8), by stream. */
export function createPutMediaMetrics(registry: Registry, counters: PutMediaCounters): void {
  const to = new Instruments(registry);
  const count = (name: string, help: string, read: (counters: StreamPutMediaCounters) => number) =>
    to.countBy(`framelog_put_media_${name}_total`, help, 'stream', () => counters.by(read));
  /** Sum and count, as Prometheus has them of times: their quotient is the mean. */
  const time = (name: string, help: string, cloudWatch: string, which: LatencyName) => {
    const named = `${help} (CloudWatch: PutMedia.${cloudWatch})`;
    count(`${name}_seconds`, `Sum of: ${named}.`, (of) => of[which].sumMs / 1000);
    count(`${name}_measured`, `How often was measured: ${named}.`, (of) => of[which].count);
  };

  to.levelBy(
    'framelog_put_media_connections',
    'Sessions of PutMedia now (CloudWatch: PutMedia.ActiveConnections).',
    'stream',
    () => counters.by((of) => of.activeConnections),
  );
  count('incoming_bytes', 'Bytes received (CloudWatch: PutMedia.IncomingBytes).', (of) => of.incomingBytes);
  count(
    'incoming_fragments',
    'Whole fragments received (CloudWatch: PutMedia.IncomingFragments).',
    (of) => of.incomingFragments,
  );
  count(
    'incoming_frames',
    'Frames received (CloudWatch: PutMedia.IncomingFrames).',
    (of) => of.incomingFrames,
  );
  count(
    'connection_errors',
    'Sessions that the producer broke off (CloudWatch: PutMedia.ConnectionErrors).',
    (of) => of.connectionErrors,
  );
  count('error_acks', 'ERROR acknowledgements (CloudWatch: PutMedia.ErrorAckCount).', (of) => of.errorAcks);
  time(
    'fragment_ingestion',
    "from a fragment's first byte to its last",
    'FragmentIngestionLatency',
    'fragmentIngestion',
  );
  time(
    'fragment_persist',
    "from a fragment's last byte until it is durable",
    'FragmentPersistLatency',
    'fragmentPersist',
  );
  time('buffering_ack', "from a fragment's first byte to BUFFERING", 'BufferingAckLatency', 'bufferingAck');
  time('received_ack', "from a fragment's last byte to RECEIVED", 'ReceivedAckLatency', 'receivedAck');
  time('persisted_ack', "from a fragment's last byte to PERSISTED", 'PersistedAckLatency', 'persistedAck');
}
