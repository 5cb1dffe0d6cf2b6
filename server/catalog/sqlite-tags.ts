import type { DatabaseSync } from 'node:sqlite';
import { CatalogError } from './catalog-error.ts';
import { MAX_TAGS, type TagCatalog, type TaggedResource, type Tags } from './tag-catalog.ts';

/** Tags in SQLite. Triggers of the schema remove them with their resource. */
export class SqliteTags implements TagCatalog {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = prepareStatements(database);
  }

  list({ kind, name }: TaggedResource): Tags {
    const rows = this.#statements.list.all(kind, name) as unknown as { key: string; value: string }[];
    return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  }

  put(resource: TaggedResource, tags: Tags): void {
    this.#atomically(() => {
      const { kind, name } = resource;
      for (const [key, value] of Object.entries(tags)) this.#statements.put.run({ kind, name, key, value });
      const count = Number(this.#statements.count.get(kind, name)?.count);
      if (count <= MAX_TAGS) return;
      throw new CatalogError(
        'too-many',
        `${kind} ${name} would have ${count} tags, and may have ${MAX_TAGS}`,
      );
    });
  }

  remove({ kind, name }: TaggedResource, keys: readonly string[]): void {
    this.#atomically(() => {
      for (const key of keys) this.#statements.remove.run(kind, name, key);
    });
  }

  /** All of it or nothing, also within a transaction of somebody else. */
  #atomically(work: () => void): void {
    this.#database.exec('SAVEPOINT tags');
    try {
      work();
      this.#database.exec('RELEASE tags');
    } catch (error) {
      // SQLite ends the transaction itself on some errors (disk full).
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK TO tags; RELEASE tags');
      throw error;
    }
  }
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  return {
    list: database.prepare('SELECT key, value FROM tags WHERE kind = ? AND name = ? ORDER BY key'),
    count: database.prepare('SELECT count(*) AS count FROM tags WHERE kind = ? AND name = ?'),
    put: database.prepare(
      `INSERT INTO tags VALUES (:kind, :name, :key, :value)
       ON CONFLICT (kind, name, key) DO UPDATE SET value = excluded.value`,
    ),
    remove: database.prepare('DELETE FROM tags WHERE kind = ? AND name = ? AND key = ?'),
  };
}
