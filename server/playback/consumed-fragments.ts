import { CountersByStream } from '../counters/counters-by-stream.ts';

/** What all consumers of a stream's archive took, in the points of CloudWatch's `ArchivedFragmentsConsumed` (kvs.md §8). */
export interface Consumed {
  /** Fragments that were described: a list or a playlist costs what it could have had. */
  metadata: number;
  /** Fragments whose media was sent or looked at. */
  media: number;
}

/** The points by stream. */
export class ConsumedFragments extends CountersByStream<Consumed> {
  constructor() {
    super(() => ({ metadata: 0, media: 0 }));
  }
}
