import { createHash, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Catalog, CatalogError, type KeyRecord, type StreamRecord } from './catalog.ts';
import { CATALOG_SCHEMA } from './migrations.ts';
import { rightsSchema } from './right-schema.ts';
import { SqliteChannels } from './sqlite-channels.ts';
import { SqliteConfigurations } from './sqlite-configurations.ts';
import { openSqliteFile } from './sqlite-file.ts';
import { SqliteGroups } from './sqlite-groups.ts';
import { SqliteJobs } from './sqlite-jobs.ts';
import { SqliteProcessors } from './sqlite-processors.ts';
import { SqliteRecords } from './sqlite-records.ts';
import { insert, inTransaction, pageOf } from './sqlite-statements.ts';
import { SqliteTags } from './sqlite-tags.ts';
import { SqliteWebhooks } from './sqlite-webhooks.ts';
import type { Tags } from './tag-catalog.ts';

/** Where the catalog of a data folder is. */
export function catalogPath(dataDir: string): string {
  return join(dataDir, 'catalog.db');
}

/** What SQLite gives for a row of `streams`; the schema is STRICT, so the types hold. */
interface StreamRow {
  readonly name: string;
  readonly created_ms: number;
  readonly retention_hours: number | null;
  readonly max_bytes: number | null;
  readonly version: number;
  readonly device_name: string | null;
  readonly media_type: string | null;
  readonly kms_key_id: string | null;
  readonly is_warm: number;
}

interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
  readonly rights: string;
  readonly created_ms: number;
  readonly expires_ms: number | null;
  readonly revoked_ms: number | null;
}

/**
 * The embedded catalog on `node:sqlite`: WAL with synchronous FULL, so that every change is on the disk before its
 * method answers, and other processes can read and write beside the server. Nothing is cached: a change by another
 * process is seen by the next call.
 */
export class SqliteCatalog implements Catalog {
  readonly tags: SqliteTags;
  readonly channels: SqliteChannels;
  readonly configurations: SqliteConfigurations;
  readonly records: SqliteRecords;
  readonly groups: SqliteGroups;
  readonly jobs: SqliteJobs;
  readonly processors: SqliteProcessors;
  readonly webhooks: SqliteWebhooks;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;

  private constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.tags = new SqliteTags(database);
    this.channels = new SqliteChannels(database, this.tags);
    this.configurations = new SqliteConfigurations(database);
    this.records = new SqliteRecords(database);
    this.groups = new SqliteGroups(database);
    this.jobs = new SqliteJobs(database);
    this.processors = new SqliteProcessors(database);
    this.webhooks = new SqliteWebhooks(database);
  }

  /**
   * Opens the catalog file, creates it (mode 0600: it holds secrets) and its directory where needed, and migrates it.
   * Throws CatalogError `too-new` or `damaged`.
   */
  static open(path: string): SqliteCatalog {
    return openSqliteFile(path, CATALOG_SCHEMA, (database) => new SqliteCatalog(database));
  }

  listStreams(
    options: { readonly after?: string; readonly limit?: number; readonly prefix?: string } = {},
  ): StreamRecord[] {
    const rows = this.#statements.listStreams.all(pageOf(options));
    return (rows as unknown as StreamRow[]).map(streamOfRow);
  }

  countStreams(): number {
    return Number(this.#statements.countStreams.get()?.count);
  }

  stream(name: string): StreamRecord | undefined {
    const row = this.#statements.stream.get(name) as StreamRow | undefined;
    return row === undefined ? undefined : streamOfRow(row);
  }

  insertStream(record: StreamRecord, tags: Tags = {}): void {
    inTransaction(this.#database, () => {
      insert(this.#statements.insertStream, rowOfStream(record), `stream ${record.name}`);
      this.tags.put({ kind: 'stream', name: record.name }, tags);
    });
  }

  updateStream(record: StreamRecord): void {
    const { created_ms: _, ...row } = rowOfStream(record);
    if (this.#statements.updateStream.run(row).changes > 0) return;
    const stored = this.stream(record.name);
    if (stored === undefined)
      throw new CatalogError('not-found', `stream ${record.name} is not in the catalog`);
    throw new CatalogError(
      'conflict',
      `stream ${record.name} is at version ${stored.version}, the update was made for version ${record.version - 1}`,
    );
  }

  deleteStream(name: string): boolean {
    return this.#statements.deleteStream.run(name).changes > 0;
  }

  listKeys(): KeyRecord[] {
    return (this.#statements.listKeys.all() as unknown as KeyRow[]).map(keyOfRow);
  }

  key(id: string): KeyRecord | undefined {
    const row = this.#statements.key.get(id) as KeyRow | undefined;
    return row === undefined ? undefined : keyOfRow(row);
  }

  keyBySecret(secret: string): KeyRecord | undefined {
    // The index look-up may leak timing about hashes, never about secrets; the comparison that decides leaks nothing.
    const row = this.#statements.keyByHash.get(sha256(secret)) as KeyRow | undefined;
    if (row === undefined) return undefined;
    const stored = Buffer.from(row.secret);
    const given = Buffer.from(secret);
    if (stored.length !== given.length || !timingSafeEqual(stored, given)) return undefined;
    return keyOfRow(row);
  }

  insertKey(record: KeyRecord): void {
    insert(this.#statements.insertKey, rowOfKey(record), `key ${record.id} or its secret`);
  }

  putKey(record: KeyRecord): void {
    insert(this.#statements.putKey, rowOfKey(record), `the secret of key ${record.id}`);
  }

  revokeKey(id: string, nowMs: number): boolean {
    return this.#statements.revokeKey.run({ id, now: nowMs }).changes > 0;
  }

  setting(name: string): string | undefined {
    const row = this.#statements.setting.get(name);
    return row === undefined ? undefined : String(row.value);
  }

  putSetting(name: string, value: string): void {
    this.#statements.putSetting.run(name, value);
  }

  acquireLease(
    name: string,
    owner: string,
    ttlMs: number,
    nowMs: number,
  ): { readonly fence: number } | undefined {
    const row = this.#statements.acquireLease.get({ name, owner, now: nowMs, expires: nowMs + ttlMs });
    return row === undefined ? undefined : { fence: Number(row.fence) };
  }

  releaseLease(name: string, owner: string): void {
    this.#statements.releaseLease.run({ name, owner });
  }

  /** Writes the WAL back and closes; the catalog cannot be used afterwards. */
  close(): void {
    this.#database.close();
  }
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  return {
    listStreams: database.prepare(
      'SELECT * FROM streams WHERE name > :after AND name >= :from AND name < :to ORDER BY name LIMIT :limit',
    ),
    countStreams: database.prepare('SELECT count(*) AS count FROM streams'),
    stream: database.prepare('SELECT * FROM streams WHERE name = ?'),
    insertStream: database.prepare(
      `INSERT INTO streams
         (name, created_ms, retention_hours, max_bytes, version, device_name, media_type, kms_key_id, is_warm)
       VALUES
         (:name, :created_ms, :retention_hours, :max_bytes, :version, :device_name, :media_type, :kms_key_id, :is_warm)`,
    ),
    updateStream: database.prepare(
      `UPDATE streams SET retention_hours = :retention_hours, max_bytes = :max_bytes, version = :version,
         device_name = :device_name, media_type = :media_type, kms_key_id = :kms_key_id, is_warm = :is_warm
       WHERE name = :name AND version = :version - 1`,
    ),
    deleteStream: database.prepare('DELETE FROM streams WHERE name = ?'),
    listKeys: database.prepare('SELECT * FROM keys ORDER BY created_ms, id'),
    key: database.prepare('SELECT * FROM keys WHERE id = ?'),
    keyByHash: database.prepare('SELECT * FROM keys WHERE secret_sha256 = ?'),
    insertKey: database.prepare(`INSERT INTO keys ${KEY_VALUES}`),
    putKey: database.prepare(
      `INSERT INTO keys ${KEY_VALUES} ON CONFLICT (id) DO UPDATE SET
         name = excluded.name, secret = excluded.secret, secret_sha256 = excluded.secret_sha256,
         rights = excluded.rights, expires_ms = excluded.expires_ms, revoked_ms = excluded.revoked_ms`,
    ),
    revokeKey: database.prepare('UPDATE keys SET revoked_ms = :now WHERE id = :id AND revoked_ms IS NULL'),
    setting: database.prepare('SELECT value FROM settings WHERE name = ?'),
    putSetting: database.prepare(
      'INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    ),
    acquireLease: database.prepare(
      `INSERT INTO leases VALUES (:name, :owner, 1, :expires)
       ON CONFLICT (name) DO UPDATE SET
         fence = CASE WHEN owner = excluded.owner THEN fence ELSE fence + 1 END,
         owner = excluded.owner, expires_ms = excluded.expires_ms
       WHERE owner IS NULL OR owner = excluded.owner OR expires_ms <= :now
       RETURNING fence`,
    ),
    releaseLease: database.prepare('UPDATE leases SET owner = NULL WHERE name = :name AND owner = :owner'),
  };
}

const KEY_VALUES = `(id, name, secret, secret_sha256, rights, created_ms, expires_ms, revoked_ms)
  VALUES (:id, :name, :secret, :secret_sha256, :rights, :created_ms, :expires_ms, :revoked_ms)`;

function streamOfRow(row: StreamRow): StreamRecord {
  return {
    name: row.name,
    createdMs: row.created_ms,
    retentionHours: row.retention_hours,
    maxBytes: row.max_bytes,
    version: row.version,
    ...(row.device_name === null ? {} : { deviceName: row.device_name }),
    ...(row.media_type === null ? {} : { mediaType: row.media_type }),
    ...(row.kms_key_id === null ? {} : { kmsKeyId: row.kms_key_id }),
    ...(row.is_warm === 0 ? {} : { isWarm: true }),
  };
}

function rowOfStream(record: StreamRecord) {
  return {
    name: record.name,
    created_ms: record.createdMs,
    retention_hours: record.retentionHours,
    max_bytes: record.maxBytes,
    version: record.version,
    device_name: record.deviceName ?? null,
    media_type: record.mediaType ?? null,
    kms_key_id: record.kmsKeyId ?? null,
    is_warm: record.isWarm === true ? 1 : 0,
  } satisfies StreamRow;
}

function keyOfRow(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    secret: row.secret,
    rights: parseRights(row),
    createdMs: row.created_ms,
    expiresMs: row.expires_ms,
    revokedMs: row.revoked_ms,
  };
}

function rowOfKey(record: KeyRecord) {
  return {
    id: record.id,
    name: record.name,
    secret: record.secret,
    secret_sha256: sha256(record.secret),
    rights: JSON.stringify(record.rights),
    created_ms: record.createdMs,
    expires_ms: record.expiresMs,
    revoked_ms: record.revokedMs,
  } satisfies KeyRow & { secret_sha256: Uint8Array };
}

function parseRights(row: KeyRow): KeyRecord['rights'] {
  try {
    return rightsSchema.parse(JSON.parse(row.rights));
  } catch (cause) {
    throw new CatalogError('damaged', `the rights of key ${row.id} cannot be read`, { cause });
  }
}

function sha256(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest();
}
