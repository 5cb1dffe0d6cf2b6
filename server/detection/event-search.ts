import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventNames } from './event-names.ts';
import type { EventBin, EventPage, EventQuery, StoredEvent } from './event-store.ts';
import { labelTerm, searchTerms, zoneTerm } from './event-terms.ts';

/**
 * Finds events. Every search is a merge of lanes: a lane is one stream's events, or those of one stream with one term, in the
 * order of an index. So it reads what it answers, and what other conditions of the query refuse; and of that so much at a time and
 * no more, since who searches holds up everybody else.
 */

/** Events of one page that are looked at beyond the first of each lane. */
const MAX_SCANNED = 2000;
const MAX_CHUNK = 200;
const MAX_STATEMENTS = 100;
/** Beyond the years that there are. */
const FOREVER_MS = 8.64e15;

export interface PageOptions {
  readonly limit: number;
  readonly cursor?: string;
  readonly order: 'newest' | 'oldest';
}

/** The place of an event in the order of a search. */
interface Place {
  readonly atMs: number;
  readonly seq: number;
}

interface LaneRow {
  readonly seq: number;
  readonly producer_ms: number;
  /** `null`: not what the query wants. */
  readonly body: string | null;
}

interface Lane {
  readonly params: Readonly<Record<string, number | string>>;
  rows: LaneRow[];
  next: number;
  /** All of it was read. */
  isDone: boolean;
}

type Params = Record<string, string | number>;

export class EventSearch {
  readonly #database: DatabaseSync;
  readonly #names: EventNames;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, names: EventNames) {
    this.#database = database;
    this.#names = names;
  }

  /** See EventStore.search. */
  page(query: EventQuery, { limit, cursor, order }: PageOptions): EventPage {
    const range = rangeOf(query);
    let place = cursor === undefined ? startOf(range, order) : parseCursor(cursor, order);
    const terms = query.trackId === undefined ? searchTerms(query) : undefined;
    const { sql, params } = laneSql(query, terms !== undefined, order);
    const statement = this.#statement(sql);
    const lanes = this.#lanes(query, terms);
    const chunk = Math.min(MAX_CHUNK, Math.max(2, Math.ceil((2 * limit) / Math.max(1, lanes.length))));
    let scanned = 0;
    const fill = (lane: Lane, from: Place): void => {
      const all = { ...params, ...range, ...lane.params, placeMs: from.atMs, placeSeq: from.seq, chunk };
      lane.rows = statement.all(all) as unknown as LaneRow[];
      lane.next = 0;
      lane.isDone = lane.rows.length < chunk;
      scanned += lane.rows.length;
    };
    for (const lane of lanes) fill(lane, place);
    scanned = 0;
    const events: StoredEvent[] = [];
    for (;;) {
      const lane = best(lanes, order);
      if (lane === undefined) return { events, cursor: undefined };
      const row = lane.rows[lane.next++] as LaneRow;
      const isRepeated = row.seq === place.seq && row.producer_ms === place.atMs;
      place = { atMs: row.producer_ms, seq: row.seq };
      if (row.body !== null && !isRepeated) events.push({ seq: row.seq, event: JSON.parse(row.body) });
      if (events.length >= limit) return { events, cursor: formatCursor(place, order) };
      if (lane.next < lane.rows.length || lane.isDone) continue;
      if (scanned >= MAX_SCANNED) return { events, cursor: formatCursor(place, order) };
      fill(lane, place);
    }
  }

  /** See EventStore.counts. */
  counts(query: EventQuery, binMs: number): EventBin[] {
    const range = rangeOf(query);
    const { sql: filter, params } = filterSql(query, { hasTermLane: false });
    const statement = this.#statement(
      `SELECT CAST(e.producer_ms / :binMs AS INTEGER) AS bin, e.entered_group AS name, count(*) AS entered
       FROM events AS e INDEXED BY entries
       WHERE e.entered_group IS NOT NULL AND e.stream = :stream AND e.producer_ms >= :fromMs AND e.producer_ms < :toMs AND ${filter}
       GROUP BY bin, name`,
    );
    const bins = new Map<number, Record<string, number>>();
    for (const stream of this.#streamsOf(query)) {
      const rows = statement.all({ ...params, ...range, stream, binMs }) as unknown as {
        readonly bin: number;
        readonly name: string;
        readonly entered: number;
      }[];
      for (const { bin, name, entered } of rows) {
        const counts = bins.get(bin) ?? {};
        counts[name] = (counts[name] ?? 0) + entered;
        bins.set(bin, counts);
      }
    }
    return [...bins].sort(([a], [b]) => a - b).map(([bin, counts]) => ({ startMs: bin * binMs, counts }));
  }

  /** The statements of a search, for a test to hold against the indexes. */
  explain(query: EventQuery, order: 'newest' | 'oldest'): string[] {
    const terms = query.trackId === undefined ? searchTerms(query) : undefined;
    const { sql } = laneSql(query, terms !== undefined, order);
    const plan = this.#database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    return plan.map(({ detail }) => String(detail));
  }

  #lanes(query: EventQuery, terms: readonly string[] | undefined): Lane[] {
    const numbers = terms?.map((term) => this.#names.term(term)).filter((term) => term !== undefined);
    return this.#streamsOf(query).flatMap((stream) =>
      numbers === undefined ? [laneOf({ stream })] : numbers.map((term) => laneOf({ stream, term })),
    );
  }

  #streamsOf({ streams }: EventQuery): number[] {
    if (streams === undefined) return this.#names.streams().map(({ id }) => id);
    return [...new Set(streams)].map((name) => this.#names.stream(name)).filter((id) => id !== undefined);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    // Conditions differ in what they name.
    statement.setAllowUnknownNamedParameters(true);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function laneOf(params: Lane['params']): Lane {
  return { params, rows: [], next: 0, isDone: false };
}

/** The lane whose next event comes first. */
function best(lanes: readonly Lane[], order: PageOptions['order']): Lane | undefined {
  let found: Lane | undefined;
  let foundRow: LaneRow | undefined;
  for (const lane of lanes) {
    const row = lane.rows[lane.next];
    if (row === undefined) continue;
    if (foundRow !== undefined && isBefore(foundRow, row) === (order === 'oldest')) continue;
    found = lane;
    foundRow = row;
  }
  return found;
}

function isBefore(a: LaneRow, b: LaneRow): boolean {
  return a.producer_ms === b.producer_ms ? a.seq < b.seq : a.producer_ms < b.producer_ms;
}

/** One lane's next events, those that are not wanted without their body. */
function laneSql(
  query: EventQuery,
  hasTermLane: boolean,
  order: PageOptions['order'],
): { readonly sql: string; readonly params: Params } {
  const { sql: filter, params } = filterSql(query, { hasTermLane });
  const [after, direction] = order === 'newest' ? ['<', 'DESC'] : ['>', 'ASC'];
  const lane = hasTermLane ? 't' : 'e';
  const from = hasTermLane
    ? 'event_terms AS t CROSS JOIN events AS e ON e.seq = t.seq'
    : `events AS e INDEXED BY ${query.trackId === undefined ? 'events_by_time' : 'events_by_track'}`;
  const where = [
    hasTermLane ? 't.term = :term AND t.stream = :stream' : 'e.stream = :stream',
    ...(query.trackId === undefined ? [] : ['e.track = :track']),
    `${lane}.producer_ms >= :fromMs AND ${lane}.producer_ms < :toMs`,
    `(${lane}.producer_ms, ${lane}.seq) ${after} (:placeMs, :placeSeq)`,
  ];
  const sql = `SELECT e.seq, e.producer_ms, CASE WHEN ${filter} THEN e.body END AS body
    FROM ${from} WHERE ${where.join(' AND ')}
    ORDER BY ${lane}.producer_ms ${direction}, ${lane}.seq ${direction} LIMIT :chunk`;
  return { sql, params };
}

/** The conditions of a query that no lane stands for. */
function filterSql(
  query: EventQuery,
  { hasTermLane }: { readonly hasTermLane: boolean },
): { readonly sql: string; readonly params: Params } {
  const { types, phases, labels, zones, trackId, model, minScore, isFromArchive } = query;
  const conditions: string[] = [];
  const params: Params = {};
  const add = (condition: string, name: string, value: string | number): void => {
    conditions.push(condition);
    params[name] = value;
  };
  const oneOf = (name: string) => `IN (SELECT value FROM json_each(:${name}))`;
  const hasTerm = (name: string) =>
    `EXISTS (SELECT 1 FROM event_terms AS x WHERE x.term IN (SELECT id FROM terms WHERE text ${oneOf(name)})
       AND x.stream = e.stream AND x.producer_ms = e.producer_ms AND x.seq = e.seq)`;
  if (types !== undefined) add(`e.type ${oneOf('types')}`, 'types', JSON.stringify(types));
  if (phases !== undefined) add(`e.phase ${oneOf('phases')}`, 'phases', JSON.stringify(phases));
  // Zones are the lane where there are any, then labels: see searchTerms.
  if (labels !== undefined && (!hasTermLane || zones !== undefined)) {
    add(hasTerm('labels'), 'labels', JSON.stringify(labels.map(labelTerm)));
  }
  if (zones !== undefined && !hasTermLane) {
    add(hasTerm('zones'), 'zones', JSON.stringify(zones.map(zoneTerm)));
  }
  if (trackId !== undefined) add('e.track = :track', 'track', trackId);
  if (model !== undefined) add('e.model = :model', 'model', model);
  if (minScore !== undefined) add('e.score >= :minScore', 'minScore', minScore);
  if (isFromArchive !== undefined) add('e.is_archive = :isArchive', 'isArchive', isFromArchive ? 1 : 0);
  return { sql: conditions.length === 0 ? 'TRUE' : conditions.join(' AND '), params };
}

function rangeOf({ fromMs, toMs }: EventQuery): { readonly fromMs: number; readonly toMs: number } {
  return {
    fromMs: Math.max(fromMs ?? -FOREVER_MS, -FOREVER_MS),
    toMs: Math.min(toMs ?? FOREVER_MS, FOREVER_MS),
  };
}

function startOf(
  range: { readonly fromMs: number; readonly toMs: number },
  order: PageOptions['order'],
): Place {
  return { atMs: order === 'newest' ? range.toMs : range.fromMs, seq: -1 };
}

function formatCursor({ atMs, seq }: Place, order: PageOptions['order']): string {
  return `${order}_${atMs}_${seq}`;
}

/** Throws RangeError for a text that is none, or that belongs to the other order. */
function parseCursor(text: string, order: PageOptions['order']): Place {
  const [, of, atMs, seq] = /^(newest|oldest)_(-?\d{1,16}(?:\.\d{1,12})?)_(\d{1,15})$/.exec(text) ?? [];
  if (of !== order) throw new RangeError('not a cursor of this search');
  return { atMs: Number(atMs), seq: Number(seq) };
}
