import { RecordConsumerError } from './consumer-error.ts';
import { type ConsumerSettings, type RecordConsumerOptions, settingsOf } from './consumer-options.ts';
import { GroupApi, type Membership } from './group-api.ts';
import { backoffMs, pause } from './pause.ts';
import { type ShardProgress, ShardTask } from './shard-task.ts';

/** What a consumer is doing now. */
export interface ConsumerProgress {
  readonly worker: string;
  /** Of its stay in the group; `undefined`: it is not in it. */
  readonly session: number | undefined;
  readonly shards: readonly ShardProgress[];
}

const LEAVE_MS = 2000;

/**
 * One worker of a consumer group. The shards of the stream are shared among the group's workers by the server; each record is processed at
 * least once, those of a partition key in their order, across splits and merges.
 *
 *     const consumer = new RecordConsumer({ endpoint, stream: 'events', group: 'alarm', key, onRecords: async (records) => … });
 *     process.once('SIGTERM', () => consumer.stop());
 *     await consumer.run();
 */
export class RecordConsumer {
  readonly #settings: ConsumerSettings;
  readonly #api: GroupApi;
  readonly #stopping = new AbortController();
  readonly #tasks = new Map<string, ShardTask>();
  /** Fences of leases that were over in this session: an answer that was on its way may still name them. */
  readonly #overFences = new Map<string, number>();
  #session: number | undefined;
  /** Until then no other worker is given our shards; by the monotonic clock. */
  #aliveUntilMs = 0;
  #nudge = new AbortController();
  #fatal: { readonly error: unknown } | undefined;
  #running: Promise<void> | undefined;

  constructor(options: RecordConsumerOptions) {
    this.#settings = settingsOf(options);
    this.#api = new GroupApi(this.#settings);
    const { signal } = options;
    if (signal?.aborted === true) this.#stopping.abort();
    signal?.addEventListener('abort', () => this.#beginStop(), { once: true });
  }

  get worker(): string {
    return this.#settings.worker;
  }

  get progress(): ConsumerProgress {
    const shards = [...this.#tasks.values()].map(({ progress }) => progress);
    return { worker: this.worker, session: this.#session, shards };
  }

  /**
   * Processes records until `stop`. Throws RecordConsumerError: `handler-failed`, or what the server answers and no retry can mend (a
   * wrong key, no such stream). Its shards go to other workers at once either way.
   */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Ends after the batches that are being processed, checkpoints them, and leaves the group. Resolves when all is done. */
  async stop(): Promise<void> {
    this.#beginStop();
    // A failure is told by `run`.
    await this.#running?.catch(() => undefined);
  }

  #beginStop(): void {
    this.#stopping.abort();
    for (const task of this.#tasks.values()) task.finish();
    this.#wake();
  }

  async #run(): Promise<void> {
    await this.#stayInGroup();
    await this.#leave();
    if (this.#fatal !== undefined) throw this.#fatal.error;
  }

  /** Joins, and says that it is alive until it is told to stop and all tasks have ended. */
  async #stayInGroup(): Promise<void> {
    let failures = 0;
    while (!(this.#stopping.signal.aborted && this.#tasks.size === 0)) {
      if (this.#stopping.signal.aborted && this.#session === undefined) {
        await Promise.allSettled([...this.#tasks.values()].map(({ done }) => done));
        continue;
      }
      const askedMs = performance.now();
      try {
        this.#apply(await this.#ask(askedMs));
        this.#aliveUntilMs = askedMs + this.#settings.leaseMs;
        failures = 0;
        await this.#pause(this.#settings.heartbeatMs);
      } catch (error) {
        if (this.#mustJoinAgain(error)) continue;
        if (!(error instanceof RecordConsumerError && error.isRetryable)) {
          this.#fail(error);
          this.#loseAll();
          continue;
        }
        failures += 1;
        const delayMs = backoffMs(failures, this.#settings);
        this.#settings.onEvent({ type: 'retrying', error, delayMs });
        // When the lease ends is not to be slept through.
        const restMs = this.#aliveUntilMs - performance.now();
        await this.#pause(restMs > 0 ? Math.min(delayMs, restMs) : delayMs);
        if (performance.now() >= this.#aliveUntilMs) this.#loseAll();
      }
    }
  }

  async #ask(askedMs: number): Promise<Membership> {
    if (this.#session !== undefined) {
      // An answer that comes later than that says nothing any more.
      const restMs = Math.max(1, this.#aliveUntilMs - askedMs);
      return this.#heartbeat(this.#session, AbortSignal.timeout(Math.ceil(restMs)));
    }
    const membership = await this.#api.join(new AbortController().signal);
    this.#session = membership.session;
    this.#overFences.clear();
    this.#settings.onEvent({ type: 'joined', session: membership.session });
    return membership;
  }

  async #heartbeat(session: number, signal: AbortSignal): Promise<Membership> {
    try {
      return await this.#api.heartbeat(session, signal);
    } catch (cause) {
      if (!signal.aborted) throw cause;
      throw new RecordConsumerError(
        'unreachable',
        'no answer to a heartbeat',
        { isRetryable: true },
        { cause },
      );
    }
  }

  /** The group does not know the worker (any more): all it holds is lost, and it joins anew. */
  #mustJoinAgain(error: unknown): boolean {
    if (this.#session === undefined || !(error instanceof RecordConsumerError)) return false;
    if (error.code !== 'not-joined' && error.code !== 'not-found') return false;
    this.#loseAll();
    return true;
  }

  /** Begins what is new, drops what was lost, gives up what others want. */
  #apply({ leases }: Membership): void {
    const named = new Map(leases.map((lease) => [lease.shardId, lease]));
    for (const [shardId, task] of this.#tasks) {
      const lease = named.get(shardId);
      if (lease?.fence !== task.lease.fence) task.lose();
      else if (lease.isWanted) task.giveUp();
    }
    for (const shardId of this.#overFences.keys()) {
      if (!named.has(shardId)) this.#overFences.delete(shardId);
    }
    if (this.#stopping.signal.aborted) return;
    for (const lease of leases) {
      // What is lost and not yet over comes first: its records are not to be processed by two at once.
      const isOver = lease.fence <= (this.#overFences.get(lease.shardId) ?? 0);
      if (this.#tasks.has(lease.shardId) || isOver) continue;
      this.#settings.onEvent({
        type: 'lease-granted',
        shardId: lease.shardId,
        sequenceNumber: lease.sequenceNumber,
      });
      const task = new ShardTask(this.#settings, this.#api, lease);
      this.#begin(task);
      if (lease.isWanted) task.giveUp();
    }
  }

  #begin(task: ShardTask): void {
    const { shardId, fence } = task.lease;
    const session = this.#session;
    this.#tasks.set(shardId, task);
    task.done
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#tasks.delete(shardId);
        if (session === this.#session) this.#overFences.set(shardId, fence);
        // There may be something new to do: the children of the shard, or the same shard again.
        this.#wake();
      });
  }

  #loseAll(): void {
    this.#session = undefined;
    for (const task of this.#tasks.values()) task.lose();
  }

  #fail(error: unknown): void {
    this.#fatal ??= { error };
    this.#beginStop();
  }

  async #leave(): Promise<void> {
    if (this.#session === undefined) return;
    try {
      await this.#api.leave(this.#session, AbortSignal.timeout(LEAVE_MS));
      this.#settings.onEvent({ type: 'left' });
    } catch (error) {
      // The leases end by themselves then.
      const told =
        error instanceof RecordConsumerError
          ? error
          : new RecordConsumerError('unreachable', 'no answer when leaving', { isRetryable: true });
      this.#settings.onEvent({ type: 'retrying', error: told, delayMs: 0 });
    }
    this.#session = undefined;
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, this.#nudge.signal);
    if (this.#nudge.signal.aborted) this.#nudge = new AbortController();
  }

  /** Ends a pause, or the next one before it begins. */
  #wake(): void {
    this.#nudge.abort();
  }
}
