import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CatalogError, type KeyRecord, type StreamRecord } from '../../../../server/catalog/catalog.ts';
import { SCHEMA_VERSION } from '../../../../server/catalog/migrations.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';

let folder: string;
let path: string;
let catalog: SqliteCatalog;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'framelog-catalog-'));
  path = join(folder, 'data', 'catalog.db');
  catalog = SqliteCatalog.open(path);
});

afterEach(() => {
  catalog.close();
  rmSync(folder, { recursive: true });
});

function reopen(): void {
  catalog.close();
  catalog = SqliteCatalog.open(path);
}

function stream(name: string, change: Partial<StreamRecord> = {}): StreamRecord {
  return { name, createdMs: 1_700_000_000_123, retentionHours: null, maxBytes: null, version: 1, ...change };
}

function key(id: string, change: Partial<KeyRecord> = {}): KeyRecord {
  return {
    id,
    name: `name of ${id}`,
    secret: `secret of ${id}`,
    rights: [{ action: 'publish', stream: 'cam-*' }],
    createdMs: 1_700_000_000_000,
    expiresMs: null,
    revokedMs: null,
    ...change,
  };
}

const withCode = (code: string) => (error: unknown) => error instanceof CatalogError && error.code === code;

describe('SqliteCatalog streams', () => {
  it('gives back what was stored, also after reopening', () => {
    const record = stream('cam', { retentionHours: 0.5, maxBytes: 5 * 2 ** 40, version: 7 });
    catalog.insertStream(record);
    assert.deepEqual(catalog.stream('cam'), record);
    reopen();
    assert.deepEqual(catalog.stream('cam'), record);
    assert.equal(catalog.stream('Cam'), undefined);
  });

  it('refuses a taken name', () => {
    catalog.insertStream(stream('cam'));
    assert.throws(() => catalog.insertStream(stream('cam')), withCode('already-exists'));
  });

  it('pages in name order, with prefix and limit', () => {
    for (const name of ['b2', 'a', 'b10', 'c', 'b', 'B']) catalog.insertStream(stream(name));
    const names = (options?: Parameters<typeof catalog.listStreams>[0]) =>
      catalog.listStreams(options).map((record) => record.name);
    assert.deepEqual(names(), ['B', 'a', 'b', 'b10', 'b2', 'c']);
    assert.deepEqual(names({ prefix: 'b' }), ['b', 'b10', 'b2']);
    assert.deepEqual(names({ prefix: 'b', after: 'b', limit: 1 }), ['b10']);
    assert.deepEqual(names({ after: 'b2' }), ['c']);
    assert.deepEqual(names({ limit: 0 }), []);
    assert.deepEqual(names({ prefix: 'x' }), []);
  });

  it('updates only the next version of a known stream', () => {
    catalog.insertStream(stream('cam'));
    const next = stream('cam', { retentionHours: 24, maxBytes: 10, version: 2 });
    catalog.updateStream(next);
    assert.deepEqual(catalog.stream('cam'), next);
    assert.throws(() => catalog.updateStream(next), withCode('conflict'));
    assert.throws(() => catalog.updateStream(stream('other')), withCode('not-found'));
  });

  it('deletes once', () => {
    catalog.insertStream(stream('cam'));
    assert.equal(catalog.deleteStream('cam'), true);
    assert.equal(catalog.deleteStream('cam'), false);
    assert.equal(catalog.stream('cam'), undefined);
  });
});

describe('SqliteCatalog keys', () => {
  it('finds a key by id and by secret', () => {
    const record = key('AAA', {
      expiresMs: 5,
      rights: [{ action: 'admin' }, { action: 'view', stream: '*' }],
    });
    catalog.insertKey(record);
    catalog.insertKey(key('BBB'));
    assert.deepEqual(catalog.key('AAA'), record);
    assert.deepEqual(catalog.keyBySecret('secret of AAA'), record);
    assert.equal(catalog.keyBySecret('secret of aaa'), undefined);
    assert.equal(catalog.keyBySecret(''), undefined);
    assert.deepEqual(
      catalog.listKeys().map(({ id }) => id),
      ['AAA', 'BBB'],
    );
  });

  it('refuses a taken id and a taken secret', () => {
    catalog.insertKey(key('AAA'));
    assert.throws(() => catalog.insertKey(key('AAA', { secret: 'x' })), withCode('already-exists'));
    assert.throws(
      () => catalog.insertKey(key('BBB', { secret: 'secret of AAA' })),
      withCode('already-exists'),
    );
    assert.throws(() => catalog.putKey(key('BBB', { secret: 'secret of AAA' })), withCode('already-exists'));
  });

  it('replaces a key, so that the former secret opens nothing', () => {
    catalog.insertKey(key('AAA', { revokedMs: 3 }));
    catalog.putKey(key('AAA', { secret: 'new', createdMs: 9 }));
    assert.equal(catalog.keyBySecret('secret of AAA'), undefined);
    assert.deepEqual(catalog.keyBySecret('new'), key('AAA', { secret: 'new' }));
  });

  it('revokes once, and keeps the time of it', () => {
    catalog.insertKey(key('AAA'));
    assert.equal(catalog.revokeKey('AAA', 50), true);
    assert.equal(catalog.revokeKey('AAA', 60), false);
    assert.equal(catalog.revokeKey('BBB', 60), false);
    assert.equal(catalog.key('AAA')?.revokedMs, 50);
  });

  it('sees at once what another process has done', () => {
    const other = SqliteCatalog.open(path);
    other.insertKey(key('AAA'));
    assert.equal(catalog.key('AAA')?.revokedMs, null);
    other.revokeKey('AAA', 50);
    assert.equal(catalog.keyBySecret('secret of AAA')?.revokedMs, 50);
    other.close();
  });

  it('tells of rights that cannot be read', () => {
    catalog.insertKey(key('AAA'));
    const raw = new DatabaseSync(path);
    for (const rights of ['not json', '[]', '[{"action":"fly"}]', '[{"action":"view","stream":"a/b"}]']) {
      raw.prepare('UPDATE keys SET rights = ?').run(rights);
      assert.throws(() => catalog.key('AAA'), withCode('damaged'));
    }
    raw.close();
  });
});

describe('SqliteCatalog settings and leases', () => {
  it('keeps settings', () => {
    assert.equal(catalog.setting('a'), undefined);
    catalog.putSetting('a', '1');
    catalog.putSetting('a', '2');
    reopen();
    assert.equal(catalog.setting('a'), '2');
  });

  it('gives a lease to one owner, with a fence that grows with each new one', () => {
    assert.deepEqual(catalog.acquireLease('s', 'one', 100, 1000), { fence: 1 });
    assert.equal(catalog.acquireLease('s', 'two', 100, 1099), undefined);
    assert.deepEqual(catalog.acquireLease('s', 'one', 100, 1050), { fence: 1 }, 'renewal');
    assert.equal(catalog.acquireLease('s', 'two', 100, 1149), undefined, 'was prolonged');
    assert.deepEqual(catalog.acquireLease('s', 'two', 100, 1150), { fence: 2 }, 'expired');
    assert.equal(catalog.acquireLease('s', 'one', 100, 1151), undefined);
    assert.deepEqual(catalog.acquireLease('other', 'one', 100, 1151), { fence: 1 });
  });

  it('goes on with the fence after a release, and after reopening', () => {
    catalog.acquireLease('s', 'one', 100, 1000);
    catalog.releaseLease('s', 'two');
    assert.equal(catalog.acquireLease('s', 'two', 100, 1001), undefined, 'only the owner releases');
    catalog.releaseLease('s', 'one');
    reopen();
    assert.deepEqual(catalog.acquireLease('s', 'one', 100, 1001), { fence: 2 });
  });
});

describe('SqliteCatalog file', () => {
  it('is for its owner only, also its journal, and when it was not before', () => {
    catalog.putSetting('a', '1');
    const mode = (file: string) => statSync(file).mode & 0o777;
    assert.equal(mode(path), 0o600);
    assert.equal(mode(`${path}-wal`), 0o600);
    catalog.close();
    chmodSync(path, 0o644);
    catalog = SqliteCatalog.open(path);
    assert.equal(mode(path), 0o600);
  });

  it('keeps a write-ahead log', () => {
    const raw = new DatabaseSync(path);
    assert.deepEqual({ ...raw.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' });
    raw.close();
  });

  it('refuses a schema of a later program', () => {
    const raw = new DatabaseSync(path);
    raw.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    raw.close();
    assert.throws(() => SqliteCatalog.open(path), withCode('too-new'));
  });

  it('refuses what is not a catalog', () => {
    const text = join(folder, 'text');
    writeFileSync(text, 'this is no database, and long enough to have a header of its own'.repeat(20));
    assert.throws(() => SqliteCatalog.open(text), withCode('damaged'));

    const strange = join(folder, 'strange.db');
    const raw = new DatabaseSync(strange);
    raw.exec('CREATE TABLE streams (x)');
    raw.close();
    assert.throws(() => SqliteCatalog.open(strange), withCode('damaged'));
  });
});
