import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyCatalog, KeyRecord, SettingCatalog } from '../catalog/catalog.ts';
import { AccessError } from './access-error.ts';
import { makeKey } from './key-factory.ts';

/** Name of the file in the data directory that tells the admin key. */
export const ADMIN_KEY_FILE = 'admin-key.json';
/** Catalog setting that names the admin key in use. */
const ADMIN_KEY_ID = 'admin-key-id';
const KEY_NAME = 'admin';

/** The environment variables that preset the admin key. */
export interface PresetEnvironment {
  readonly FRAMELOG_ACCESS_KEY_ID?: string | undefined;
  readonly FRAMELOG_SECRET_ACCESS_KEY?: string | undefined;
}

/** What the first start, or a later one, made of the admin key. */
export interface AdminKey {
  readonly key: KeyRecord;
  /** `created` and `replaced` deserve a line for the operator. */
  readonly change: 'created' | 'replaced' | 'none';
}

/**
 * The admin key of this server: the one preset in the environment, or else the one of the first start, or else a new
 * one. There is one at a time: when the environment presets another, the former is revoked. Its id and secret are
 * written to `admin-key.json` (mode 0600) in the data directory. Throws AccessError `bad-preset-key`.
 */
export function ensureAdminKey(
  catalog: KeyCatalog & SettingCatalog,
  environment: PresetEnvironment,
  dataDir: string,
  nowMs: number,
): AdminKey {
  const preset = readPreset(environment);
  const formerId = catalog.setting(ADMIN_KEY_ID);
  const former = formerId === undefined ? undefined : catalog.key(formerId);
  if (former !== undefined && keeps(former, preset)) return { key: former, change: 'none' };

  const made = makeKey({ name: KEY_NAME, rights: [{ action: 'admin' }], expiresMs: null }, nowMs);
  const key = preset === undefined ? made : { ...made, ...preset };
  // In this order a crash on the way leaves the former key valid and named, and the next start does it again.
  catalog.putKey(key);
  writeAdminKeyFile(dataDir, key);
  catalog.putSetting(ADMIN_KEY_ID, key.id);
  if (formerId !== undefined && formerId !== key.id) catalog.revokeKey(formerId, nowMs);
  return { key, change: former === undefined ? 'created' : 'replaced' };
}

/** An admin key that the operator revoked stays revoked, unless the environment presets it again. */
function keeps(former: KeyRecord, preset: Preset | undefined): boolean {
  if (preset === undefined) return true;
  return former.id === preset.id && former.secret === preset.secret && former.revokedMs === null;
}

type Preset = Pick<KeyRecord, 'id' | 'secret'>;

function readPreset(environment: PresetEnvironment): Preset | undefined {
  const id = environment.FRAMELOG_ACCESS_KEY_ID || undefined;
  const secret = environment.FRAMELOG_SECRET_ACCESS_KEY || undefined;
  if (id === undefined && secret === undefined) return undefined;
  if (id === undefined || secret === undefined) {
    throw new AccessError(
      'bad-preset-key',
      'FRAMELOG_ACCESS_KEY_ID and FRAMELOG_SECRET_ACCESS_KEY are set together, or not at all',
    );
  }
  if (!/^\w{3,128}$/.test(id)) {
    throw new AccessError('bad-preset-key', 'FRAMELOG_ACCESS_KEY_ID must be 3 to 128 letters, digits or _');
  }
  if (!/^[!-~]{8,128}$/.test(secret)) {
    throw new AccessError(
      'bad-preset-key',
      'FRAMELOG_SECRET_ACCESS_KEY must be 8 to 128 printable ASCII characters without spaces (40 random ones are best)',
    );
  }
  return { id, secret };
}

/** Written whole or not at all, and never readable by others. */
function writeAdminKeyFile(dataDir: string, key: KeyRecord): void {
  const path = join(dataDir, ADMIN_KEY_FILE);
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(file, `${JSON.stringify({ accessKeyId: key.id, secretAccessKey: key.secret }, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
