import { CountersByStream } from '../../counters/counters-by-stream.ts';

/** A time that is measured again and again. */
export interface Latency {
  count: number;
  sumMs: number;
}

/** What CloudWatch counts of PutMedia for one stream (kvs.md §8), times in ms. */
export interface StreamPutMediaCounters {
  incomingBytes: number;
  incomingFragments: number;
  incomingFrames: number;
  activeConnections: number;
  /** Sessions that the producer broke off. */
  connectionErrors: number;
  errorAcks: number;
  /** From a fragment's first byte to its last. */
  readonly fragmentIngestion: Latency;
  /** From a fragment's last byte until it is as durable as log.sync asks. */
  readonly fragmentPersist: Latency;
  /** From a fragment's first byte to its BUFFERING. */
  readonly bufferingAck: Latency;
  /** From a fragment's last byte to its RECEIVED, ... */
  readonly receivedAck: Latency;
  /** ... and to its PERSISTED. */
  readonly persistedAck: Latency;
}

/** The names of the times. */
export type LatencyName = {
  [Name in keyof StreamPutMediaCounters]: StreamPutMediaCounters[Name] extends Latency ? Name : never;
}[keyof StreamPutMediaCounters];

/** Counters by stream. */
export class PutMediaCounters extends CountersByStream<StreamPutMediaCounters> {
  constructor() {
    super(newCounters);
  }
}

export function measure(latency: Latency, ms: number): void {
  latency.count++;
  latency.sumMs += Math.max(0, ms);
}

function newCounters(): StreamPutMediaCounters {
  const latency = (): Latency => ({ count: 0, sumMs: 0 });
  return {
    incomingBytes: 0,
    incomingFragments: 0,
    incomingFrames: 0,
    activeConnections: 0,
    connectionErrors: 0,
    errorAcks: 0,
    fragmentIngestion: latency(),
    fragmentPersist: latency(),
    bufferingAck: latency(),
    receivedAck: latency(),
    persistedAck: latency(),
  };
}
