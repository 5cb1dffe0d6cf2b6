import { MAX_LABELLED_STREAMS, OTHER_STREAMS } from '../../observe/stream-levels.ts';

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
export class MediaCountersByStream {
  readonly #byStream = new Map<string, MediaCounters>();

  /** Those of a stream; of all streams together that are too many to be told apart. */
  of(stream: string): MediaCounters {
    const known = this.#byStream.get(stream);
    if (known !== undefined) return known;
    if (this.#byStream.size >= MAX_LABELLED_STREAMS && stream !== OTHER_STREAMS)
      return this.of(OTHER_STREAMS);
    const counters: MediaCounters = {
      outgoingBytes: 0,
      outgoingFragments: 0,
      outgoingFrames: 0,
      millisBehindNow: 0,
      connectionErrors: 0,
      successes: 0,
      failures: 0,
      connections: 0,
    };
    this.#byStream.set(stream, counters);
    return counters;
  }

  /** One of the numbers by stream. */
  values(name: keyof MediaCounters): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#byStream, ([stream, counters]) => [stream, counters[name]]));
  }
}
