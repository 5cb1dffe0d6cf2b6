import type { DatabaseSync } from 'node:sqlite';
import { CatalogError } from './catalog-error.ts';
import {
  type NumberedRecord,
  type ProcessorCatalog,
  type ProcessorRecord,
  parseProcessor,
  type WaitingRecord,
} from './processor-catalog.ts';
import { insert, inTransaction, pageOf } from './sqlite-statements.ts';

interface ProcessorRow {
  readonly name: string;
  readonly document: string;
}

interface RecordRow {
  readonly seq: number;
  readonly processor: string;
  readonly data_stream: string;
  readonly partition_key: string;
  readonly data: Uint8Array;
}

/** Stream processors in SQLite, as JSON, and what they have to deliver. */
export class SqliteProcessors implements ProcessorCatalog {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = prepareStatements(database);
  }

  list(options: { readonly after?: string; readonly limit?: number } = {}): ProcessorRecord[] {
    const { after, limit } = pageOf(options);
    const rows = this.#statements.list.all({ after, limit }) as unknown as ProcessorRow[];
    return rows.map(({ name, document }) => parseProcessor(name, document));
  }

  get(name: string): ProcessorRecord | undefined {
    const row = this.#statements.get.get(name) as ProcessorRow | undefined;
    return row === undefined ? undefined : parseProcessor(name, row.document);
  }

  count(): number {
    return Number(this.#statements.count.get()?.count);
  }

  insert(processor: ProcessorRecord): void {
    const { name } = processor;
    insert(this.#statements.insert, { name, document: JSON.stringify(processor) }, `the processor ${name}`);
  }

  update(processor: ProcessorRecord): void {
    const { name } = processor;
    const { changes } = this.#statements.update.run({ name, document: JSON.stringify(processor) });
    if (changes === 0) throw new CatalogError('not-found', `the processor ${name} is not in the catalog`);
  }

  remove(name: string): boolean {
    return this.#statements.remove.run(name).changes > 0;
  }

  addRecord({ processor, dataStream, partitionKey, data }: WaitingRecord, maxWaiting: number): number {
    const { addRecord, trimRecords } = this.#statements;
    return inTransaction(this.#database, () => {
      insert(
        addRecord,
        { processor, dataStream, partitionKey, data },
        `a record of the processor ${processor}`,
      );
      return Number(trimRecords.run({ processor, maxWaiting }).changes);
    });
  }

  waitingRecords(processor: string, limit: number): NumberedRecord[] {
    const rows = this.#statements.waitingRecords.all(processor, limit) as unknown as RecordRow[];
    return rows.map((row) => ({
      seq: row.seq,
      processor: row.processor,
      dataStream: row.data_stream,
      partitionKey: row.partition_key,
      data: row.data,
    }));
  }

  removeRecords(seqs: readonly number[]): void {
    inTransaction(this.#database, () => {
      for (const seq of seqs) this.#statements.removeRecord.run(seq);
    });
  }

  countRecords(): ReadonlyMap<string, number> {
    const rows = this.#statements.countRecords.all();
    return new Map(rows.map(({ processor, count }) => [String(processor), Number(count)]));
  }
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  return {
    list: database.prepare(
      'SELECT name, document FROM stream_processors WHERE name > :after ORDER BY name LIMIT :limit',
    ),
    get: database.prepare('SELECT name, document FROM stream_processors WHERE name = ?'),
    count: database.prepare('SELECT count(*) AS count FROM stream_processors'),
    insert: database.prepare('INSERT INTO stream_processors (name, document) VALUES (:name, :document)'),
    update: database.prepare('UPDATE stream_processors SET document = :document WHERE name = :name'),
    remove: database.prepare('DELETE FROM stream_processors WHERE name = ?'),
    addRecord: database.prepare(
      `INSERT INTO processor_records (processor, data_stream, partition_key, data)
       VALUES (:processor, :dataStream, :partitionKey, :data)`,
    ),
    trimRecords: database.prepare(
      `DELETE FROM processor_records WHERE processor = :processor AND seq <= (
         SELECT seq FROM processor_records WHERE processor = :processor ORDER BY seq DESC LIMIT 1 OFFSET :maxWaiting
       )`,
    ),
    waitingRecords: database.prepare(
      'SELECT * FROM processor_records WHERE processor = ? ORDER BY seq LIMIT ?',
    ),
    removeRecord: database.prepare('DELETE FROM processor_records WHERE seq = ?'),
    countRecords: database.prepare(
      'SELECT processor, count(*) AS count FROM processor_records GROUP BY processor',
    ),
  };
}
