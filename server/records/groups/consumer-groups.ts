import { CatalogError } from '../../catalog/catalog-error.ts';
import type { GroupCatalog, GroupLeaseRecord, GroupRecord } from '../../catalog/group-catalog.ts';
import type { DataStreamInfo, RecordService, ShardInfo, StartingPosition } from '../record-service.ts';
import { RecordError } from '../record-service.ts';
import { type Checkpoint, isShardEnd, SHARD_END, TRIM_HORIZON } from './checkpoint.ts';
import {
  ConsumerGroup,
  type GroupTotals,
  type GroupWorker,
  type LeaseHolder,
  newGroupTotals,
  type ShardLease,
} from './consumer-group.ts';
import { GroupError } from './group-error.ts';

/** Where a new group begins. */
export type GroupStart = 'TRIM_HORIZON' | 'LATEST' | { readonly atMs: number };

/** A worker's place in its group, as an answer to every sign of life. */
export interface Membership {
  readonly session: number;
  /** Without a heartbeat until then the leases go to others. */
  readonly expiresMs: number;
  readonly leases: readonly LeaseOfWorker[];
}

export interface LeaseOfWorker {
  readonly shardId: string;
  readonly fence: number;
  readonly checkpoint: Checkpoint;
  /** Another worker has too little to do: finish what is being processed, then release it. */
  readonly isWanted: boolean;
}

/** A lease with how far the group is behind in its shard. */
export interface LeaseState {
  readonly lease: Readonly<ShardLease>;
  /** It may be read: the shards that it goes on from are done. */
  readonly isReady: boolean;
  /** Age of the oldest record that is not processed; 0: none, `undefined`: the shard is done. */
  readonly behindMs: number | undefined;
  /** Records that are not processed; holes of failed writes count. */
  readonly recordsBehind: number | undefined;
}

export interface GroupState {
  readonly group: GroupRecord;
  readonly workers: readonly Readonly<GroupWorker>[];
  readonly leases: readonly LeaseState[];
}

export interface ConsumerGroupsOptions {
  readonly records: RecordService;
  readonly catalog: GroupCatalog;
}

const MAX_GROUPS_PER_STREAM = 100;
const MAX_WORKERS_PER_GROUP = 1000;
const NAME = /^[a-zA-Z0-9_.-]{1,128}$/;
export const MIN_LEASE_MS = 1000;
export const MAX_LEASE_MS = 600_000;

interface LoadedGroup {
  /** A stream of the same name that is made again is another one. */
  readonly streamCreatedMs: number;
  readonly record: GroupRecord;
  readonly core: ConsumerGroup;
}

/**
 * The consumer groups of all data streams: what the core decides is stored before it is answered. Methods throw GroupError, and
 * RecordError `not-found` for streams that are not there.
 */
export class ConsumerGroups {
  readonly #records: RecordService;
  readonly #catalog: GroupCatalog;
  readonly #loaded = new Map<string, LoadedGroup>();
  readonly totals: GroupTotals = newGroupTotals();

  constructor(options: ConsumerGroupsOptions) {
    this.#records = options.records;
    this.#catalog = options.catalog;
  }

  /** In name order. */
  list(stream: string): GroupRecord[] {
    this.#stream(stream);
    return this.#catalog.listGroups(stream);
  }

  /** A worker comes, or comes again; the first one makes the group, which begins at `start`. */
  async join(
    stream: string,
    group: string,
    worker: { readonly name: string; readonly leaseMs: number; readonly start: GroupStart },
    nowMs: number,
  ): Promise<Membership> {
    checkName('group', group);
    checkName('worker', worker.name);
    if (this.#find(this.#stream(stream), group, nowMs) === undefined) {
      await this.#create(this.#stream(stream), group, worker.start, nowMs);
    }
    return this.#change(stream, group, nowMs, ({ core }) => {
      const isKnown = core.workers.some(({ name }) => name === worker.name);
      if (!isKnown && core.workers.length >= MAX_WORKERS_PER_GROUP) {
        throw new GroupError('limit-exceeded', `group ${group} has ${MAX_WORKERS_PER_GROUP} workers already`);
      }
      core.join(worker.name, worker.leaseMs, nowMs);
      return () => membershipOf(core, worker.name);
    });
  }

  heartbeat(stream: string, group: string, worker: string, session: number, nowMs: number): Membership {
    return this.#change(stream, group, nowMs, ({ core }) => {
      core.heartbeat(worker, session, nowMs);
      return () => membershipOf(core, worker);
    });
  }

  leave(stream: string, group: string, worker: string, session: number, nowMs: number): void {
    this.#change(stream, group, nowMs, ({ core }) => {
      core.leave(worker, session);
      return () => undefined;
    });
  }

  /**
   * Tells how far a worker has got. `LATEST` stands for the newest record that there is now. Answers what was stored. Throws also RecordError
   * `invalid-argument` for a number that no record of the shard has.
   */
  async checkpoint(
    stream: string,
    group: string,
    holder: LeaseHolder,
    to: Checkpoint,
    nowMs: number,
  ): Promise<Checkpoint> {
    const checkpoint = await this.#checked(stream, holder.shardId, to, nowMs);
    return this.#change(stream, group, nowMs, ({ core }) => {
      core.checkpoint(holder, checkpoint, nowMs);
      return () => checkpoint;
    });
  }

  release(stream: string, group: string, holder: LeaseHolder, nowMs: number): void {
    this.#change(stream, group, nowMs, ({ core }) => {
      core.release(holder);
      return () => undefined;
    });
  }

  /** Who holds what, and how far behind. */
  async describe(stream: string, group: string, nowMs: number): Promise<GroupState> {
    const { record, core } = this.#change(stream, group, nowMs, (loaded) => () => loaded);
    const workers = core.workers.map((worker) => ({ ...worker }));
    const leases: LeaseState[] = [];
    for (const lease of core.leases.map((each) => ({ ...each }))) {
      const isReady = core.mayBeRead(lease);
      const behind = isShardEnd(lease.checkpoint) ? undefined : await this.#behind(stream, lease, nowMs);
      leases.push({ lease, isReady, behindMs: behind?.ms, recordsBehind: behind?.records });
    }
    return { group: record, workers, leases };
  }

  /** Forgets a group and its checkpoints; its workers are told that they are not in it. */
  delete(stream: string, group: string): void {
    this.#stream(stream);
    this.#loaded.delete(keyOf(stream, group));
    if (!this.#catalog.deleteGroup(stream, group)) throw noGroup(stream, group);
  }

  /** Of the groups that were asked for since the start. */
  levels(nowMs: number): { readonly groups: number; readonly workers: number; readonly leases: number } {
    let workers = 0;
    let leases = 0;
    for (const { core } of this.#loaded.values()) {
      const alive = core.workers.filter(({ expiresMs }) => expiresMs > nowMs);
      workers += alive.length;
      for (const { name } of alive) leases += core.leasesOf(name).length;
    }
    return { groups: this.#loaded.size, workers, leases };
  }

  /**
   * One change of a group, from what it is now to what is stored; `work` answers how to answer, which is asked once all is settled.
   * Nothing is waited for in here, so changes do not mix.
   */
  #change<Answer>(
    stream: string,
    group: string,
    nowMs: number,
    work: (loaded: LoadedGroup) => () => Answer,
  ): Answer {
    const info = this.#stream(stream);
    const loaded = this.#find(info, group, nowMs);
    if (loaded === undefined) throw noGroup(stream, group);
    const shards = info.shards.map(({ id, ...shard }) => ({ id, parentIds: parentsOf(shard) }));
    loaded.core.update(shards, nowMs);
    try {
      const answer = work(loaded);
      loaded.core.update(shards, nowMs);
      return answer();
    } finally {
      // A refused call has counted the dead all the same.
      this.#save(stream, group, loaded.core);
    }
  }

  #save(stream: string, group: string, core: ConsumerGroup): void {
    const changes = core.takeChanges();
    if (changes === undefined) return;
    try {
      this.#catalog.saveGroup(stream, group, changes);
    } catch (error) {
      // What is in memory is not what is stored: the next call begins with the latter.
      this.#loaded.delete(keyOf(stream, group));
      throw error;
    }
  }

  #find({ name, createdMs }: DataStreamInfo, group: string, nowMs: number): LoadedGroup | undefined {
    const key = keyOf(name, group);
    const loaded = this.#loaded.get(key);
    if (loaded?.streamCreatedMs === createdMs) return loaded;
    this.#loaded.delete(key);
    const stored = this.#catalog.group(name, group);
    if (stored === undefined) return undefined;
    const { workers, leases } = stored;
    const { lastNumber } = stored.group;
    const found = {
      streamCreatedMs: createdMs,
      record: stored.group,
      core: new ConsumerGroup({ lastNumber, workers, leases }, nowMs, this.totals),
    };
    this.#loaded.set(key, found);
    return found;
  }

  async #create(info: DataStreamInfo, group: string, start: GroupStart, nowMs: number): Promise<void> {
    if (this.#catalog.listGroups(info.name).length >= MAX_GROUPS_PER_STREAM) {
      throw new GroupError(
        'limit-exceeded',
        `stream ${info.name} has ${MAX_GROUPS_PER_STREAM} groups already`,
      );
    }
    const leases: GroupLeaseRecord[] = [];
    for (const shard of info.shards) {
      const checkpoint = await this.#beginning(info.name, shard, start, nowMs);
      leases.push({ shardId: shard.id, owner: undefined, fence: 0, checkpointMs: undefined, ...checkpoint });
    }
    const startedAt = typeof start === 'string' ? start : new Date(start.atMs).toISOString();
    const record = {
      stream: info.name,
      name: group,
      createdMs: Math.floor(nowMs),
      startedAt,
      lastNumber: Math.floor(nowMs),
    };
    try {
      this.#catalog.insertGroup(record, leases);
    } catch (error) {
      // Another worker has made it meanwhile.
      if (!(error instanceof CatalogError && error.code === 'already-exists')) throw error;
    }
  }

  /** Where a group begins is settled once: workers that come later begin there, too, and nothing between is lost. */
  async #beginning(stream: string, shard: ShardInfo, start: GroupStart, nowMs: number): Promise<Checkpoint> {
    if (start === 'TRIM_HORIZON') return TRIM_HORIZON;
    const closedMs = shard.closed?.atMs ?? Number.POSITIVE_INFINITY;
    if (start === 'LATEST') {
      if (shard.closed !== undefined) return SHARD_END;
      return this.#numberBefore(stream, shard.id, { type: 'LATEST' }, nowMs);
    }
    if (closedMs < start.atMs) return SHARD_END;
    return this.#numberBefore(stream, shard.id, { type: 'AT_TIMESTAMP', atMs: start.atMs }, nowMs);
  }

  /** A number after which the position begins. */
  async #numberBefore(
    stream: string,
    shardId: string,
    starting: StartingPosition,
    nowMs: number,
  ): Promise<Checkpoint> {
    const position = await this.#records.position(stream, shardId, starting, nowMs);
    const none = { maxRecords: 0, maxBytes: 0 };
    const { continuationSequenceNumber } = await this.#records.read(stream, position, none, nowMs);
    return { sequenceNumber: continuationSequenceNumber, subSequenceNumber: undefined };
  }

  async #checked(stream: string, shardId: string, to: Checkpoint, nowMs: number): Promise<Checkpoint> {
    if (to.sequenceNumber === TRIM_HORIZON.sequenceNumber) return TRIM_HORIZON;
    if (to.sequenceNumber === 'LATEST') {
      return this.#numberBefore(stream, shardId, { type: 'LATEST' }, nowMs);
    }
    if (isShardEnd(to)) {
      const shard = this.#stream(stream).shards.find(({ id }) => id === shardId);
      if (shard?.closed !== undefined) return SHARD_END;
      throw new GroupError('invalid-argument', `${shardId} has no end: it is open`);
    }
    await this.#records.position(stream, shardId, startingAfter(to), nowMs);
    return to;
  }

  async #behind(
    stream: string,
    { shardId, checkpoint }: Readonly<ShardLease>,
    nowMs: number,
  ): Promise<{ readonly ms: number; readonly records: number } | undefined> {
    try {
      const from = await this.#records.position(stream, shardId, startingAfter(checkpoint), nowMs);
      const tip = await this.#records.position(stream, shardId, { type: 'LATEST' }, nowMs);
      const one = { maxRecords: 1, maxBytes: 1 };
      const [oldest] = (await this.#records.read(stream, from, one, nowMs)).records;
      if (oldest === undefined) return { ms: 0, records: 0 };
      return { ms: Math.max(0, nowMs - oldest.arrivalMs), records: tip.ordinal - oldest.ordinal };
    } catch (error) {
      // Retention has just forgotten the shard.
      if (error instanceof RecordError && error.code === 'not-found') return undefined;
      throw error;
    }
  }

  #stream(name: string): DataStreamInfo {
    const info = this.#records.stream(name);
    if (info === undefined) throw new RecordError('not-found', `there is no data stream ${name}`);
    return info;
  }
}

/** Where reading goes on. An aggregated record that was not processed as a whole is read again. */
export function startingAfter({ sequenceNumber, subSequenceNumber }: Checkpoint): StartingPosition {
  if (sequenceNumber === TRIM_HORIZON.sequenceNumber) return { type: 'TRIM_HORIZON' };
  return {
    type: subSequenceNumber === undefined ? 'AFTER_SEQUENCE_NUMBER' : 'AT_SEQUENCE_NUMBER',
    sequenceNumber,
  };
}

function membershipOf(core: ConsumerGroup, worker: string): Membership {
  const known = core.workers.find(({ name }) => name === worker);
  if (known === undefined) throw new GroupError('not-joined', `worker ${worker} is not in the group`);
  const { session, expiresMs } = known;
  const leases = core.leasesOf(worker).map(({ shardId, fence, checkpoint, isWanted }) => ({
    shardId,
    fence,
    checkpoint,
    isWanted,
  }));
  return { session, expiresMs, leases };
}

function parentsOf({
  parentId,
  adjacentParentId,
}: Pick<ShardInfo, 'parentId' | 'adjacentParentId'>): string[] {
  return [parentId, adjacentParentId].filter((id) => id !== undefined);
}

function checkName(what: string, name: string): void {
  if (NAME.test(name)) return;
  throw new GroupError(
    'invalid-argument',
    `${JSON.stringify(name)} is no name of a ${what}: 1 to 128 letters, digits, _, . and -`,
  );
}

function noGroup(stream: string, group: string): GroupError {
  return new GroupError('not-found', `stream ${stream} has no group ${group}`);
}

function keyOf(stream: string, group: string): string {
  return `${stream}/${group}`;
}
