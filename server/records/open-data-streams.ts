import type { Logger } from 'pino';
import { LocalByteStore } from '../../fragments/log/local-byte-store.ts';
import type { SyncGroup } from '../../fragments/log/sync-group.ts';
import type { RecordCatalog } from '../catalog/record-catalog.ts';
import { DataStreams } from './data-streams.ts';
import type { RecordLogEvent } from './log/record-log-options.ts';
import { RecordStore } from './log/record-store.ts';

export interface OpenDataStreamsOptions {
  readonly dataDir: string;
  readonly catalog: RecordCatalog;
  /** That of the video logs: they lie on the same disk. */
  readonly syncGroup: SyncGroup;
  readonly syncWithinMs: number;
  readonly fileMaxBytes: number;
  readonly enforceLimits: boolean;
  readonly maxConsumersPerStream: number;
  /** The disk is full: frees space, answers how many bytes. */
  readonly onDiskFull: () => Promise<number>;
  readonly logger: Logger;
}

/** The data streams of a data directory, with their store: what happens to them is logged. */
export function openDataStreams(options: OpenDataStreamsOptions): {
  readonly records: DataStreams;
  readonly recordStore: RecordStore;
} {
  const { dataDir, syncGroup, syncWithinMs, fileMaxBytes, onDiskFull, logger } = options;
  const recordStore = new RecordStore({
    store: new LocalByteStore(dataDir),
    syncGroup,
    syncWithinMs,
    fileMaxBytes,
    onDiskFull,
    onEvent: (event) => logRecordEvent(logger, event),
  });
  const records = new DataStreams({
    catalog: options.catalog,
    store: recordStore,
    enforceLimits: options.enforceLimits,
    maxConsumersPerStream: options.maxConsumersPerStream,
    onEvent: (event) => {
      if (event.type === 'failed') {
        logger.error({ stream: event.stream, err: event.error }, `data stream: ${event.what} failed`);
      } else logger.info(event, 'split a hot shard');
    },
  });
  return { records, recordStore };
}

function logRecordEvent(logger: Logger, event: RecordLogEvent): void {
  switch (event.type) {
    case 'deleted':
      logger.debug(event, 'expired records were deleted');
      return;
    case 'torn-tail':
    case 'rebuilt':
      logger.warn(event, `record log: ${event.type}`);
      return;
    default:
      logger.error(event, `record log: ${event.type}`);
  }
}
