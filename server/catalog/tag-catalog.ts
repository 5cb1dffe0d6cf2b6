/** Names and values that an owner attached to a stream or channel. */
export type Tags = Readonly<Record<string, string>>;

/** What carries tags. */
export interface TaggedResource {
  readonly kind: 'stream' | 'channel';
  readonly name: string;
}

/** KVS: 50 tags a resource (kvs.md §1.2). */
export const MAX_TAGS = 50;

/** Tags of streams and channels; durable before a method answers. They go with their resource. */
export interface TagCatalog {
  /** In the order of their keys. */
  list(resource: TaggedResource): Tags;
  /** Adds tags, replaces those of the same key. Throws CatalogError `too-many` above MAX_TAGS: then nothing has changed. */
  put(resource: TaggedResource, tags: Tags): void;
  /** Keys that are not there are passed over. */
  remove(resource: TaggedResource, keys: readonly string[]): void;
}
