import type { DatabaseSync } from 'node:sqlite';
import { CatalogError } from './catalog-error.ts';
import type {
  GroupCatalog,
  GroupChanges,
  GroupLeaseRecord,
  GroupRecord,
  GroupWorkerRecord,
  StoredGroup,
} from './group-catalog.ts';
import { insert, inTransaction } from './sqlite-statements.ts';

interface GroupRow {
  readonly stream: string;
  readonly name: string;
  readonly created_ms: number;
  readonly started_at: string;
  readonly last_number: number;
}

interface WorkerRow {
  readonly name: string;
  readonly session: number;
  readonly lease_ms: number;
  readonly joined_ms: number;
}

interface LeaseRow {
  readonly shard: string;
  readonly owner: string | null;
  readonly fence: number;
  readonly sequence_number: string;
  readonly sub_sequence_number: number | null;
  readonly checkpoint_ms: number | null;
}

/** Consumer groups in SQLite. */
export class SqliteGroups implements GroupCatalog {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = prepareStatements(database);
  }

  listGroups(stream: string): GroupRecord[] {
    return (this.#statements.listGroups.all(stream) as unknown as GroupRow[]).map(groupOfRow);
  }

  group(stream: string, name: string): StoredGroup | undefined {
    const row = this.#statements.group.get(stream, name) as unknown as GroupRow | undefined;
    if (row === undefined) return undefined;
    const workers = this.#statements.listWorkers.all(stream, name) as unknown as WorkerRow[];
    const leases = this.#statements.listLeases.all(stream, name) as unknown as LeaseRow[];
    return { group: groupOfRow(row), workers: workers.map(workerOfRow), leases: leases.map(leaseOfRow) };
  }

  insertGroup(group: GroupRecord, leases: readonly GroupLeaseRecord[]): void {
    const { stream, name, createdMs, startedAt, lastNumber } = group;
    const row = {
      stream,
      name,
      created_ms: createdMs,
      started_at: startedAt,
      last_number: lastNumber,
    } satisfies GroupRow;
    inTransaction(this.#database, () => {
      insert(this.#statements.insertGroup, row, `group ${name} of data stream ${stream}`);
      for (const lease of leases) this.#putLease(stream, name, lease);
    });
  }

  saveGroup(stream: string, name: string, changes: GroupChanges): void {
    const { putWorker, deleteWorker, deleteLease, putNumber } = this.#statements;
    inTransaction(this.#database, () => {
      const { changes: found } = putNumber.run({ stream, name, last_number: changes.lastNumber });
      if (found === 0) {
        throw new CatalogError('not-found', `group ${name} of data stream ${stream} is not in the catalog`);
      }
      for (const worker of changes.goneWorkers) deleteWorker.run(stream, name, worker);
      for (const shard of changes.goneLeases) deleteLease.run(stream, name, shard);
      for (const { name: worker, session, leaseMs, joinedMs } of changes.workers) {
        putWorker.run({
          stream,
          group_name: name,
          name: worker,
          session,
          lease_ms: leaseMs,
          joined_ms: joinedMs,
        });
      }
      for (const lease of changes.leases) this.#putLease(stream, name, lease);
    });
  }

  deleteGroup(stream: string, name: string): boolean {
    return this.#statements.deleteGroup.run(stream, name).changes > 0;
  }

  #putLease(stream: string, group: string, lease: GroupLeaseRecord): void {
    this.#statements.putLease.run({
      stream,
      group_name: group,
      shard: lease.shardId,
      owner: lease.owner ?? null,
      fence: lease.fence,
      sequence_number: lease.sequenceNumber,
      sub_sequence_number: lease.subSequenceNumber ?? null,
      checkpoint_ms: lease.checkpointMs ?? null,
    });
  }
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  return {
    listGroups: database.prepare('SELECT * FROM data_groups WHERE stream = ? ORDER BY name'),
    group: database.prepare('SELECT * FROM data_groups WHERE stream = ? AND name = ?'),
    listWorkers: database.prepare(
      'SELECT * FROM data_group_workers WHERE stream = ? AND group_name = ? ORDER BY joined_ms, session',
    ),
    listLeases: database.prepare(
      'SELECT * FROM data_group_leases WHERE stream = ? AND group_name = ? ORDER BY shard',
    ),
    insertGroup: database.prepare(
      `INSERT INTO data_groups (stream, name, created_ms, started_at, last_number)
       VALUES (:stream, :name, :created_ms, :started_at, :last_number)`,
    ),
    putNumber: database.prepare(
      'UPDATE data_groups SET last_number = :last_number WHERE stream = :stream AND name = :name',
    ),
    putWorker: database.prepare(
      `INSERT OR REPLACE INTO data_group_workers (stream, group_name, name, session, lease_ms, joined_ms)
       VALUES (:stream, :group_name, :name, :session, :lease_ms, :joined_ms)`,
    ),
    deleteWorker: database.prepare(
      'DELETE FROM data_group_workers WHERE stream = ? AND group_name = ? AND name = ?',
    ),
    putLease: database.prepare(
      `INSERT OR REPLACE INTO data_group_leases
         (stream, group_name, shard, owner, fence, sequence_number, sub_sequence_number, checkpoint_ms)
       VALUES
         (:stream, :group_name, :shard, :owner, :fence, :sequence_number, :sub_sequence_number, :checkpoint_ms)`,
    ),
    deleteLease: database.prepare(
      'DELETE FROM data_group_leases WHERE stream = ? AND group_name = ? AND shard = ?',
    ),
    deleteGroup: database.prepare('DELETE FROM data_groups WHERE stream = ? AND name = ?'),
  };
}

function groupOfRow(row: GroupRow): GroupRecord {
  return {
    stream: row.stream,
    name: row.name,
    createdMs: row.created_ms,
    startedAt: row.started_at,
    lastNumber: row.last_number,
  };
}

function workerOfRow(row: WorkerRow): GroupWorkerRecord {
  return { name: row.name, session: row.session, leaseMs: row.lease_ms, joinedMs: row.joined_ms };
}

function leaseOfRow(row: LeaseRow): GroupLeaseRecord {
  return {
    shardId: row.shard,
    owner: row.owner ?? undefined,
    fence: row.fence,
    sequenceNumber: row.sequence_number,
    subSequenceNumber: row.sub_sequence_number ?? undefined,
    checkpointMs: row.checkpoint_ms ?? undefined,
  };
}
