import type { FileSchema } from './sqlite-file.ts';

/** "FLOG": marks the file as a Framelog catalog, for `file(1)` and against opening a stranger's database. */
const APPLICATION_ID = 0x464c4f47;

/**
 * One script a schema version, the first for version 1. Applied once, in order, each in its own transaction. A script
 * that has been released is never edited: a change of the schema is a new script at the end.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE streams (
     name            TEXT PRIMARY KEY,
     created_ms      INTEGER NOT NULL,            -- epoch ms
     retention_hours REAL,                        -- NULL: until space is needed
     max_bytes       INTEGER,                     -- NULL: no bound of its own
     version         INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE keys (
     id            TEXT PRIMARY KEY,              -- AWS access key id
     name          TEXT NOT NULL,
     secret        TEXT NOT NULL,                 -- in clear: SigV4 needs it
     secret_sha256 BLOB NOT NULL UNIQUE,          -- what a presented secret is looked up by
     rights        TEXT NOT NULL,                 -- JSON array, see right-schema.ts
     created_ms    INTEGER NOT NULL,
     expires_ms    INTEGER,
     revoked_ms    INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE settings (
     name  TEXT PRIMARY KEY,
     value TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE leases (
     name       TEXT PRIMARY KEY,
     owner      TEXT,                             -- NULL: released; the row stays so that the fence goes on
     fence      INTEGER NOT NULL,
     expires_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  `ALTER TABLE streams ADD COLUMN device_name TEXT;
   ALTER TABLE streams ADD COLUMN media_type TEXT;
   ALTER TABLE streams ADD COLUMN kms_key_id TEXT;
   ALTER TABLE streams ADD COLUMN is_warm INTEGER NOT NULL DEFAULT 0;  -- 1: sealed files go to the warm directory
   CREATE TABLE stream_configurations (
     stream   TEXT NOT NULL REFERENCES streams ON DELETE CASCADE,
     kind     TEXT NOT NULL,                      -- see configuration-catalog.ts
     document TEXT NOT NULL,                      -- JSON
     PRIMARY KEY (stream, kind)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE channels (
     name                TEXT PRIMARY KEY,
     created_ms          INTEGER NOT NULL,        -- epoch ms
     type                TEXT NOT NULL,
     message_ttl_seconds INTEGER NOT NULL,
     version             INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE media_storage (
     channel    TEXT PRIMARY KEY REFERENCES channels ON DELETE CASCADE,
     stream     TEXT NOT NULL UNIQUE REFERENCES streams ON DELETE CASCADE,  -- one channel a stream
     is_enabled INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE tags (
     kind  TEXT NOT NULL,                         -- 'stream' or 'channel'
     name  TEXT NOT NULL,                         -- of the stream or channel
     key   TEXT NOT NULL,
     value TEXT NOT NULL,
     PRIMARY KEY (kind, name, key)
   ) STRICT, WITHOUT ROWID;
   CREATE TRIGGER stream_tags AFTER DELETE ON streams BEGIN
     DELETE FROM tags WHERE kind = 'stream' AND name = OLD.name;
   END;
   CREATE TRIGGER channel_tags AFTER DELETE ON channels BEGIN
     DELETE FROM tags WHERE kind = 'channel' AND name = OLD.name;
   END;`,
  `CREATE TABLE data_streams (
     name        TEXT PRIMARY KEY,
     created_ms  INTEGER NOT NULL,                -- epoch ms
     is_deleting INTEGER NOT NULL,
     settings    TEXT NOT NULL                    -- JSON, see sqlite-records.ts
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE data_shards (
     stream                TEXT NOT NULL REFERENCES data_streams ON DELETE CASCADE,
     shard_index           INTEGER NOT NULL,
     parent_index          INTEGER,
     adjacent_parent_index INTEGER,
     range_start           TEXT NOT NULL,         -- decimal, 128 bits
     range_end             TEXT NOT NULL,
     created_ms            INTEGER NOT NULL,
     closed_ms             INTEGER,               -- NULL: open
     PRIMARY KEY (stream, shard_index)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE data_consumers (
     stream     TEXT NOT NULL REFERENCES data_streams ON DELETE CASCADE,
     name       TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     settings   TEXT NOT NULL,                    -- JSON
     PRIMARY KEY (stream, name)
   ) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE data_groups (
     stream       TEXT NOT NULL REFERENCES data_streams ON DELETE CASCADE,
     name         TEXT NOT NULL,
     created_ms   INTEGER NOT NULL,
     started_at   TEXT NOT NULL,
     last_number  INTEGER NOT NULL,           -- see group-catalog.ts
     PRIMARY KEY (stream, name)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE data_group_workers (
     stream     TEXT NOT NULL,
     group_name TEXT NOT NULL,
     name       TEXT NOT NULL,
     session    INTEGER NOT NULL,
     lease_ms   INTEGER NOT NULL,
     joined_ms  INTEGER NOT NULL,
     PRIMARY KEY (stream, group_name, name),
     FOREIGN KEY (stream, group_name) REFERENCES data_groups ON DELETE CASCADE
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE data_group_leases (
     stream              TEXT NOT NULL,
     group_name          TEXT NOT NULL,
     shard               TEXT NOT NULL,           -- its id
     owner               TEXT,                    -- name of a worker
     fence               INTEGER NOT NULL,
     sequence_number     TEXT NOT NULL,           -- or TRIM_HORIZON, SHARD_END
     sub_sequence_number INTEGER,                 -- NULL: all of the record
     checkpoint_ms       INTEGER,                 -- NULL: never set by a worker
     PRIMARY KEY (stream, group_name, shard),
     FOREIGN KEY (stream, group_name) REFERENCES data_groups ON DELETE CASCADE
   ) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE detection_jobs (
     id         TEXT PRIMARY KEY,
     stream     TEXT NOT NULL REFERENCES streams ON DELETE CASCADE,
     created_ms INTEGER NOT NULL,                 -- epoch ms
     document   TEXT NOT NULL                     -- JSON, see job-catalog.ts
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX detection_jobs_of_stream ON detection_jobs (stream, created_ms);`,
  `CREATE TABLE stream_processors (
     name     TEXT PRIMARY KEY,
     document TEXT NOT NULL                       -- JSON, see processor-catalog.ts
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE processor_records (               -- not delivered yet
     seq           INTEGER PRIMARY KEY AUTOINCREMENT,
     processor     TEXT NOT NULL REFERENCES stream_processors ON DELETE CASCADE,
     data_stream   TEXT NOT NULL,
     partition_key TEXT NOT NULL,
     data          BLOB NOT NULL
   ) STRICT;
   CREATE INDEX processor_records_in_order ON processor_records (processor, seq);`,
  `CREATE TABLE webhooks (
     name     TEXT PRIMARY KEY,
     document TEXT NOT NULL                       -- JSON, see webhook-catalog.ts
   ) STRICT, WITHOUT ROWID;`,
];

/** The schema version that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

export const CATALOG_SCHEMA: FileSchema = {
  applicationId: APPLICATION_ID,
  migrations: MIGRATIONS,
  what: 'a Framelog catalog',
};
