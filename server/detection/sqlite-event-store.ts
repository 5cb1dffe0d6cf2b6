import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import type { DetectionEvent } from '../../ml/events/detection-event.ts';
import { openSqliteFile } from '../catalog/sqlite-file.ts';
import { inTransaction } from '../catalog/sqlite-statements.ts';
import { EventNames } from './event-names.ts';
import { EVENT_SCHEMA } from './event-schema.ts';
import { EventSearch, type PageOptions } from './event-search.ts';
import type { EventBin, EventCommit, EventPage, EventQuery, EventStore, StoredEvent } from './event-store.ts';
import { termsOf } from './event-terms.ts';
import { isOfArchive } from './watch-names.ts';

/** Events that one step of a deletion takes: about 10 ms. */
const DELETED_AT_ONCE = 200;
/** Pages of the database in memory, KiB. */
const CACHE_KIB = 16_384;

interface EventRow {
  readonly seq: number;
  readonly body: string;
}

/** What is needed of an event to delete it. */
interface DoomedRow extends EventRow {
  readonly stream: number;
  readonly producer_ms: number;
}

/**
 * Events in `<dataDir>/detections.db`, apart from the catalog: they are many, and may be deleted as a whole. WAL with synchronous
 * FULL, so that what was committed is on the disk.
 */
export class SqliteEventStore implements EventStore {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #names: EventNames;
  readonly #search: EventSearch;
  readonly #listeners = new Set<(events: readonly StoredEvent[]) => void>();
  #lastSeq: number;
  #size: number;

  private constructor(database: DatabaseSync) {
    database.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.#names = new EventNames(database);
    this.#search = new EventSearch(database, this.#names);
    this.#lastSeq = Number(this.#statements.lastSeq.get()?.seq ?? 0);
    this.#size = this.#storedSize();
  }

  /** Throws CatalogError `damaged`, also for somebody else's database, or `too-new`. */
  static open(path: string): SqliteEventStore {
    return openSqliteFile(path, EVENT_SCHEMA, (database) => new SqliteEventStore(database));
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get size(): number {
    return this.#size;
  }

  commit(commit: EventCommit): readonly StoredEvent[] {
    return this.commitAll([commit])[0] ?? [];
  }

  commitAll(commits: readonly EventCommit[]): readonly (readonly StoredEvent[])[] {
    const stored = this.#change(() => commits.map((commit) => this.#put(commit)));
    const fresh = stored.flat();
    this.#lastSeq = fresh.at(-1)?.seq ?? this.#lastSeq;
    if (fresh.length > 0) for (const listener of [...this.#listeners]) listener(fresh);
    return stored;
  }

  watchState(stream: string, watch: string): unknown {
    const id = this.#names.stream(stream);
    const row = id === undefined ? undefined : this.#statements.state.get(id, watch);
    return row === undefined ? undefined : JSON.parse(String(row.state));
  }

  watchedStreams(watch: string): readonly string[] {
    return this.#statements.watchedStreams.all(watch).map(({ name }) => String(name));
  }

  after(seq: number, limit: number): readonly StoredEvent[] {
    return (this.#statements.after.all(seq, limit) as unknown as EventRow[]).map(storedOf);
  }

  onCommit(listener: (events: readonly StoredEvent[]) => void): () => void {
    const entry = (events: readonly StoredEvent[]) => listener(events);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  search(query: EventQuery, page: PageOptions): EventPage {
    return this.#search.page(query, page);
  }

  /** How a search goes about it, in SQLite's words. */
  explain(query: EventQuery, order: 'newest' | 'oldest'): string[] {
    return this.#search.explain(query, order);
  }

  event(id: string): StoredEvent | undefined {
    const row = this.#statements.event.get(id) as EventRow | undefined;
    return row === undefined ? undefined : storedOf(row);
  }

  counts(query: EventQuery, binMs: number): readonly EventBin[] {
    return this.#search.counts(query, binMs);
  }

  present(watch: string, seq: number): readonly StoredEvent[] {
    const { presentTracks, ofTrack } = this.#statements;
    const tracks = presentTracks.all({ watch, seq }) as unknown as { readonly track: string }[];
    const rows = tracks.flatMap(({ track }) => ofTrack.all({ track, seq }) as unknown as EventRow[]);
    return rows.sort((a, b) => a.seq - b.seq).map(storedOf);
  }

  sinkPosition(sink: string): number | undefined {
    const row = this.#statements.sinkPosition.get(sink);
    return row === undefined ? undefined : Number(row.seq);
  }

  setSinkPosition(sink: string, seq: number): void {
    this.#statements.setSinkPosition.run(sink, seq);
  }

  streams(): readonly string[] {
    return this.#names.streams().map(({ name }) => name);
  }

  retire(stream: string): void {
    const id = this.#names.stream(stream);
    if (id === undefined) return;
    this.#change(() => {
      this.#statements.forgetStates.run(id);
      this.#statements.forgetTracks.run(id);
      this.#names.retireStream(stream);
    });
  }

  sweep(
    rule: { readonly keepFromMs: (stream: string) => number | undefined; readonly maxEvents: number },
    limit: number,
  ): number {
    const { ofStream, ofStreamBefore, oldest } = this.#statements;
    return this.#change(() => {
      let rest = limit;
      const sweep = (rows: unknown): number => {
        this.#remove(rows as DoomedRow[]);
        const count = (rows as DoomedRow[]).length;
        rest -= count;
        return count;
      };
      for (let id = this.#names.retired(); id !== undefined && rest > 0; id = this.#names.retired()) {
        sweep(ofStream.all(id, rest));
        if (rest > 0) this.#names.forgetStream(id);
      }
      for (const { id, name } of this.#names.streams()) {
        if (rest === 0) break;
        const keepFromMs = rule.keepFromMs(name);
        if (keepFromMs !== undefined) sweep(ofStreamBefore.all(id, keepFromMs, rest));
      }
      const excess = this.#storedSize() - rule.maxEvents;
      if (excess > 0 && rest > 0) sweep(oldest.all(Math.min(excess, rest)));
      return limit - rest;
    });
  }

  async deleteResults(
    stream: string,
    model: string,
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
    exceptWatch: string,
  ): Promise<number> {
    const id = this.#names.stream(stream);
    if (id === undefined) return 0;
    // What is committed meanwhile is nobody's earlier result.
    const lastSeq = this.#lastSeq;
    let deleted = 0;
    for (let [atMs, seq] = [fromMs, -1]; this.#database.isOpen; ) {
      const rows = this.#statements.results.all({
        stream: id,
        model,
        atMs,
        seq,
        toMs,
        exceptWatch,
        lastSeq,
        limit: DELETED_AT_ONCE,
      }) as unknown as (DoomedRow & { readonly is_doomed: number })[];
      const doomed = rows.filter(({ is_doomed }) => is_doomed === 1);
      if (doomed.length > 0) this.#change(() => this.#remove(doomed));
      deleted += doomed.length;
      const last = rows.at(-1);
      if (last === undefined || rows.length < DELETED_AT_ONCE) break;
      [atMs, seq] = [last.producer_ms, last.seq];
      await turn();
    }
    return deleted;
  }

  close(): void {
    this.#database.close();
  }

  #put({ stream, watch, events, state }: EventCommit): StoredEvent[] {
    const id = this.#names.streamToWrite(stream);
    const stored = events.map((event) => this.#insert(id, event)).filter((each) => each !== undefined);
    if (state === null) this.#statements.forgetState.run(id, watch);
    else if (state !== undefined) this.#statements.putState.run(id, watch, JSON.stringify(state));
    if (stored.length > 0) this.#statements.addToSize.run(stored.length);
    return stored;
  }

  /** `undefined` when its id is known. */
  #insert(stream: number, event: DetectionEvent): StoredEvent | undefined {
    // Asked for first: an insert that is refused would use up a place in the order.
    if (this.#statements.known.get(event.id) !== undefined) return undefined;
    const { lastInsertRowid } = this.#statements.insert.run({
      id: event.id,
      stream,
      watch: event.watch,
      producer_ms: event.producerMs,
      server_ms: event.serverMs,
      type: event.type,
      phase: event.phase ?? null,
      model: event.model.name,
      track: event.trackId ?? null,
      score: event.score ?? null,
      is_archive: isOfArchive(event) ? 1 : 0,
      entered_group:
        event.type === 'object' && event.phase === 'enter' ? (event.group ?? event.label ?? null) : null,
      body: JSON.stringify(event),
    });
    const seq = Number(lastInsertRowid);
    if (event.type === 'object' && event.trackId !== undefined) {
      if (event.phase === 'enter') this.#statements.openTrack.run(event.trackId, stream, event.watch);
      else if (event.phase === 'leave') this.#statements.closeTrack.run(event.trackId);
    }
    for (const term of termsOf(event)) {
      this.#statements.insertTerm.run(this.#names.termToWrite(term), stream, event.producerMs, seq);
    }
    return { seq, event };
  }

  #remove(rows: readonly DoomedRow[]): void {
    for (const { seq, stream, producer_ms, body } of rows) {
      const event: DetectionEvent = JSON.parse(body);
      if (event.type === 'object' && event.phase === 'enter' && event.trackId !== undefined) {
        this.#statements.closeTrack.run(event.trackId);
      }
      for (const term of termsOf(event)) {
        const id = this.#names.term(term);
        if (id !== undefined) this.#statements.removeTerm.run(id, stream, producer_ms, seq);
      }
      this.#statements.remove.run(seq);
    }
    this.#statements.addToSize.run(-rows.length);
  }

  /** All of it or nothing, also of what is remembered. */
  #change<Result>(work: () => Result): Result {
    try {
      const result = inTransaction(this.#database, work);
      this.#size = this.#storedSize();
      return result;
    } catch (error) {
      this.#names.forgetAll();
      throw error;
    }
  }

  #storedSize(): number {
    return Number(this.#statements.size.get()?.events);
  }
}

function storedOf({ seq, body }: EventRow): StoredEvent {
  return { seq, event: JSON.parse(body) };
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  const doomed = 'SELECT seq, stream, producer_ms, body FROM events';
  return {
    lastSeq: database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'"),
    size: database.prepare('SELECT events FROM totals'),
    addToSize: database.prepare('UPDATE totals SET events = events + ?'),
    known: database.prepare('SELECT 1 FROM events WHERE id = ?'),
    insert: database.prepare(
      `INSERT INTO events
         (id, stream, watch, producer_ms, server_ms, type, phase, model, track, score, is_archive, entered_group, body)
       VALUES
         (:id, :stream, :watch, :producer_ms, :server_ms, :type, :phase, :model, :track, :score, :is_archive, :entered_group, :body)`,
    ),
    insertTerm: database.prepare('INSERT INTO event_terms VALUES (?, ?, ?, ?)'),
    openTrack: database.prepare('INSERT OR REPLACE INTO open_tracks VALUES (?, ?, ?)'),
    closeTrack: database.prepare('DELETE FROM open_tracks WHERE track = ?'),
    forgetTracks: database.prepare('DELETE FROM open_tracks WHERE stream = ?'),
    // Those that have left since were there.
    presentTracks: database.prepare(
      `SELECT track FROM open_tracks WHERE watch = :watch
       UNION
       SELECT e.track FROM events AS e JOIN streams AS s ON s.id = e.stream
       WHERE e.seq > :seq AND e.watch = :watch AND e.type = 'object' AND e.phase = 'leave' AND e.track IS NOT NULL
         AND s.name IS NOT NULL`,
    ),
    ofTrack: database.prepare(
      `WITH of_track AS MATERIALIZED (
         SELECT seq, type, phase FROM events INDEXED BY events_by_track WHERE track = :track AND seq <= :seq
       )
       SELECT seq, body FROM events
       WHERE EXISTS (SELECT 1 FROM of_track WHERE type = 'object' AND phase = 'enter')
         AND seq IN (
           SELECT seq FROM of_track WHERE phase IS NOT 'update'
           UNION SELECT max(seq) FROM of_track WHERE type = 'object'
         )`,
    ),
    state: database.prepare('SELECT state FROM watch_states WHERE stream = ? AND watch = ?'),
    watchedStreams: database.prepare(
      `SELECT s.name FROM watch_states AS w JOIN streams AS s ON s.id = w.stream
       WHERE w.watch = ? AND s.name IS NOT NULL ORDER BY s.name`,
    ),
    putState: database.prepare(
      `INSERT INTO watch_states VALUES (?, ?, ?) ON CONFLICT (stream, watch) DO UPDATE SET state = excluded.state`,
    ),
    forgetState: database.prepare('DELETE FROM watch_states WHERE stream = ? AND watch = ?'),
    forgetStates: database.prepare('DELETE FROM watch_states WHERE stream = ?'),
    after: database.prepare(
      `SELECT e.seq, e.body FROM events AS e JOIN streams AS s ON s.id = e.stream
       WHERE e.seq > ? AND s.name IS NOT NULL ORDER BY e.seq LIMIT ?`,
    ),
    event: database.prepare(
      `SELECT e.seq, e.body FROM events AS e JOIN streams AS s ON s.id = e.stream
       WHERE e.id = ? AND s.name IS NOT NULL`,
    ),
    sinkPosition: database.prepare('SELECT seq FROM sink_positions WHERE sink = ?'),
    setSinkPosition: database.prepare(
      'INSERT INTO sink_positions VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET seq = excluded.seq',
    ),
    ofStream: database.prepare(`${doomed} WHERE stream = ? LIMIT ?`),
    ofStreamBefore: database.prepare(
      `${doomed} WHERE stream = ? AND server_ms < ? ORDER BY server_ms LIMIT ?`,
    ),
    oldest: database.prepare(`${doomed} ORDER BY seq LIMIT ?`),
    results: database.prepare(
      `SELECT seq, stream, producer_ms, body, model = :model AND watch <> :exceptWatch AND seq <= :lastSeq AS is_doomed
       FROM events INDEXED BY events_by_time
       WHERE stream = :stream AND producer_ms < :toMs AND (producer_ms, seq) > (:atMs, :seq)
       ORDER BY producer_ms, seq LIMIT :limit`,
    ),
    removeTerm: database.prepare(
      'DELETE FROM event_terms WHERE term = ? AND stream = ? AND producer_ms = ? AND seq = ?',
    ),
    remove: database.prepare('DELETE FROM events WHERE seq = ?'),
  };
}
