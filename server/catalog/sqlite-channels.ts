import type { DatabaseSync } from 'node:sqlite';
import { CatalogError } from './catalog-error.ts';
import type { ChannelCatalog, ChannelRecord, MediaStorage } from './channel-catalog.ts';
import { insert, inTransaction, pageOf } from './sqlite-statements.ts';
import type { TagCatalog, Tags } from './tag-catalog.ts';

interface ChannelRow {
  readonly name: string;
  readonly created_ms: number;
  readonly type: ChannelRecord['type'];
  readonly message_ttl_seconds: number;
  readonly version: number;
}

interface StorageRow {
  readonly channel: string;
  readonly stream: string;
  readonly is_enabled: number;
}

/** Signaling channels in SQLite. */
export class SqliteChannels implements ChannelCatalog {
  readonly #database: DatabaseSync;
  readonly #tags: TagCatalog;
  readonly #statements: Statements;

  constructor(database: DatabaseSync, tags: TagCatalog) {
    this.#database = database;
    this.#tags = tags;
    this.#statements = prepareStatements(database);
  }

  list(
    options: { readonly after?: string; readonly limit?: number; readonly prefix?: string } = {},
  ): ChannelRecord[] {
    return (this.#statements.list.all(pageOf(options)) as unknown as ChannelRow[]).map(channelOfRow);
  }

  count(): number {
    return Number(this.#statements.count.get()?.count);
  }

  get(name: string): ChannelRecord | undefined {
    const row = this.#statements.get.get(name) as ChannelRow | undefined;
    return row === undefined ? undefined : channelOfRow(row);
  }

  insert(record: ChannelRecord, tags: Tags = {}): void {
    const { name, createdMs, type, messageTtlSeconds, version } = record;
    inTransaction(this.#database, () => {
      insert(
        this.#statements.insert,
        { name, created_ms: createdMs, type, message_ttl_seconds: messageTtlSeconds, version },
        `channel ${name}`,
      );
      this.#tags.put({ kind: 'channel', name }, tags);
    });
  }

  update({ name, messageTtlSeconds, version }: ChannelRecord): void {
    const row = { name, message_ttl_seconds: messageTtlSeconds, version };
    if (this.#statements.update.run(row).changes > 0) return;
    const stored = this.get(name);
    if (stored === undefined) throw new CatalogError('not-found', `channel ${name} is not in the catalog`);
    throw new CatalogError(
      'conflict',
      `channel ${name} is at version ${stored.version}, the update was made for version ${version - 1}`,
    );
  }

  delete(name: string): boolean {
    return this.#statements.delete.run(name).changes > 0;
  }

  mediaStorage(channel: string): MediaStorage | undefined {
    return storageOfRow(this.#statements.storage.get(channel) as StorageRow | undefined);
  }

  mediaStorageOfStream(stream: string): MediaStorage | undefined {
    return storageOfRow(this.#statements.storageOfStream.get(stream) as StorageRow | undefined);
  }

  putMediaStorage({ channel, stream, isEnabled }: MediaStorage): void {
    insert(
      this.#statements.putStorage,
      { channel, stream, is_enabled: isEnabled ? 1 : 0 },
      `the storage of stream ${stream} or its channel ${channel}`,
    );
  }

  removeMediaStorage(channel: string): void {
    this.#statements.removeStorage.run(channel);
  }
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  return {
    list: database.prepare(
      'SELECT * FROM channels WHERE name > :after AND name >= :from AND name < :to ORDER BY name LIMIT :limit',
    ),
    count: database.prepare('SELECT count(*) AS count FROM channels'),
    get: database.prepare('SELECT * FROM channels WHERE name = ?'),
    insert: database.prepare(
      `INSERT INTO channels (name, created_ms, type, message_ttl_seconds, version)
       VALUES (:name, :created_ms, :type, :message_ttl_seconds, :version)`,
    ),
    update: database.prepare(
      `UPDATE channels SET message_ttl_seconds = :message_ttl_seconds, version = :version
       WHERE name = :name AND version = :version - 1`,
    ),
    delete: database.prepare('DELETE FROM channels WHERE name = ?'),
    storage: database.prepare('SELECT * FROM media_storage WHERE channel = ?'),
    storageOfStream: database.prepare('SELECT * FROM media_storage WHERE stream = ?'),
    putStorage: database.prepare(
      `INSERT INTO media_storage (channel, stream, is_enabled) VALUES (:channel, :stream, :is_enabled)
       ON CONFLICT (channel) DO UPDATE SET stream = excluded.stream, is_enabled = excluded.is_enabled`,
    ),
    removeStorage: database.prepare('DELETE FROM media_storage WHERE channel = ?'),
  };
}

function channelOfRow(row: ChannelRow): ChannelRecord {
  return {
    name: row.name,
    createdMs: row.created_ms,
    type: row.type,
    messageTtlSeconds: row.message_ttl_seconds,
    version: row.version,
  };
}

function storageOfRow(row: StorageRow | undefined): MediaStorage | undefined {
  if (row === undefined) return undefined;
  return { channel: row.channel, stream: row.stream, isEnabled: row.is_enabled !== 0 };
}
