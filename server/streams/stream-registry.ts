import { KEEP_ALL, type RetentionLimits } from '../../fragments/log/retention.ts';
import type { FragmentLog } from '../../fragments/stream/fragment-log.ts';
import type { OpenLogOptions } from '../../fragments/stream/log-options.ts';
import { isStreamName } from '../../fragments/stream/stream-directory.ts';
import type { StreamSettings } from '../../fragments/stream/stream-settings.ts';
import type { WriterCounters } from '../../fragments/stream/stream-writer.ts';
import {
  CatalogError,
  type LeaseCatalog,
  type StreamCatalog,
  type StreamRecord,
} from '../catalog/catalog.ts';
import type { Tags } from '../catalog/tag-catalog.ts';
import { ManagedStream } from './managed-stream.ts';
import type { FragmentStreams, ProducerFragments, PublishFragmentsRequest } from './producer-fragments.ts';
import { retentionLimits } from './retention-limits.ts';
import { StreamLease } from './stream-lease.ts';
import {
  type FragmentEvent,
  type NewStream,
  type OpenStream,
  type Publication,
  type PublishRequest,
  type StreamChange,
  StreamError,
  type StreamService,
} from './stream-service.ts';
import { WriterTotals } from './writer-totals.ts';

/** What the registry needs of the log store. */
export interface StreamLogs {
  open(stream: string, options?: OpenLogOptions): Promise<FragmentLog>;
  /** Deletes the files of a stream whose log is closed. */
  delete(stream: string): Promise<void>;
}

export interface StreamRegistryOptions {
  readonly catalog: StreamCatalog & LeaseCatalog;
  readonly logs: StreamLogs;
  readonly settings: StreamSettings;
  /** See LeaseOptions.owner. */
  readonly owner: string;
  readonly leaseTtlMs: number;
  /** Streams are made when somebody publishes to their name. */
  readonly autoCreate: boolean;
  /** A second publisher replaces the first, instead of being refused. */
  readonly takeover: boolean;
  readonly maxStreams: number;
  /** What new streams keep when nothing else is asked for. */
  readonly retention: Pick<StreamRecord, 'retentionHours' | 'maxBytes'>;
  readonly now: () => number;
  /** Follows the fragments of all streams, for metrics and log lines. */
  readonly onFragment?: (event: FragmentEvent) => void;
  /** A stream's log was opened: from now on there may be somebody who publishes it. */
  readonly onOpened?: (stream: OpenStream) => void;
  /** A stream and its files are gone. */
  readonly onDeleted?: (stream: string) => void;
  /** A producer's session is over and settled: what it did not take as it came, for a log line. */
  readonly onSessionEnd?: (stream: string, counters: WriterCounters) => void;
}

/** The streams of this server: the catalog's records joined with what is open of them. */
export class StreamRegistry implements StreamService, FragmentStreams {
  readonly #options: StreamRegistryOptions;
  readonly #open = new Map<string, ManagedStream>();
  readonly #opening = new Map<string, Promise<ManagedStream>>();
  readonly #deleting = new Set<string>();
  readonly #totals = new WriterTotals();
  #isClosing = false;

  constructor(options: StreamRegistryOptions) {
    this.#options = options;
  }

  /** What the log of a stream keeps: for the log store to ask. */
  retentionOf(name: string): RetentionLimits {
    const record = this.record(name);
    return record === undefined ? KEEP_ALL : retentionLimits(record);
  }

  /** The streams whose log is open. */
  openStreams(): Iterable<OpenStream> {
    return this.#open.values();
  }

  /** What all sessions since the start did not take as it came, for metrics. */
  writerCounters(): WriterCounters {
    const streams = [...this.#open.values()];
    return this.#totals.with(streams.flatMap((stream) => stream.sessionCounters()));
  }

  list(options?: {
    readonly after?: string;
    readonly limit?: number;
    readonly prefix?: string;
  }): StreamRecord[] {
    return this.#options.catalog.listStreams(options);
  }

  record(name: string): StreamRecord | undefined {
    if (this.#deleting.has(name)) return undefined;
    return this.#open.get(name)?.record ?? this.#options.catalog.stream(name);
  }

  create(name: string, settings: NewStream = {}, tags: Tags = {}): StreamRecord {
    this.#refuseWhenClosing();
    // a dot in front would hide the stream's folder
    if (!isStreamName(name) || name.startsWith('.')) {
      throw new StreamError(
        'invalid-name',
        'a stream name has 1 to 256 letters, digits, "_", "." or "-", and does not start with "."',
      );
    }
    const { catalog, maxStreams, retention, now } = this.#options;
    if (catalog.countStreams() >= maxStreams) {
      throw new StreamError('limit-exceeded', `there are ${maxStreams} streams already`);
    }
    const record = { name, createdMs: now(), ...retention, ...settings, version: 1 };
    try {
      catalog.insertStream(record, tags);
    } catch (error) {
      if (!(error instanceof CatalogError) || error.code !== 'already-exists') throw error;
      throw new StreamError('already-exists', `stream ${name} exists`, { cause: error });
    }
    return record;
  }

  update(name: string, change: StreamChange): StreamRecord {
    const { catalog } = this.#options;
    const before = this.#deleting.has(name) ? undefined : catalog.stream(name);
    if (before === undefined) throw notFound(name);
    const record = { ...before, ...change, version: before.version + 1 };
    catalog.updateStream(record);
    const open = this.#open.get(name);
    if (open !== undefined) open.record = record;
    return record;
  }

  async delete(name: string): Promise<void> {
    const { catalog, logs, now } = this.#options;
    if (catalog.stream(name) === undefined || this.#deleting.has(name)) throw notFound(name);
    this.#deleting.add(name);
    try {
      // A log that cannot be opened can be deleted all the same.
      await Promise.allSettled([this.#opening.get(name)]);
      await this.#open.get(name)?.close('deleted', now());
      this.#open.delete(name);
      // Files first: a record without files is an empty stream, files without a record would come back with the name.
      await logs.delete(name);
      catalog.deleteStream(name);
      this.#options.onDeleted?.(name);
    } finally {
      this.#deleting.delete(name);
    }
  }

  async open(name: string): Promise<ManagedStream> {
    this.#refuseWhenClosing();
    if (this.#deleting.has(name)) throw notFound(name);
    const open = this.#open.get(name) ?? this.#opening.get(name);
    if (open !== undefined) return open;
    const record = this.#options.catalog.stream(name);
    if (record === undefined) throw notFound(name);
    const opening = this.#openLog(record);
    this.#opening.set(name, opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(name);
    }
  }

  peek(name: string): OpenStream | undefined {
    return this.#open.get(name);
  }

  async publish(request: PublishRequest, nowMs: number): Promise<Publication> {
    return (await this.#openToPublish(request.stream)).publish(request, nowMs);
  }

  async publishFragments(request: PublishFragmentsRequest, nowMs: number): Promise<ProducerFragments> {
    return (await this.#openToPublish(request.stream)).publishFragments(request, nowMs);
  }

  /** The stream, made when there is none and publishing may make it. */
  async #openToPublish(name: string): Promise<ManagedStream> {
    if (this.#deleting.has(name)) throw notFound(name);
    if (this.record(name) === undefined) {
      this.#refuseWhenClosing();
      if (!this.#options.autoCreate) {
        throw new StreamError(
          'auto-create-off',
          `there is no stream ${name}, and publishing does not create any`,
        );
      }
      this.create(name);
    }
    const stream = await this.open(name);
    // Closing may have begun while the log was opened.
    this.#refuseWhenClosing();
    return stream;
  }

  async close(nowMs: number): Promise<void> {
    this.#isClosing = true;
    await Promise.allSettled(this.#opening.values());
    const closed = await Promise.allSettled(
      Array.from(this.#open.values(), (stream) => stream.close('closing', nowMs)),
    );
    this.#open.clear();
    const errors = closed.filter((each) => each.status === 'rejected').map((each): unknown => each.reason);
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} streams did not close cleanly`);
  }

  async #openLog(record: StreamRecord): Promise<ManagedStream> {
    const { catalog, owner, leaseTtlMs, logs, settings, takeover } = this.#options;
    const { name } = record;
    const lease = new StreamLease(name, { catalog, owner, ttlMs: leaseTtlMs });
    try {
      const log = await logs.open(name, { mayWrite: () => lease.isHeld });
      const stream = await ManagedStream.open({
        record,
        log,
        lease,
        settings,
        takeover,
        onFragment: (event) => this.#options.onFragment?.(event),
        onSessionEnd: (stream, counters) => {
          this.#totals.add(counters);
          this.#options.onSessionEnd?.(stream, counters);
        },
      });
      this.#open.set(name, stream);
      this.#options.onOpened?.(stream);
      return stream;
    } catch (error) {
      throw new StreamError('log-failed', `the log of stream ${name} cannot be opened`, { cause: error });
    }
  }

  #refuseWhenClosing(): void {
    if (this.#isClosing) throw new StreamError('closing', 'the server is closing');
  }
}

function notFound(name: string): StreamError {
  return new StreamError('not-found', `there is no stream ${name}`);
}
