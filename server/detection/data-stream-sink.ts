import { RecordError, type RecordService, type RecordToPut } from '../records/record-service.ts';
import { type EventSink, SinkError } from './event-sink.ts';
import type { StoredEvent } from './event-store.ts';

/** As many as PutRecords takes. */
const BATCH = 500;
/** A data stream that is made for events: those who read them may be away for a week. */
const RETENTION_HOURS = 168;

export interface DataStreamSinkOptions {
  readonly records: Pick<RecordService, 'stream' | 'create' | 'putMany'>;
  /** Where the events of a stream go; `null`: nowhere. */
  readonly dataStreamOf: (stream: string) => string | null;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Puts events into data streams of this server, as JSON, with the name of their video stream as partition key: those of one
 * camera are in one shard, in order. A data stream that there is not is made.
 */
export class DataStreamSink implements EventSink {
  readonly name = 'data-stream';
  readonly batchSize = BATCH;
  readonly #options: DataStreamSinkOptions;

  constructor(options: DataStreamSinkOptions) {
    this.#options = options;
  }

  async deliver(events: readonly StoredEvent[]): Promise<void> {
    const byDataStream = Map.groupBy(events, ({ event }) => this.#options.dataStreamOf(event.stream));
    const puts = Array.from(byDataStream, ([dataStream, some]) =>
      dataStream === null ? undefined : this.#put(dataStream, some),
    );
    const failed = (await Promise.allSettled(puts)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  async #put(dataStream: string, events: readonly StoredEvent[]): Promise<void> {
    const { records, now } = this.#options;
    try {
      if (records.stream(dataStream) === undefined) {
        records.create(
          dataStream,
          { mode: 'PROVISIONED', shardCount: 1, retentionHours: RETENTION_HOURS },
          now(),
        );
      }
      const results = await records.putMany(dataStream, events.map(recordOf), now());
      const failure = results.find((result) => result instanceof RecordError);
      if (failure !== undefined) throw failure;
    } catch (cause) {
      if (!(cause instanceof RecordError)) throw cause;
      throw new SinkError(`data stream ${dataStream}: ${cause.message}`, {
        cause,
        isFinal: cause.code === 'invalid-argument',
      });
    }
  }
}

function recordOf({ event }: StoredEvent): RecordToPut {
  return { partitionKey: event.stream, data: Buffer.from(JSON.stringify(event)) };
}
