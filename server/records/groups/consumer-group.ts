import type { GroupChanges, GroupLeaseRecord, GroupWorkerRecord } from '../../catalog/group-catalog.ts';
import { balance } from './balance.ts';
import { type Checkpoint, compareCheckpoints, isShardEnd, TRIM_HORIZON } from './checkpoint.ts';
import { GroupError } from './group-error.ts';

/** A shard as a group sees it. */
export interface GroupShard {
  readonly id: string;
  /** Shards that must be read to their end before this one is begun. */
  readonly parentIds: readonly string[];
}

/** A worker that is alive, or was when it last said so. */
export interface GroupWorker extends GroupWorkerRecord {
  expiresMs: number;
}

/** A shard, who reads it, and how far the group has got in it. */
export interface ShardLease {
  readonly shardId: string;
  parentIds: readonly string[];
  owner: string | undefined;
  fence: number;
  /** The owner is asked to give it up, since another worker has too little to do. */
  isWanted: boolean;
  checkpoint: Checkpoint;
  checkpointMs: number | undefined;
}

/** Who asks, and the fence that the lease was given with. */
export interface LeaseHolder {
  readonly shardId: string;
  readonly worker: string;
  readonly fence: number;
}

/** What has happened in a group; numbers only grow. */
export interface GroupTotals {
  joined: number;
  /** Workers that were silent for too long. */
  expired: number;
  granted: number;
  /** Leases that workers were asked for and gave up. */
  moved: number;
  checkpoints: number;
  /** Checkpoints and releases of workers that had lost their lease. */
  refused: number;
}

export function newGroupTotals(): GroupTotals {
  return { joined: 0, expired: 0, granted: 0, moved: 0, checkpoints: 0, refused: 0 };
}

/**
 * A consumer group: workers, and which of them reads which shard. Without a clock or a disk: every call is given the time, and
 * `takeChanges` tells what is to be stored before it is answered.
 *
 * A shard is read by one worker at a time, under a lease that lasts as long as the worker is heard of; a new owner's fence is
 * greater, so that what the old one says late is told apart. A child is read only after all of its parents. Loads differ by one at most.
 */
export class ConsumerGroup {
  readonly #totals: GroupTotals;
  /** In the order of their joining. */
  readonly #workers = new Map<string, GroupWorker>();
  readonly #leases = new Map<string, ShardLease>();
  #lastNumber: number;
  readonly #changedWorkers = new Set<string>();
  readonly #changedLeases = new Set<string>();

  constructor(
    stored: {
      readonly lastNumber: number;
      readonly workers: readonly GroupWorkerRecord[];
      readonly leases: readonly GroupLeaseRecord[];
    },
    nowMs: number,
    totals: GroupTotals = newGroupTotals(),
  ) {
    this.#totals = totals;
    this.#lastNumber = stored.lastNumber;
    // Nobody could be heard of while the server was down: all get their full time.
    for (const worker of stored.workers) {
      this.#workers.set(worker.name, { ...worker, expiresMs: nowMs + worker.leaseMs });
    }
    for (const { sequenceNumber, subSequenceNumber, ...lease } of stored.leases) {
      const checkpoint = { sequenceNumber, subSequenceNumber };
      this.#leases.set(lease.shardId, { ...lease, checkpoint, parentIds: [], isWanted: false });
    }
  }

  get workers(): readonly Readonly<GroupWorker>[] {
    return [...this.#workers.values()];
  }

  /** In the order of their making. */
  get leases(): readonly Readonly<ShardLease>[] {
    return [...this.#leases.values()].sort((a, b) => (a.shardId < b.shardId ? -1 : 1));
  }

  lease(shardId: string): Readonly<ShardLease> | undefined {
    return this.#leases.get(shardId);
  }

  leasesOf(worker: string): readonly Readonly<ShardLease>[] {
    return this.leases.filter(({ owner }) => owner === worker);
  }

  /**
   * Brings the group up to date: shards that are new (children: read from their beginning) and gone, workers that are dead, and who
   * should read what. To be called before anything else, and again after it.
   */
  update(shards: readonly GroupShard[], nowMs: number): void {
    const gone = new Set(this.#leases.keys());
    for (const { id, parentIds } of shards) {
      gone.delete(id);
      const lease = this.#leases.get(id);
      if (lease === undefined) this.#add(id, parentIds);
      else lease.parentIds = parentIds;
    }
    for (const shardId of gone) {
      this.#leases.delete(shardId);
      this.#changedLeases.add(shardId);
    }
    for (const worker of this.#workers.values()) {
      if (worker.expiresMs > nowMs) continue;
      this.#totals.expired += 1;
      this.#remove(worker.name);
    }
    this.#balance();
  }

  /** Takes a worker in; one of the same name is replaced and loses its leases. Answers the number of its session. */
  join(worker: string, leaseMs: number, nowMs: number): number {
    if (this.#workers.has(worker)) this.#remove(worker);
    const session = this.#nextNumber();
    this.#totals.joined += 1;
    this.#workers.set(worker, {
      name: worker,
      session,
      leaseMs,
      joinedMs: nowMs,
      expiresMs: nowMs + leaseMs,
    });
    this.#changedWorkers.add(worker);
    return session;
  }

  /** Keeps a worker and its leases alive. Throws GroupError `not-joined`. */
  heartbeat(worker: string, session: number, nowMs: number): void {
    const known = this.#member(worker, session);
    known.expiresMs = nowMs + known.leaseMs;
  }

  /** A worker goes; its leases are free at once. Throws GroupError `not-joined`. */
  leave(worker: string, session: number): void {
    this.#member(worker, session);
    this.#remove(worker);
  }

  /** Throws GroupError `lease-lost`, `not-found`, `checkpoint-behind`. */
  checkpoint(holder: LeaseHolder, checkpoint: Checkpoint, nowMs: number): void {
    const lease = this.#held(holder);
    if (compareCheckpoints(checkpoint, lease.checkpoint) < 0) {
      throw new GroupError(
        'checkpoint-behind',
        `the group is at ${lease.checkpoint.sequenceNumber} of ${lease.shardId} already`,
      );
    }
    lease.checkpoint = checkpoint;
    lease.checkpointMs = nowMs;
    this.#totals.checkpoints += 1;
    this.#changedLeases.add(lease.shardId);
    if (isShardEnd(checkpoint)) this.#free(lease);
  }

  /** A worker gives up a shard. Throws GroupError `lease-lost`, `not-found`. */
  release(holder: LeaseHolder): void {
    const lease = this.#held(holder);
    if (lease.isWanted) this.#totals.moved += 1;
    this.#free(lease);
  }

  /** What changed since the last time; `undefined`: nothing. */
  takeChanges(): GroupChanges | undefined {
    if (this.#changedWorkers.size + this.#changedLeases.size === 0) return undefined;
    const workers = [...this.#changedWorkers];
    const leases = [...this.#changedLeases];
    this.#changedWorkers.clear();
    this.#changedLeases.clear();
    return {
      lastNumber: this.#lastNumber,
      workers: workers.flatMap((name) => this.#workers.get(name) ?? []),
      goneWorkers: workers.filter((name) => !this.#workers.has(name)),
      leases: leases.flatMap((shardId) => {
        const lease = this.#leases.get(shardId);
        return lease === undefined ? [] : [{ ...lease, ...lease.checkpoint }];
      }),
      goneLeases: leases.filter((shardId) => !this.#leases.has(shardId)),
    };
  }

  /** Are all shards read to the end from which this one goes on? Those that are gone by retention hold nothing any more. */
  mayBeRead({ parentIds }: Pick<ShardLease, 'parentIds'>): boolean {
    return parentIds.every((id) => {
      const parent = this.#leases.get(id);
      return parent === undefined || isShardEnd(parent.checkpoint);
    });
  }

  #add(shardId: string, parentIds: readonly string[]): void {
    this.#leases.set(shardId, {
      shardId,
      parentIds,
      owner: undefined,
      fence: 0,
      isWanted: false,
      checkpoint: TRIM_HORIZON,
      checkpointMs: undefined,
    });
    this.#changedLeases.add(shardId);
  }

  #balance(): void {
    const open = this.leases.filter((lease) => !isShardEnd(lease.checkpoint) && this.mayBeRead(lease));
    const { grants, wanted } = balance(open, [...this.#workers.keys()]);
    for (const [shardId, worker] of grants) {
      const lease = this.#leases.get(shardId) as ShardLease;
      lease.owner = worker;
      lease.fence = this.#nextNumber();
      this.#totals.granted += 1;
      this.#changedLeases.add(shardId);
    }
    for (const lease of this.#leases.values()) lease.isWanted = wanted.has(lease.shardId);
  }

  #nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  #member(worker: string, session: number): GroupWorker {
    const known = this.#workers.get(worker);
    if (known?.session === session) return known;
    throw new GroupError(
      'not-joined',
      known === undefined
        ? `worker ${worker} is not in the group: it never joined, or was silent for too long`
        : `worker ${worker} was replaced by another of its name`,
    );
  }

  #held({ shardId, worker, fence }: LeaseHolder): ShardLease {
    const lease = this.#leases.get(shardId);
    if (lease === undefined) throw new GroupError('not-found', `the group knows no ${shardId}`);
    if (lease.owner === worker && lease.fence === fence) return lease;
    this.#totals.refused += 1;
    throw new GroupError('lease-lost', `worker ${worker} has lost its lease of ${shardId}`);
  }

  #remove(worker: string): void {
    this.#workers.delete(worker);
    this.#changedWorkers.add(worker);
    for (const lease of this.#leases.values()) if (lease.owner === worker) this.#free(lease);
  }

  #free(lease: ShardLease): void {
    lease.owner = undefined;
    lease.isWanted = false;
    this.#changedLeases.add(lease.shardId);
  }
}
