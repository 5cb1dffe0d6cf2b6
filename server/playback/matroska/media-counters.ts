import { CountersByStream } from '../../counters/counters-by-stream.ts';

/** What consumers of one stream's media got, as CloudWatch counts it (kvs.md §8: `GetMedia.*`). */
export interface MediaCounters {
  outgoingBytes: number;
  outgoingFragments: number;
  outgoingFrames: number;
  /** "Time difference between the current server time stamp and the server time stamp of the last fragment sent"; a level. */
  millisBehindNow: number;
  /** Connections that were refused, or cut since the consumer did not take what it asked for. */
  connectionErrors: number;
  /** Fragments that were sent whole ... */
  successes: number;
  /** ... and those that could not be read: told in the media itself. */
  failures: number;
  /** Open connections; a level. */
  connections: number;
}

/** The counters of each stream that had consumers since the start. */
export class MediaCountersByStream extends CountersByStream<MediaCounters> {
  constructor() {
    super(() => ({
      outgoingBytes: 0,
      outgoingFragments: 0,
      outgoingFrames: 0,
      millisBehindNow: 0,
      connectionErrors: 0,
      successes: 0,
      failures: 0,
      connections: 0,
    }));
  }
}
