import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { CatalogError } from './catalog-error.ts';

/** SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE, https://sqlite.org/rescode.html */
const TAKEN = new Set([1555, 2067]);
const SQLITE_CONSTRAINT_FOREIGNKEY = 787;

/** Runs an insert; a taken primary key or unique column becomes CatalogError `already-exists`, a missing owner `not-found`. */
export function insert(
  statement: StatementSync,
  row: Parameters<StatementSync['run']>[0],
  what: string,
): void {
  try {
    statement.run(row);
  } catch (cause) {
    const code = sqliteCode(cause);
    if (TAKEN.has(code))
      throw new CatalogError('already-exists', `${what} is in the catalog already`, { cause });
    if (code === SQLITE_CONSTRAINT_FOREIGNKEY) {
      throw new CatalogError('not-found', `${what} belongs to something that is not in the catalog`, {
        cause,
      });
    }
    throw cause;
  }
}

/** All of it or nothing. */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite ends the transaction itself on some errors (disk full).
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** The parameters of a page in name order: `name > :after AND name >= :from AND name < :to ... LIMIT :limit`. */
export function pageOf(options: {
  readonly after?: string;
  readonly limit?: number;
  readonly prefix?: string;
}) {
  const prefix = options.prefix ?? '';
  return {
    after: options.after ?? '',
    from: prefix,
    // The greatest code point: no name with the prefix sorts behind it.
    to: `${prefix}\u{10ffff}`,
    limit: options.limit ?? -1,
  };
}

/** The extended result code of an error that node:sqlite threw, -1 for any other. */
export function sqliteCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) : -1;
}
