import { makeKey } from '../../../../../server/access/key-factory.ts';
import type { KeyCatalog, KeyRecord, Right, SettingCatalog } from '../../../../../server/catalog/catalog.ts';

/** The keys and settings of a catalog, in memory. */
export class FakeKeys implements KeyCatalog, SettingCatalog {
  readonly #keys = new Map<string, KeyRecord>();
  readonly #settings = new Map<string, string>();

  /** Adds a key with these rights. */
  add(rights: readonly Right[], nowMs: number, expiresMs: number | null = null): KeyRecord {
    const key = makeKey({ name: 'test', rights, expiresMs }, nowMs);
    this.insertKey(key);
    return key;
  }

  listKeys(): KeyRecord[] {
    return [...this.#keys.values()];
  }

  key(id: string): KeyRecord | undefined {
    return this.#keys.get(id);
  }

  keyBySecret(secret: string): KeyRecord | undefined {
    return this.listKeys().find((key) => key.secret === secret);
  }

  insertKey(record: KeyRecord): void {
    this.#keys.set(record.id, record);
  }

  putKey(record: KeyRecord): void {
    this.#keys.set(record.id, record);
  }

  revokeKey(id: string, nowMs: number): boolean {
    const key = this.#keys.get(id);
    if (key === undefined) return false;
    this.#keys.set(id, { ...key, revokedMs: nowMs });
    return true;
  }

  setting(name: string): string | undefined {
    return this.#settings.get(name);
  }

  putSetting(name: string, value: string): void {
    this.#settings.set(name, value);
  }
}
