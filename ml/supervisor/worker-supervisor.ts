import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DecoderChoice } from '../decode/decode-job.ts';
import { Quarantine } from '../decode/quarantine.ts';
import { SupervisedWatch, type WatchHost } from './supervised-watch.ts';
import {
  type DetectionSupervisor,
  type PictureAnswer,
  type PictureQuestion,
  type Watch,
  WatchError,
  type WatchOptions,
  type WorkerCapabilities,
} from './supervisor.ts';
import { newCounters, type SupervisorLevels } from './supervisor-counters.ts';
import type { SupervisorLog } from './supervisor-log.ts';
import { type WaitingLook, WorkerSlot } from './worker-slot.ts';

export interface WorkerSupervisorOptions {
  /** Processes. One less than there are cores, at least one. */
  readonly workers: number;
  readonly decoder: DecoderChoice;
  /** Where the operator's models are; without one there are the built-in ones. */
  readonly modelDirectory?: string | undefined;
  /** A worker that takes more memory than this for a request is ended. */
  readonly maxRssBytes?: number;
  /** One that has grown to this, or is this old, is replaced when it has answered. */
  readonly recycleRssBytes?: number;
  readonly recycleAfterMs?: number;
  /** A worker that takes longer for a request is ended. */
  readonly requestTimeoutMs?: number;
  /** The same for requests in which a model may have to be loaded, and for single pictures. */
  readonly loadTimeoutMs?: number;
  /** The same for a worker's start, with its self-test. */
  readonly startTimeoutMs?: number;
  /** A worker without watches and work for this long ends. */
  readonly idleMs?: number;
  /** Compressed media that a watch keeps: for what waits, and to go on in the middle of a group of pictures elsewhere. */
  readonly maxWaitingBytes?: number;
  readonly maxWaitingSeconds?: number;
  /** Single pictures that may wait; more are refused with `busy`, and those that waited `maxLookWaitMs`. */
  readonly maxLooks?: number;
  readonly maxLookWaitMs?: number;
  /** Epoch ms. */
  readonly now: () => number;
  readonly log: SupervisorLog;
  /** Another program in the worker's place, for tests. */
  readonly entry?: string;
}

const DEFAULTS = {
  maxRssBytes: 700 << 20,
  recycleRssBytes: 450 << 20,
  recycleAfterMs: 6 * 3_600_000,
  requestTimeoutMs: 5000,
  loadTimeoutMs: 30_000,
  startTimeoutMs: 60_000,
  idleMs: 60_000,
  maxWaitingBytes: 32 << 20,
  maxWaitingSeconds: 20,
  maxLooks: 16,
  maxLookWaitMs: 30_000,
  entry: fileURLToPath(new URL('../worker/worker-entry.ts', import.meta.url)),
};

const REBALANCE_MS = 10_000;
/** Watches are moved when workers differ by more than this share of their time (detection.md "Queueing"). */
const MAX_DIFFERENCE = 0.3;

/**
 * Workers that look at frames, supervised: started when there is work, given one request at a time, ended when they hang or
 * grow, replaced when they die. A stream whose media ends workers again and again is left alone for a while; nothing here waits
 * for a worker but those who ask for it (detection.md "Recommended design", §8).
 */
export class WorkerSupervisor implements DetectionSupervisor {
  readonly counters = newCounters();
  readonly #options: WorkerSupervisorOptions & typeof DEFAULTS;
  readonly #slots: readonly WorkerSlot[];
  readonly #slotOf = new Map<SupervisedWatch, WorkerSlot>();
  readonly #quarantine = new Quarantine();
  readonly #host: WatchHost;
  readonly #rebalancing: NodeJS.Timeout;
  #capabilities: WorkerCapabilities | undefined;
  #nextId = 1;
  #isClosed = false;

  constructor(options: WorkerSupervisorOptions) {
    const set = { ...DEFAULTS, ...options };
    this.#options = set;
    const { now, log, entry, decoder, modelDirectory = '' } = set;
    this.#slots = Array.from(
      { length: Math.max(1, set.workers) },
      () =>
        new WorkerSlot({
          ...set,
          entry,
          // Workers have a folder of their own as theirs.
          args: [decoder, modelDirectory === '' ? '' : resolve(modelDirectory)],
          counters: this.counters,
          onStarted: (capabilities) => {
            this.#capabilities = capabilities;
          },
          onCrash: (watch, message) => this.#noteCrash(watch, message),
        }),
    );
    this.#host = {
      counters: this.counters,
      log,
      maxBytes: set.maxWaitingBytes,
      maxMediaUs: set.maxWaitingSeconds * 1_000_000,
      now,
      isQuarantined: (stream) => this.#quarantine.has(stream, now()),
      wake: (watch) => this.#slotOf.get(watch)?.wake(),
      reopen: (watch) => this.#slotOf.get(watch)?.reopen(watch),
      closed: (watch) => {
        this.#slotOf.get(watch)?.remove(watch);
        this.#slotOf.delete(watch);
      },
    };
    this.#rebalancing = setInterval(() => this.rebalance(), REBALANCE_MS).unref();
  }

  get capabilities(): WorkerCapabilities | undefined {
    return this.#capabilities;
  }

  /** Of the workers that run now, for tests and the operator's eyes. */
  get pids(): number[] {
    return this.#slots.flatMap(({ pid }) => pid ?? []);
  }

  get levels(): SupervisorLevels {
    const watches = [...this.#slotOf.keys()];
    const watchesByState: Record<string, number> = { watching: 0, degraded: 0, quarantined: 0, failed: 0 };
    for (const { status } of watches) watchesByState[status.state] = (watchesByState[status.state] ?? 0) + 1;
    return {
      workers: this.pids.length,
      watches: watches.length,
      watchesByState,
      waitingFrames: watches.reduce((sum, { waitingFrames }) => sum + waitingFrames, 0),
      waitingBytes: watches.reduce((sum, { waitingBytes }) => sum + waitingBytes, 0),
      waitingPictures: this.#waitingLooks,
      lagMs: watches.reduce((most, { status }) => Math.max(most, status.lagMs ?? 0), 0),
    };
  }

  watch(options: WatchOptions): Watch {
    this.#requireOpen();
    const watch = new SupervisedWatch(this.#nextId++, options, this.#host);
    const slot = this.#slots[hash(`${options.stream}\n${options.name}`) % this.#slots.length];
    if (slot === undefined) throw new RangeError('there are no workers');
    this.#slotOf.set(watch, slot);
    slot.add(watch);
    return watch;
  }

  async look(question: PictureQuestion): Promise<PictureAnswer> {
    try {
      const answer = await this.#look(question);
      this.counters.pictures.answered += 1;
      return answer;
    } catch (error) {
      if (error instanceof WatchError) {
        const { failed } = this.counters.pictures;
        failed[error.code] = (failed[error.code] ?? 0) + 1;
      }
      throw error;
    }
  }

  /** Moves a watch from the worker that has most to do to the one that has least, where they differ much. */
  rebalance(): void {
    const nowMs = this.#options.now();
    const byShare = this.#slots
      .map((slot) => ({ slot, share: slot.shareAt(nowMs) }))
      .toSorted((a, b) => a.share - b.share);
    const [idlest, busiest] = [byShare[0], byShare.at(-1)];
    if (idlest === undefined || busiest === undefined) return;
    const difference = busiest.share - idlest.share;
    if (difference <= MAX_DIFFERENCE) return;
    // The one that makes them most alike: half of the difference.
    const off = (watch: SupervisedWatch) => Math.abs(difference / 2 - watch.share.at(nowMs));
    const [moved] = [...busiest.slot.watches]
      .filter((watch) => !watch.isInWorker && watch.share.at(nowMs) < difference)
      .toSorted((a, b) => off(a) - off(b));
    if (moved === undefined || moved.share.at(nowMs) === 0) return;
    this.counters.moves += 1;
    busiest.slot.remove(moved);
    this.#slotOf.set(moved, idlest.slot);
    moved.lost(false);
    idlest.slot.add(moved);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#rebalancing);
    for (const watch of [...this.#slotOf.keys()]) watch.close();
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }

  get #waitingLooks(): number {
    return this.#slots.reduce((sum, { waitingLooks }) => sum + waitingLooks, 0);
  }

  async #look(question: PictureQuestion): Promise<PictureAnswer> {
    this.#requireOpen();
    const { maxLooks, maxLookWaitMs, now } = this.#options;
    if (this.#waitingLooks >= maxLooks) throw new WatchError('busy', `${maxLooks} pictures wait already`);
    const nowMs = now();
    const [slot] = this.#slots.toSorted(
      (a, b) => a.waitingLooks - b.waitingLooks || a.shareAt(nowMs) - b.shareAt(nowMs),
    );
    if (slot === undefined) throw new RangeError('there are no workers');
    const look: WaitingLook = { question, done: Promise.withResolvers() };
    const giveUp = setTimeout(() => {
      if (slot.withdraw(look))
        look.done.reject(new WatchError('busy', `no worker was free for ${maxLookWaitMs} ms`));
    }, maxLookWaitMs);
    try {
      slot.look(look);
      return await look.done.promise;
    } finally {
      clearTimeout(giveUp);
    }
  }

  #noteCrash(watch: SupervisedWatch, reason: string): void {
    const { stream, name } = watch.options;
    const nowMs = this.#options.now();
    this.#quarantine.crashed(stream, nowMs);
    if (!this.#quarantine.has(stream, nowMs)) return;
    this.counters.quarantines += 1;
    this.#options.log.error(
      { stream, watch: name, reason },
      'a stream is left alone by detection for a while',
    );
    for (const other of this.#slotOf.keys()) if (other.options.stream === stream) other.quarantined();
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new WatchError('closed', 'the server is closing');
  }
}

function hash(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE();
}
