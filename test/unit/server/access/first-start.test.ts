import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AccessError } from '../../../../server/access/access-error.ts';
import { ADMIN_KEY_FILE, ensureAdminKey } from '../../../../server/access/first-start.ts';
import { makeKey } from '../../../../server/access/key-factory.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';

let folder: string;
let catalog: SqliteCatalog;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'framelog-first-'));
  catalog = SqliteCatalog.open(join(folder, 'catalog.db'));
});

afterEach(() => {
  catalog.close();
  rmSync(folder, { recursive: true });
});

const preset = (id: string, secret: string) => ({
  FRAMELOG_ACCESS_KEY_ID: id,
  FRAMELOG_SECRET_ACCESS_KEY: secret,
});
const start = (environment = {}, nowMs = 1) => ensureAdminKey(catalog, environment, folder, nowMs);
const file = () => JSON.parse(readFileSync(join(folder, ADMIN_KEY_FILE), 'utf8'));

describe('the first start', () => {
  it('makes a random admin key and writes it down for its owner only', () => {
    const { key, change } = start();
    assert.equal(change, 'created');
    assert.match(key.id, /^[A-Z0-9]{20}$/);
    assert.match(key.secret, /^[\w-]{40}$/);
    assert.deepEqual(key.rights, [{ action: 'admin' }]);
    assert.deepEqual(catalog.key(key.id), key);
    assert.deepEqual(file(), { accessKeyId: key.id, secretAccessKey: key.secret });
    assert.equal(statSync(join(folder, ADMIN_KEY_FILE)).mode & 0o777, 0o600);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith(`${ADMIN_KEY_FILE}.`)),
      [],
    );
  });

  it('keeps the key on later starts, revoked or not', () => {
    const { key } = start();
    assert.deepEqual(start({}, 2), { key, change: 'none' });
    catalog.revokeKey(key.id, 3);
    assert.deepEqual(start({}, 4), { key: { ...key, revokedMs: 3 }, change: 'none' });
  });

  it('takes the key of the environment', () => {
    const { key, change } = start(preset('AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'));
    assert.equal(change, 'created');
    assert.equal(key.id, 'AKIDEXAMPLE');
    assert.equal(catalog.keyBySecret('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')?.id, 'AKIDEXAMPLE');
    assert.equal(file().accessKeyId, 'AKIDEXAMPLE');
    assert.equal(start(preset(key.id, key.secret)).change, 'none');
    assert.equal(start({}).key.id, key.id, 'and keeps it without');
  });

  it('replaces the admin key when the environment changes, and revokes the former', () => {
    const first = start().key;
    const second = start(preset('PRESET1', 'secret-one'), 2);
    assert.equal(second.change, 'replaced');
    assert.equal(catalog.key(first.id)?.revokedMs, 2);
    const third = start(preset('PRESET1', 'secret-two'), 3);
    assert.equal(third.change, 'replaced');
    assert.equal(catalog.keyBySecret('secret-one'), undefined);
    assert.equal(catalog.keyBySecret('secret-two')?.revokedMs, null);
    assert.deepEqual(file(), { accessKeyId: 'PRESET1', secretAccessKey: 'secret-two' });
  });

  it('makes a revoked key good again when the environment presets it', () => {
    const { key } = start(preset('PRESET1', 'secret-one'));
    catalog.revokeKey(key.id, 2);
    start(preset('PRESET1', 'secret-one'), 3);
    assert.equal(catalog.key(key.id)?.revokedMs, null);
  });

  it('refuses half a key and a bad one, without telling the secret', () => {
    const refused = [
      { FRAMELOG_ACCESS_KEY_ID: 'ID1' },
      { FRAMELOG_SECRET_ACCESS_KEY: 'long-enough' },
      preset('a', 'long-enough'),
      preset('with space', 'long-enough'),
      preset('ID1', 'short'),
      preset('ID1', 'with a space in it'),
    ];
    for (const environment of refused) {
      assert.throws(
        () => start(environment),
        (error) =>
          error instanceof AccessError &&
          error.code === 'bad-preset-key' &&
          !error.message.includes('long-enough'),
      );
    }
    assert.deepEqual(catalog.listKeys(), []);
    assert.equal(start(preset('', '')).change, 'created', 'empty counts as not set');
  });
});

it('keys are made with ids and secrets of their own', () => {
  const keys = Array.from({ length: 100 }, () => makeKey({ name: 'n', rights: [], expiresMs: null }, 5));
  assert.equal(new Set(keys.map(({ id }) => id)).size, 100);
  assert.equal(new Set(keys.map(({ secret }) => secret)).size, 100);
});
