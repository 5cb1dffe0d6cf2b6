import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CatalogError } from './catalog.ts';

/** SQLite's result code for "another process holds the lock", https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * One server a data directory. Node has no file locks of its own, SQLite has: an exclusive transaction on an empty
 * database, held for the life of the process. The system lets go of it when the process ends, however it ends, so that a
 * killed server can start again at once.
 */
export class DataDirLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Makes the directory where needed and locks it. Throws CatalogError `in-use` when another server has it. */
  static acquire(dataDir: string): DataDirLock {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(join(dataDir, 'server.lock'));
    try {
      database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    } catch (cause) {
      database.close();
      if (cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY) {
        throw new CatalogError(
          'in-use',
          `another server is running on ${dataDir}: stop it, or choose another --data`,
          {
            cause,
          },
        );
      }
      throw cause;
    }
    return new DataDirLock(database);
  }

  release(): void {
    this.#database.close();
  }
}
