import { RecordOutbox, type RecordOutboxOptions } from './record-outbox.ts';
import { StreamProcessors, type StreamProcessorsOptions } from './stream-processors.ts';

export interface ProcessorSettings {
  readonly max: number;
  readonly maxWaitingRecords: number;
  readonly idleSeconds: number;
}

export interface OpenProcessorsOptions
  extends Omit<StreamProcessorsOptions, 'outbox' | 'maxProcessors' | 'idleMs'>,
    Pick<RecordOutboxOptions, 'records'> {
  readonly settings: ProcessorSettings;
}

/** Between tries to put a record into a data stream that does not take it. */
const BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;

/** Stream processors, and what brings their records to data streams. */
export function openProcessors(options: OpenProcessorsOptions): {
  readonly processors: StreamProcessors;
  readonly outbox: RecordOutbox;
} {
  const { settings, catalog, records, logger, clock } = options;
  const outbox = new RecordOutbox({
    catalog,
    records,
    maxWaiting: settings.maxWaitingRecords,
    backoffMs: BACKOFF_MS,
    maxBackoffMs: MAX_BACKOFF_MS,
    logger,
    now: () => clock.nowMs(),
  });
  const processors = new StreamProcessors({
    ...options,
    outbox,
    maxProcessors: settings.max,
    idleMs: settings.idleSeconds * 1000,
  });
  return { processors, outbox };
}
