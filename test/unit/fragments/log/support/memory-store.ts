import {
  type AppendFile,
  type ByteStore,
  type DiskSpace,
  type ReadableFile,
  StoreError,
} from '../../../../../fragments/log/byte-store.ts';

/** What the store is about to do. */
export interface StoreOperation {
  readonly kind:
    | 'append'
    | 'sync'
    | 'truncate'
    | 'create'
    | 'read'
    | 'delete'
    | 'replace'
    | 'sync-directory'
    | 'space';
  readonly path: string;
  readonly bytes: number;
}

/** Makes an operation fail; an append that fails may leave its first `tornBytes` behind. */
export interface Fault {
  readonly error: StoreError;
  readonly tornBytes?: number;
}

class Node {
  bytes = Buffer.alloc(0);
  /** What a power cut leaves. */
  durable = Buffer.alloc(0);
  #capacity = Buffer.alloc(0);

  append(added: Uint8Array): void {
    const size = this.bytes.length + added.length;
    if (size > this.#capacity.length) {
      const grown = Buffer.alloc(Math.max(size, this.#capacity.length * 2));
      this.bytes.copy(grown);
      this.#capacity = grown;
    }
    this.#capacity.set(added, this.bytes.length);
    this.bytes = this.#capacity.subarray(0, size);
  }
}

/** A disk in memory that tells durable from written, and whose operations can be delayed and made to fail. */
export class MemoryStore implements ByteStore {
  /** Asked before each operation; may wait (a stalled disk) and answer a fault. */
  onOperation: (operation: StoreOperation) => Promise<Fault | undefined> | Fault | undefined = () =>
    undefined;
  /** Total size; appends beyond it fail with `disk-full` after what fits was written. */
  totalBytes = Number.POSITIVE_INFINITY;
  readonly counts = new Map<StoreOperation['kind'], number>();
  openReads = 0;
  #names = new Map<string, Node>();
  #durableNames = new Map<string, Node>();

  /** The files as they are. */
  get paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const node of this.#names.values()) bytes += node.bytes.length;
    return bytes;
  }

  bytesOf(path: string): Buffer {
    const node = this.#names.get(path);
    if (node === undefined) throw new Error(`there is no ${path}`);
    return node.bytes;
  }

  /** Puts a file there, durably. */
  put(path: string, bytes: Uint8Array): void {
    const node = new Node();
    node.append(bytes);
    node.durable = Buffer.from(bytes);
    this.#names.set(path, node);
    this.#durableNames.set(path, node);
  }

  remove(path: string): void {
    this.#names.delete(path);
    this.#durableNames.delete(path);
  }

  /** A copy as another process would find it after this one was killed. */
  afterKill(): MemoryStore {
    const copy = new MemoryStore();
    for (const [path, node] of this.#names) copy.put(path, node.bytes);
    return copy;
  }

  /** A copy as it is after the power went: only what was synced, and of what was not `keep` of each file's bytes. */
  afterPowerCut(keep: (unsyncedBytes: number) => number = () => 0): MemoryStore {
    const copy = new MemoryStore();
    for (const [path, node] of this.#durableNames) {
      const isPrefix = node.bytes.length >= node.durable.length;
      const unsynced = isPrefix ? node.bytes.subarray(node.durable.length) : Buffer.alloc(0);
      copy.put(path, Buffer.concat([node.durable, unsynced.subarray(0, keep(unsynced.length))]));
    }
    return copy;
  }

  async #begin(kind: StoreOperation['kind'], path: string, bytes = 0): Promise<Fault | undefined> {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    return this.onOperation({ kind, path, bytes });
  }

  async #run(kind: StoreOperation['kind'], path: string): Promise<void> {
    const fault = await this.#begin(kind, path);
    if (fault !== undefined) throw fault.error;
  }

  async makeDirectory(): Promise<void> {}

  async removeDirectory(path: string): Promise<void> {
    for (const name of this.#names.keys()) if (name.startsWith(`${path}/`)) this.remove(name);
  }

  async list(path: string): Promise<string[]> {
    const names = new Set<string>();
    for (const name of this.#names.keys()) {
      if (name.startsWith(`${path}/`)) names.add(name.slice(path.length + 1).split('/')[0] ?? '');
    }
    return [...names];
  }

  async openAppend(path: string, mode: 'new' | 'any'): Promise<AppendFile> {
    await this.#run('create', path);
    if (mode === 'new' && this.#names.has(path)) throw new StoreError('already-exists', path);
    const node = this.#names.get(path) ?? new Node();
    this.#names.set(path, node);
    return {
      append: (buffers) => this.#append(path, node, Buffer.concat(buffers)),
      truncate: async (sizeBytes) => {
        await this.#run('truncate', path);
        const kept = Buffer.from(node.bytes.subarray(0, sizeBytes));
        node.bytes = Buffer.alloc(0);
        node.append(kept);
      },
      sync: async () => {
        const before = node.bytes;
        await this.#run('sync', path);
        node.durable = Buffer.from(before);
      },
      close: async () => {},
    };
  }

  async #append(path: string, node: Node, bytes: Buffer): Promise<void> {
    const fault = await this.#begin('append', path, bytes.length);
    if (fault !== undefined) {
      node.append(bytes.subarray(0, fault.tornBytes ?? 0));
      throw fault.error;
    }
    const room = this.totalBytes - this.usedBytes;
    node.append(bytes.subarray(0, Math.max(0, room)));
    if (bytes.length > room) throw new StoreError('disk-full', `${path}: no space left`);
  }

  async openRead(path: string): Promise<ReadableFile> {
    await this.#run('read', path);
    const node = this.#names.get(path);
    if (node === undefined) throw new StoreError('not-found', path);
    this.openReads++;
    return {
      sizeBytes: node.bytes.length,
      read: async (target, positionBytes) => {
        await this.#run('read', path);
        const piece = node.bytes.subarray(positionBytes, positionBytes + target.length);
        target.set(piece);
        return piece.length;
      },
      close: async () => {
        this.openReads--;
      },
    };
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    await this.#run('replace', path);
    if (bytes.length > this.totalBytes - this.usedBytes) throw new StoreError('disk-full', path);
    this.put(path, bytes);
  }

  async truncate(path: string, sizeBytes: number): Promise<void> {
    await this.#run('truncate', path);
    this.put(path, this.bytesOf(path).subarray(0, sizeBytes));
  }

  async delete(path: string): Promise<void> {
    await this.#run('delete', path);
    this.#names.delete(path);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#run('sync-directory', path);
    for (const [name, node] of this.#names)
      if (name.startsWith(`${path}/`)) this.#durableNames.set(name, node);
    for (const name of this.#durableNames.keys()) {
      if (name.startsWith(`${path}/`) && !this.#names.has(name)) this.#durableNames.delete(name);
    }
  }

  async space(): Promise<DiskSpace> {
    await this.#run('space', '');
    const { totalBytes } = this;
    return { freeBytes: totalBytes - this.usedBytes, totalBytes };
  }
}
