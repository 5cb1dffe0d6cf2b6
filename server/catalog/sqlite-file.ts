import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CatalogError } from './catalog-error.ts';
import { sqliteCode } from './sqlite-statements.ts';

/** How long a statement waits for the write lock of another process (`framelog keys` beside a server), ms. */
const LOCK_WAIT_MS = 2000;

/** Result codes of SQLite that tell of a broken file, https://sqlite.org/rescode.html */
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** What is in a database file. */
export interface FileSchema {
  /** Marks the file, for `file(1)` and against opening a stranger's database. */
  readonly applicationId: number;
  /**
   * One script a schema version, the first for version 1. Applied once, in order, each in its own transaction. A script that has
   * been released is never edited: a change of the schema is a new script at the end.
   */
  readonly migrations: readonly string[];
  /** In messages: `a Framelog catalog`. */
  readonly what: string;
}

/**
 * Opens a database file of this program: creates it (mode 0600: it may hold secrets) and its directory where needed, with WAL and
 * synchronous FULL, so that every change is on the disk before its statement answers; and migrates it. `use` makes of it what the
 * caller wants; when it throws, the file is closed. Throws CatalogError `too-new` or `damaged`.
 */
export function openSqliteFile<Result>(
  path: string,
  schema: FileSchema,
  use: (database: DatabaseSync) => Result,
): Result {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // SQLite would create the file with the umask's mode; its -wal and -shm files take over the mode of this one.
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  const database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    migrate(database, path, schema);
    return use(database);
  } catch (error) {
    database.close();
    throw translate(error, path);
  }
}

/**
 * Brings the database to the program's schema. Safe when several processes open it at once, and when one is killed on
 * the way. Throws CatalogError `too-new` for a schema of a later program, `damaged` for a database of somebody else.
 */
function migrate(database: DatabaseSync, path: string, schema: FileSchema): void {
  while (true) {
    // BEGIN IMMEDIATE takes the write lock first, so that of two processes the second sees what the first has done.
    database.exec('BEGIN IMMEDIATE');
    try {
      const version = readVersion(database, path, schema);
      const script = schema.migrations[version];
      if (script !== undefined) {
        database.exec(script);
        database.exec(
          `PRAGMA user_version = ${version + 1}; PRAGMA application_id = ${schema.applicationId};`,
        );
      }
      database.exec('COMMIT');
      if (script === undefined) return;
    } catch (error) {
      // SQLite ends the transaction itself on some errors (disk full).
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}

function readVersion(
  database: DatabaseSync,
  path: string,
  { applicationId, migrations, what }: FileSchema,
): number {
  const version = readPragma(database, 'user_version');
  const found = readPragma(database, 'application_id');
  const isFresh = version === 0 && found === 0 && isEmpty(database);
  if (!isFresh && found !== applicationId) {
    throw new CatalogError('damaged', `${path} is an SQLite database, but not ${what}`);
  }
  if (version > migrations.length) {
    throw new CatalogError(
      'too-new',
      `${path} has schema version ${version}, this program knows up to ${migrations.length}: use the newer Framelog that wrote it`,
    );
  }
  return version;
}

function readPragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables === 0;
}

function translate(error: unknown, path: string): unknown {
  const primaryCode = sqliteCode(error) & 0xff;
  if (primaryCode !== SQLITE_CORRUPT && primaryCode !== SQLITE_NOTADB) return error;
  return new CatalogError('damaged', `${path} is damaged: ${String(error)}`, { cause: error });
}
