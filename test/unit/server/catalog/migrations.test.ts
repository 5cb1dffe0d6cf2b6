import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { SCHEMA_VERSION } from '../../../../server/catalog/migrations.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';

/** The schema of version 1, as it was released. */
const VERSION_1 = `
  CREATE TABLE streams (
    name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, retention_hours REAL, max_bytes INTEGER, version INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE keys (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, secret TEXT NOT NULL, secret_sha256 BLOB NOT NULL UNIQUE, rights TEXT NOT NULL,
    created_ms INTEGER NOT NULL, expires_ms INTEGER, revoked_ms INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE leases (
    name TEXT PRIMARY KEY, owner TEXT, fence INTEGER NOT NULL, expires_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO streams VALUES ('cam', 1700000000123, 24.0, NULL, 3), ('door', 1700000000124, NULL, 5000, 1);
  INSERT INTO settings VALUES ('token', 'abc');
  INSERT INTO leases VALUES ('stream/cam', NULL, 7, 0);
  PRAGMA user_version = 1; PRAGMA application_id = 0x464c4f47;`;

function oldCatalog(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-migration-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'catalog.db');
  const raw = new DatabaseSync(path);
  raw.exec(VERSION_1);
  raw.close();
  return path;
}

test('a catalog of version 1 is taken over with all that is in it', (t) => {
  const path = oldCatalog(t);
  const catalog = SqliteCatalog.open(path);
  const cam = { name: 'cam', createdMs: 1_700_000_000_123, retentionHours: 24, maxBytes: null, version: 3 };
  const door = {
    name: 'door',
    createdMs: 1_700_000_000_124,
    retentionHours: null,
    maxBytes: 5000,
    version: 1,
  };
  assert.deepEqual(catalog.listStreams(), [cam, door]);
  assert.equal(catalog.setting('token'), 'abc');
  assert.deepEqual(catalog.acquireLease('stream/cam', 'me', 10, 5), { fence: 8 });
  // What is new can be used with what is old.
  catalog.updateStream({ ...cam, mediaType: 'video/h264', isWarm: true, version: 4 });
  catalog.tags.put({ kind: 'stream', name: 'cam' }, { site: 'north' });
  catalog.close();
  const again = SqliteCatalog.open(path);
  assert.deepEqual(again.stream('cam'), { ...cam, mediaType: 'video/h264', isWarm: true, version: 4 });
  assert.deepEqual(again.tags.list({ kind: 'stream', name: 'cam' }), { site: 'north' });
  again.close();
});

test('two processes that upgrade at once find the same schema', (t) => {
  const path = oldCatalog(t);
  const one = SqliteCatalog.open(path);
  const two = SqliteCatalog.open(path);
  two.tags.put({ kind: 'stream', name: 'door' }, { a: 'b' });
  assert.deepEqual(one.tags.list({ kind: 'stream', name: 'door' }), { a: 'b' });
  one.close();
  two.close();
  const raw = new DatabaseSync(path);
  assert.equal(raw.prepare('PRAGMA user_version').get()?.user_version, SCHEMA_VERSION);
  raw.close();
});
