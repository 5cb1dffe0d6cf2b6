import type { DatabaseSync } from 'node:sqlite';
import { CatalogError } from './catalog-error.ts';
import { type JobCatalog, type JobRecord, parseJob } from './job-catalog.ts';
import { insert } from './sqlite-statements.ts';

interface JobRow {
  readonly id: string;
  readonly document: string;
}

/** Jobs over archives in SQLite, as JSON. */
export class SqliteJobs implements JobCatalog {
  readonly #statements: Statements;

  constructor(database: DatabaseSync) {
    this.#statements = prepareStatements(database);
  }

  list(stream?: string): JobRecord[] {
    const { all, ofStream } = this.#statements;
    const rows = (stream === undefined ? all.all() : ofStream.all(stream)) as unknown as JobRow[];
    return rows.map(parse);
  }

  get(id: string): JobRecord | undefined {
    const row = this.#statements.get.get(id) as JobRow | undefined;
    return row === undefined ? undefined : parse(row);
  }

  put(job: JobRecord): void {
    const { id, stream, createdMs } = job;
    insert(
      this.#statements.put,
      { id, stream, createdMs, document: JSON.stringify(job) },
      `the detection job ${id} of ${stream}`,
    );
  }

  remove(id: string): boolean {
    return this.#statements.remove.run(id).changes > 0;
  }
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  const newestFirst = 'ORDER BY created_ms DESC, id';
  return {
    all: database.prepare(`SELECT id, document FROM detection_jobs ${newestFirst}`),
    ofStream: database.prepare(`SELECT id, document FROM detection_jobs WHERE stream = ? ${newestFirst}`),
    get: database.prepare('SELECT id, document FROM detection_jobs WHERE id = ?'),
    put: database.prepare(
      `INSERT INTO detection_jobs (id, stream, created_ms, document) VALUES (:id, :stream, :createdMs, :document)
       ON CONFLICT (id) DO UPDATE SET document = excluded.document`,
    ),
    remove: database.prepare('DELETE FROM detection_jobs WHERE id = ?'),
  };
}

function parse(row: JobRow): JobRecord {
  try {
    return parseJob(JSON.parse(row.document));
  } catch (cause) {
    throw new CatalogError('damaged', `the detection job ${row.id} cannot be read`, { cause });
  }
}
