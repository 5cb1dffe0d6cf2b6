import type { DatabaseSync } from 'node:sqlite';
import { CatalogError } from './catalog-error.ts';
import {
  type ConfigurationCatalog,
  type ConfigurationKind,
  type ConfigurationOf,
  configurationSchemas,
} from './configuration-catalog.ts';
import { insert } from './sqlite-statements.ts';

interface DocumentRow {
  readonly stream: string;
  readonly document: string;
}

/** Configurations of streams in SQLite, as JSON. */
export class SqliteConfigurations implements ConfigurationCatalog {
  readonly #statements: Statements;

  constructor(database: DatabaseSync) {
    this.#statements = prepareStatements(database);
  }

  get<Kind extends ConfigurationKind>(stream: string, kind: Kind): ConfigurationOf<Kind> | undefined {
    const row = this.#statements.get.get(stream, kind) as DocumentRow | undefined;
    return row === undefined ? undefined : parse(row, kind);
  }

  list<Kind extends ConfigurationKind>(
    kind: Kind,
  ): { readonly stream: string; readonly configuration: ConfigurationOf<Kind> }[] {
    const rows = this.#statements.list.all(kind) as unknown as DocumentRow[];
    return rows.map((row) => ({ stream: row.stream, configuration: parse(row, kind) }));
  }

  put<Kind extends ConfigurationKind>(
    stream: string,
    kind: Kind,
    configuration: ConfigurationOf<Kind>,
  ): void {
    const document = JSON.stringify(configuration);
    insert(this.#statements.put, { stream, kind, document }, `the ${kind} configuration of ${stream}`);
  }

  remove(stream: string, kind: ConfigurationKind): boolean {
    return this.#statements.remove.run(stream, kind).changes > 0;
  }
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  const table = 'stream_configurations';
  return {
    get: database.prepare(`SELECT stream, document FROM ${table} WHERE stream = ? AND kind = ?`),
    list: database.prepare(`SELECT stream, document FROM ${table} WHERE kind = ? ORDER BY stream`),
    put: database.prepare(
      `INSERT INTO ${table} (stream, kind, document) VALUES (:stream, :kind, :document)
       ON CONFLICT (stream, kind) DO UPDATE SET document = excluded.document`,
    ),
    remove: database.prepare(`DELETE FROM ${table} WHERE stream = ? AND kind = ?`),
  };
}

function parse<Kind extends ConfigurationKind>(row: DocumentRow, kind: Kind): ConfigurationOf<Kind> {
  try {
    return configurationSchemas[kind].parse(JSON.parse(row.document)) as ConfigurationOf<Kind>;
  } catch (cause) {
    throw new CatalogError('damaged', `the ${kind} configuration of ${row.stream} cannot be read`, { cause });
  }
}
