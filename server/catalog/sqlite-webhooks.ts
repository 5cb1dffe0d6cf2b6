import type { DatabaseSync } from 'node:sqlite';
import { CatalogError } from './catalog-error.ts';
import { insert } from './sqlite-statements.ts';
import { parseWebhook, type WebhookCatalog, type WebhookRecord } from './webhook-catalog.ts';

interface WebhookRow {
  readonly name: string;
  readonly document: string;
}

/** Webhooks in SQLite, as JSON. */
export class SqliteWebhooks implements WebhookCatalog {
  readonly #statements: Statements;

  constructor(database: DatabaseSync) {
    this.#statements = prepareStatements(database);
  }

  list(): WebhookRecord[] {
    return (this.#statements.list.all() as unknown as WebhookRow[]).map(parse);
  }

  get(name: string): WebhookRecord | undefined {
    const row = this.#statements.get.get(name) as WebhookRow | undefined;
    return row === undefined ? undefined : parse(row);
  }

  insert(webhook: WebhookRecord): void {
    insert(this.#statements.insert, rowOf(webhook), `webhook ${webhook.name}`);
  }

  update(webhook: WebhookRecord): void {
    if (this.#statements.update.run(rowOf(webhook)).changes === 0) {
      throw new CatalogError('not-found', `webhook ${webhook.name} is not in the catalog`);
    }
  }

  remove(name: string): boolean {
    return this.#statements.remove.run(name).changes > 0;
  }
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  return {
    list: database.prepare('SELECT name, document FROM webhooks ORDER BY name'),
    get: database.prepare('SELECT name, document FROM webhooks WHERE name = ?'),
    insert: database.prepare('INSERT INTO webhooks (name, document) VALUES (:name, :document)'),
    update: database.prepare('UPDATE webhooks SET document = :document WHERE name = :name'),
    remove: database.prepare('DELETE FROM webhooks WHERE name = ?'),
  };
}

function rowOf(webhook: WebhookRecord) {
  return { name: webhook.name, document: JSON.stringify(webhook) };
}

function parse(row: WebhookRow): WebhookRecord {
  try {
    return parseWebhook(JSON.parse(row.document));
  } catch (cause) {
    throw new CatalogError('damaged', `the webhook ${row.name} cannot be read`, { cause });
  }
}
