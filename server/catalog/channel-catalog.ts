import type { Tags } from './tag-catalog.ts';

/** A signaling channel: where the two sides of a WebRTC connection find each other (kvs.md §6.1). */
export interface ChannelRecord {
  readonly name: string;
  readonly createdMs: number;
  readonly type: 'SINGLE_MASTER' | 'FULL_MESH';
  /** How long a message waits for a peer that is absent, 5-120. */
  readonly messageTtlSeconds: number;
  /** Changes with every update, for optimistic checks. */
  readonly version: number;
}

/** Which stream records a channel. */
export interface MediaStorage {
  readonly channel: string;
  readonly stream: string;
  readonly isEnabled: boolean;
}

/** The signaling channels; durable before a method answers. */
export interface ChannelCatalog {
  /** In name order. */
  list(options?: {
    readonly after?: string;
    readonly limit?: number;
    readonly prefix?: string;
  }): ChannelRecord[];
  count(): number;
  get(name: string): ChannelRecord | undefined;
  /** With its tags. Throws CatalogError `already-exists`. */
  insert(record: ChannelRecord, tags?: Tags): void;
  /** Stores the time to live. `record.version` is the stored version plus one; throws CatalogError `not-found`, `conflict`. */
  update(record: ChannelRecord): void;
  /** With its tags and its storage configuration. */
  delete(name: string): boolean;
  mediaStorage(channel: string): MediaStorage | undefined;
  /** The channel that the stream records. */
  mediaStorageOfStream(stream: string): MediaStorage | undefined;
  /** Throws CatalogError `already-exists` when another channel has the stream. */
  putMediaStorage(storage: MediaStorage): void;
  removeMediaStorage(channel: string): void;
}
