import type { DetectionEvent, EventType } from '../../ml/events/detection-event.ts';

/**
 * The events of all cameras, durable and searchable: the outbox of every sink (data streams, MQTT, webhooks) and the index
 * of the search. The implementation is `SqliteEventStore` in sqlite-event-store.ts.
 */

/** An event with its place in the one order of all events of this server. */
export interface StoredEvent {
  /** Grows with each event; never given twice. */
  readonly seq: number;
  readonly event: DetectionEvent;
}

export interface EventCommit {
  readonly stream: string;
  /** The watch that made them: `live`, `processor:NAME`, `job:ID`. */
  readonly watch: string;
  readonly events: readonly DetectionEvent[];
  /** What the watch knows from now on, as JSON; as it is when absent; `null` forgets it. Stored together with the events, or not at all. */
  readonly state?: unknown;
}

export interface EventQuery {
  /** Names; all that `mayView` lets through when absent. */
  readonly streams?: readonly string[];
  readonly types?: readonly EventType[];
  readonly phases?: readonly string[];
  /** Labels or groups. */
  readonly labels?: readonly string[];
  readonly zones?: readonly string[];
  readonly trackId?: string;
  readonly model?: string;
  readonly minScore?: number;
  /** Producer time, epoch ms: `[fromMs, toMs)`. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** `false` leaves the results of jobs over the archive out; only they with `true`. */
  readonly isFromArchive?: boolean;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  /**
   * Where the next page begins; absent at the end. A page may be short, or empty, and yet have one: a search that finds little
   * looks at so many events and no more before it answers.
   */
  readonly cursor: string | undefined;
}

export interface EventBin {
  readonly startMs: number;
  /** Objects that entered, by group. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface EventStore {
  /**
   * Durable when it returns. An event whose id is known is not stored again: what a repeated frame says is recognised. Answers
   * the events that were new.
   */
  commit(commit: EventCommit): readonly StoredEvent[];
  /** Several in one transaction, for the price of one sync; answers the new events of each. */
  commitAll(commits: readonly EventCommit[]): readonly (readonly StoredEvent[])[];
  watchState(stream: string, watch: string): unknown;
  /** Names of the streams of which a watch of this name has a state. */
  watchedStreams(watch: string): readonly string[];
  /** Events after a place in the order, up to `limit`. */
  after(seq: number, limit: number): readonly StoredEvent[];
  /** The newest place; 0 when there are none. */
  readonly lastSeq: number;
  /** Calls back after each commit with events, until the returned function is called. */
  onCommit(listener: (events: readonly StoredEvent[]) => void): () => void;
  /** Newest first, or oldest first. Throws RangeError for a cursor that it did not give. */
  search(
    query: EventQuery,
    page: { readonly limit: number; readonly cursor?: string; readonly order: 'newest' | 'oldest' },
  ): EventPage;
  event(id: string): StoredEvent | undefined;
  /** `object` events of phase `enter`, counted by time; a bin is `binMs` long and starts at a multiple of it. */
  counts(query: EventQuery, binMs: number): readonly EventBin[];
  /**
   * What tells of the objects that are in front of the cameras at a place in the order: of each track of a watch of this name (of any
   * stream) that had entered up to there and not left, all its events but `update`s, and its newest `object` event; in order. Called
   * when a sink starts: it must not read all of the history.
   */
  present(watch: string, seq: number): readonly StoredEvent[];
  /** How far a sink has come; `undefined` for a new one. */
  sinkPosition(sink: string): number | undefined;
  /** Durable before it returns. */
  setSinkPosition(sink: string, seq: number): void;
  /** Names of the streams that have events, or had some. */
  streams(): readonly string[];
  /** Events that are kept. */
  readonly size: number;
  /** The stream was deleted: none of its events is found any more, at once and for ever; a sweep deletes them. */
  retire(stream: string): void;
  /**
   * Deletes up to `limit` events whose time is over: those of streams that are no more, those before a stream's own server time
   * (`keepFromMs`), and the oldest when there are more than `maxEvents`. Answers how many: as many as `limit` when there may be more.
   */
  sweep(
    rule: {
      readonly keepFromMs: (stream: string) => number | undefined;
      readonly maxEvents: number;
    },
    limit: number,
  ): number;
  /**
   * Results of a model over a range of the archive, for a job that replaces them. In steps, so that nobody waits for long; resolves
   * with how many there were.
   */
  deleteResults(
    stream: string,
    model: string,
    range: { readonly fromMs: number; readonly toMs: number },
    exceptWatch: string,
  ): Promise<number>;
  close(): void;
}
