import type { ChannelCatalog } from './channel-catalog.ts';
import type { ConfigurationCatalog } from './configuration-catalog.ts';
import type { TagCatalog, Tags } from './tag-catalog.ts';

export { CatalogError, type CatalogErrorCode } from './catalog-error.ts';

/**
 * The catalog: the small durable database of what exists (design.md §1). The embedded implementation is
 * `SqliteCatalog` in sqlite-catalog.ts; the interfaces are small so that another engine can stand behind them (§7).
 */

export interface StreamRecord {
  readonly name: string;
  readonly createdMs: number;
  /** `null`: keep until space is needed. 0: nothing older than what live viewing needs. */
  readonly retentionHours: number | null;
  /** Upper bound of its bytes on disk; `null`: none but the disk's own. */
  readonly maxBytes: number | null;
  /** Changes with every update, for optimistic checks. */
  readonly version: number;
  /** What AWS clients say of a stream, kept for them: absent where they said nothing. */
  readonly deviceName?: string;
  /** `video/h264,audio/aac`. */
  readonly mediaType?: string;
  readonly kmsKeyId?: string;
  /** Its sealed files lie in the warm directory; else beside the open one. */
  readonly isWarm?: boolean;
}

/** What a key may do. `stream` is a name or a pattern with `*`; `admin` implies all. */
export type Right =
  | { readonly action: 'admin' }
  | { readonly action: 'publish'; readonly stream: string }
  | { readonly action: 'view'; readonly stream: string };

export interface KeyRecord {
  /** Public id: 20 upper-case letters and digits, the AWS access key id. */
  readonly id: string;
  readonly name: string;
  /** Needed in clear to verify SigV4 signatures; the catalog file has mode 0600. */
  readonly secret: string;
  readonly rights: readonly Right[];
  readonly createdMs: number;
  readonly expiresMs: number | null;
  readonly revokedMs: number | null;
}

export interface StreamCatalog {
  listStreams(options?: {
    readonly after?: string;
    readonly limit?: number;
    readonly prefix?: string;
  }): StreamRecord[];
  countStreams(): number;
  stream(name: string): StreamRecord | undefined;
  /** With its tags; durable before it answers. Throws CatalogError `already-exists`. */
  insertStream(record: StreamRecord, tags?: Tags): void;
  /**
   * Stores all of a known stream but its creation time. `record.version` is the stored version plus one.
   * Throws CatalogError `not-found`, and `conflict` when somebody else has updated the stream meanwhile.
   */
  updateStream(record: StreamRecord): void;
  /** With its tags, its configurations and its place as a channel's storage. */
  deleteStream(name: string): boolean;
}

export interface KeyCatalog {
  listKeys(): KeyRecord[];
  key(id: string): KeyRecord | undefined;
  /** By the secret's SHA-256 index, then compared in constant time. */
  keyBySecret(secret: string): KeyRecord | undefined;
  /** Throws CatalogError `already-exists` for a taken id or secret. */
  insertKey(record: KeyRecord): void;
  /** Inserts the key or replaces the one with its id (creation time stays). Throws CatalogError `already-exists` for another key's secret. */
  putKey(record: KeyRecord): void;
  /** Answers false when the key is unknown or was revoked before. */
  revokeKey(id: string, nowMs: number): boolean;
}

/** Small values by name (server secret for tokens, schema facts). */
export interface SettingCatalog {
  setting(name: string): string | undefined;
  putSetting(name: string, value: string): void;
}

/** Leases with fencing numbers that only grow: who may write what (design.md §7). */
export interface LeaseCatalog {
  /** Takes a free, expired or own lease; `undefined` when another owner holds it. The fence grows with each new owner. */
  acquireLease(
    name: string,
    owner: string,
    ttlMs: number,
    nowMs: number,
  ): { readonly fence: number } | undefined;
  releaseLease(name: string, owner: string): void;
}

export interface Catalog extends StreamCatalog, KeyCatalog, SettingCatalog, LeaseCatalog {
  readonly tags: TagCatalog;
  readonly channels: ChannelCatalog;
  readonly configurations: ConfigurationCatalog;
  close(): void;
}
