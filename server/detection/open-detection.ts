import type { Logger } from 'pino';
import type { Clock } from '../../fragments/log/clock.ts';
import type { DetectionSupervisor } from '../../ml/supervisor/supervisor.ts';
import { watchSettingsSchema } from '../../ml/watch/watch-settings.ts';
import type { ConfigurationCatalog } from '../catalog/configuration-catalog.ts';
import type { RecordService } from '../records/record-service.ts';
import type { StreamService } from '../streams/stream-service.ts';
import { CommitQueue } from './commit-queue.ts';
import { DataStreamSink } from './data-stream-sink.ts';
import { eventsPath } from './event-schema.ts';
import { EventSweeper } from './event-sweeper.ts';
import { SinkRunner } from './sink-runner.ts';
import { SqliteEventStore } from './sqlite-event-store.ts';
import { StreamDetection, type StreamDetectionOptions } from './stream-detection.ts';

/** Closing waits so long for sinks. */
const DRAIN_MS = 5000;

export interface DetectionSettings {
  readonly defaultTier: string;
  readonly dataStream: string | null;
  readonly retentionHours: number | null;
  readonly maxEvents: number;
}

export interface OpenDetectionOptions {
  readonly dataDir: string;
  readonly settings: DetectionSettings;
  readonly supervisor: DetectionSupervisor;
  readonly streams: Pick<StreamService, 'peek' | 'record'>;
  readonly configurations: ConfigurationCatalog;
  readonly records: Pick<RecordService, 'stream' | 'create' | 'putMany'>;
  readonly eventsOf?: StreamDetectionOptions['eventsOf'];
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Detection on this server: who watches, what was seen, and where it goes. */
export interface Detection {
  readonly service: StreamDetection;
  readonly events: SqliteEventStore;
  readonly commits: CommitQueue;
  /** Delivers events; further sinks are added to it. */
  readonly sinks: SinkRunner;
  readonly sweeper: EventSweeper;
  /** Events are stored. */
  readonly isHealthy: boolean;
  /** Takes up what the last end of the server has broken off. */
  start(): void;
  /** Keeps what is known, delivers what was said, closes the store. The supervisor goes too. */
  close(): Promise<void>;
}

/** Throws CatalogError `damaged` or `too-new`. */
export function openDetection(options: OpenDetectionOptions): Detection {
  const { dataDir, settings, supervisor, streams, configurations, records, eventsOf, clock, logger } =
    options;
  const events = SqliteEventStore.open(eventsPath(dataDir));
  const commits = new CommitQueue({ store: events, clock, logger });
  const service = new StreamDetection({
    supervisor,
    store: events,
    commits,
    streams,
    configurations,
    defaults: {
      settings: watchSettingsSchema.parse({ tier: settings.defaultTier }),
      dataStream: settings.dataStream,
    },
    eventsOf,
    clock,
    logger,
  });
  const sinks = new SinkRunner({ store: events, drainMs: DRAIN_MS, clock, logger });
  const sweeper = new EventSweeper({ ...settings, store: events, streams, clock, logger });
  return {
    service,
    events,
    commits,
    sinks,
    sweeper,
    get isHealthy() {
      return commits.isHealthy;
    },
    start() {
      const dataStreamOf = (stream: string) => service.dataStreamOf(stream);
      sinks.add(new DataStreamSink({ records, dataStreamOf, now: () => clock.nowMs() }));
      service.start();
      sweeper.start();
    },
    async close() {
      service.close();
      commits.close();
      await supervisor.close();
      await sweeper.close();
      await sinks.close();
      events.close();
    },
  };
}
