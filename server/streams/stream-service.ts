import type { Sample, Track } from '../../fragments/media/track.ts';
import type { FragmentLog } from '../../fragments/stream/fragment-log.ts';
import type { LiveWindowReader } from '../../fragments/stream/live-window.ts';
import type { StreamRecord } from '../catalog/catalog.ts';
import type { Tags } from '../catalog/tag-catalog.ts';

/**
 * The streams of this server: what the catalog knows of them joined with their open log and live window. Every door
 * (RTMP, HLS, REST, later the AWS wire) goes through this one service.
 */

/** Why the service refused. The doors translate these into their own protocol's errors. */
export type StreamErrorCode =
  | 'not-found'
  | 'already-exists'
  | 'invalid-name'
  | 'busy'
  | 'auto-create-off'
  | 'limit-exceeded'
  | 'log-failed'
  | 'closing';

export class StreamError extends Error {
  readonly code: StreamErrorCode;

  constructor(code: StreamErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StreamError';
    this.code = code;
  }
}

/** What is publishing a stream now. */
export interface PublisherState {
  readonly protocol: 'rtmp' | 'whip' | 'put-media';
  readonly remoteAddress: string;
  readonly sinceMs: number;
}

/** Live facts of a stream for the REST API, the page and metrics. */
export interface LiveState {
  readonly publisher: PublisherState | undefined;
  readonly tracks: readonly Track[];
  /** Averages over about the last five seconds. */
  readonly bitrateBps: number;
  readonly videoFps: number;
  readonly viewers: number;
  readonly lastFragmentMs: number | undefined;
  readonly lastError: { readonly atMs: number; readonly message: string } | undefined;
}

/** A fragment's way to the disk, as told to those who follow it: `received` when complete in memory, `persisted` after the sync. */
export interface FragmentEvent {
  readonly type: 'received' | 'persisted' | 'lost';
  readonly stream: string;
  readonly number: string;
  readonly ordinal: number;
  readonly producerMs: number;
  readonly serverMs: number;
  readonly durationMs: number;
  readonly sizeBytes: number;
  /** `lost` only: the LogWriteError code. */
  readonly reason?: string;
}

/** One stream that is open: its log and its live window. */
export interface OpenStream {
  readonly record: StreamRecord;
  readonly log: FragmentLog;
  readonly window: LiveWindowReader;
  live(nowMs: number): LiveState;
  /** Follows fragment events until the returned function is called. */
  onFragment(listener: (event: FragmentEvent) => void): () => void;
  /** Counts a viewer for as long as its requests keep coming (key: session or address). */
  countViewer(key: string, nowMs: number): void;
}

/** The right to write one stream, held by one producer at a time. */
export interface Publication {
  readonly stream: OpenStream;
  /** Bytes received and not yet durable, for producers that can be slowed down (PutMedia). */
  readonly pendingBytes: number;
  /** Declares the tracks; again when a codec configuration changed. A material change starts a new run. */
  setTracks(tracks: readonly Track[], nowMs: number): void;
  /** Takes a sample; never blocks. `producerMs`: the producer's wall clock for this sample where it gives one. */
  write(sample: Sample, nowMs: number, producerMs?: number): void;
  /** Records a protocol error for the stream's live state. */
  fail(message: string, nowMs: number): void;
  /** Finishes the fragment; resolves when it is persisted (or reported lost). Idempotent. */
  end(nowMs: number): Promise<void>;
}

/** How a producer asks for a stream. */
export interface PublishRequest {
  readonly stream: string;
  readonly publisher: PublisherState;
  /** Called when a newer publisher takes the stream over, or it is deleted, or the server closes: hang up. */
  readonly onRevoked: (reason: 'taken-over' | 'deleted' | 'closing') => void;
}

/** What may be asked for when a stream is made. */
export type NewStream = Partial<Omit<StreamRecord, 'name' | 'createdMs' | 'version'>>;

/** What may be changed later. */
export type StreamChange = Omit<NewStream, 'kmsKeyId'>;

export interface StreamService {
  /** All streams in name order, also those being deleted; `after`/`limit` page through them. */
  list(options?: {
    readonly after?: string;
    readonly limit?: number;
    readonly prefix?: string;
  }): StreamRecord[];
  /** `undefined` also while the stream is being deleted. */
  record(name: string): StreamRecord | undefined;
  create(name: string, settings?: NewStream, tags?: Tags): StreamRecord;
  /** Throws StreamError `not-found`, CatalogError `conflict` when another process has changed it at the same time. */
  update(name: string, change: StreamChange): StreamRecord;
  /** Ends its publisher, closes its log, deletes its files and its record. */
  delete(name: string): Promise<void>;
  /** Opens a known stream (once; later calls answer the same object). Throws StreamError `not-found`. */
  open(name: string): Promise<OpenStream>;
  /** Live state without opening: `undefined` when the stream was not opened since the start. */
  peek(name: string): OpenStream | undefined;
  /** Claims the stream for a producer. Throws StreamError `busy` (unless the config says takeover), `auto-create-off`, ... */
  publish(request: PublishRequest, nowMs: number): Promise<Publication>;
  /** Ends publications, finishes and syncs fragments, closes all logs. */
  close(nowMs: number): Promise<void>;
}
