/** What is kept of consumer groups of data streams: who belongs to them, who reads which shard, and how far it has got. */

/** A group of workers that share the shards of a stream. */
export interface GroupRecord {
  readonly stream: string;
  readonly name: string;
  readonly createdMs: number;
  /** Where it began, for people: `TRIM_HORIZON`, `LATEST` or an ISO 8601 time. */
  readonly startedAt: string;
  /**
   * The last number given to a session or a lease. It only grows; a group that is made anew begins with its time, so that it does not
   * give out those of one before it.
   */
  readonly lastNumber: number;
}

export interface GroupWorkerRecord {
  readonly name: string;
  readonly session: number;
  /** For how long a heartbeat keeps it alive. When it ends is not kept: after a restart all begin anew. */
  readonly leaseMs: number;
  readonly joinedMs: number;
}

export interface GroupLeaseRecord {
  readonly shardId: string;
  /** A worker's name; `undefined`: nobody has it. */
  readonly owner: string | undefined;
  /** Number given to it with its owner. */
  readonly fence: number;
  /** A sequence number, `TRIM_HORIZON` or `SHARD_END`. */
  readonly sequenceNumber: string;
  /** Within an aggregated record; `undefined`: all of it. */
  readonly subSequenceNumber: number | undefined;
  /** When it was set; `undefined`: it is where the group began. */
  readonly checkpointMs: number | undefined;
}

export interface StoredGroup {
  readonly group: GroupRecord;
  readonly workers: readonly GroupWorkerRecord[];
  readonly leases: readonly GroupLeaseRecord[];
}

/** What has changed of a group; written together. */
export interface GroupChanges {
  readonly lastNumber: number;
  readonly workers: readonly GroupWorkerRecord[];
  readonly goneWorkers: readonly string[];
  readonly leases: readonly GroupLeaseRecord[];
  readonly goneLeases: readonly string[];
}

/** Durable before a method answers. Groups go with their stream. */
export interface GroupCatalog {
  /** Of one stream, in name order. */
  listGroups(stream: string): GroupRecord[];
  group(stream: string, name: string): StoredGroup | undefined;
  /** Throws CatalogError `already-exists`, `not-found` without its stream. */
  insertGroup(group: GroupRecord, leases: readonly GroupLeaseRecord[]): void;
  /** Throws CatalogError `not-found` when the group was deleted. */
  saveGroup(stream: string, name: string, changes: GroupChanges): void;
  /** Answers false when there is none. */
  deleteGroup(stream: string, name: string): boolean;
}
