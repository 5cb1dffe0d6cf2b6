import type { DecodableTrack } from '../decode/declared-size.ts';
import type { FrameRef } from '../watch/frame.ts';
import { parseTier, type WatchSettings } from '../watch/watch-settings.ts';
import type { WatchState } from '../watch/watch-state.ts';
import { BusyShare } from './busy-share.ts';
import type { TierInForce } from './due-sampler.ts';
import { type DropReason, isSameDecoder, Mailbox, type MailboxRun } from './mailbox.ts';
import {
  type OfferedSample,
  type Watch,
  WatchError,
  type WatchErrorCode,
  type WatchOptions,
  type WatchStatus,
} from './supervisor.ts';
import { addDuration, type SupervisorCounters } from './supervisor-counters.ts';
import type { SupervisorLog } from './supervisor-log.ts';
import { TierControl } from './tier-control.ts';
import type { WatchResult } from './watch-result.ts';
import type { WatchAnswer, WatchOpening, WatchWork } from './worker-messages.ts';

/** What a watch needs of the supervisor that it belongs to. */
export interface WatchHost {
  readonly counters: SupervisorCounters;
  readonly log: SupervisorLog;
  readonly maxBytes: number;
  readonly maxMediaUs: number;
  /** Epoch ms. */
  now(): number;
  isQuarantined(stream: string): boolean;
  /** There may be work for the watch's worker. */
  wake(watch: SupervisedWatch): void;
  /** What its worker knows of it is not true any more. */
  reopen(watch: SupervisedWatch): void;
  closed(watch: SupervisedWatch): void;
}

interface Failure {
  readonly code: WatchErrorCode;
  readonly message: string;
  readonly untilMs: number;
  readonly cause: unknown;
}

interface Ending {
  readonly frame: FrameRef;
  readonly done: PromiseWithResolvers<void>;
  crashes: number;
}

/** What cannot be looked at now is tried again after this long. */
const RETRY_MS = 60_000;
/** An end that crashed this many workers is given up. */
const MAX_END_CRASHES = 3;
const DEFAULT_KEY_PERIOD_MS = 2000;

/** A watch as its owner sees it, and as a worker's slot does. */
export class SupervisedWatch implements Watch {
  /** Unique in the life of the supervisor. */
  readonly id: number;
  readonly options: WatchOptions;
  /** Of a worker's time. */
  readonly share: BusyShare;
  readonly #host: WatchHost;
  readonly #mailbox: Mailbox;
  #settings: WatchSettings;
  #state: WatchState | undefined;
  #control: TierControl;
  #keyPeriodMs = DEFAULT_KEY_PERIOD_MS;
  #lastKeyUs: number | undefined;
  #lagMs: number | undefined;
  #isQuarantined = false;
  #failure: Failure | undefined;
  #status: WatchStatus;
  /** The decoder configuration that the worker has. */
  #track: DecodableTrack | undefined;
  #isInWorker = false;
  #isFlushing = false;
  #isDelivering = false;
  #ending: Ending | undefined;
  #drainers: PromiseWithResolvers<void>[] = [];
  #room: PromiseWithResolvers<void> | undefined;
  #isClosed = false;

  constructor(id: number, options: WatchOptions, host: WatchHost) {
    this.id = id;
    this.options = options;
    this.#host = host;
    this.#settings = options.settings;
    this.#state = options.state;
    this.share = new BusyShare(host.now());
    this.#control = new TierControl(parseTier(options.settings.tier));
    const { maxBytes, maxMediaUs } = host;
    const onDrop = (reason: DropReason, frames: number) => this.#countDrop(reason, frames);
    this.#mailbox = new Mailbox({ pace: options.pace, maxBytes, maxMediaUs, onDrop }, this.#control.inForce);
    this.#status = this.#currentStatus();
  }

  get status(): WatchStatus {
    return { ...this.#status, lagMs: this.#lagMs };
  }

  get waitingFrames(): number {
    return this.#mailbox.waiting;
  }

  get waitingBytes(): number {
    return this.#mailbox.sizeBytes;
  }

  async offer(sample: OfferedSample): Promise<void> {
    this.#requireOpen();
    const nowMs = this.#host.now();
    this.#noteKeyPeriod(sample);
    this.#mailbox.push(sample, nowMs);
    this.#isQuarantined = this.#host.isQuarantined(this.options.stream);
    if (this.#isQuarantined) this.#mailbox.clear('quarantined');
    if (this.#failure !== undefined && nowMs >= this.#failure.untilMs) this.#failure = undefined;
    if (this.#failure !== undefined) this.#mailbox.clear('failed');
    const sinceMs = this.#mailbox.waitingSinceMs;
    if (sinceMs !== undefined) this.#noteLag('waited', nowMs - sinceMs, nowMs);
    this.#tell();
    this.#host.wake(this);
    if (this.options.pace === 'live') return;
    this.#requireWorkable();
    while (!this.#mailbox.hasRoom && !this.#isClosed) {
      this.#room ??= Promise.withResolvers();
      await this.#room.promise;
      this.#requireWorkable();
    }
  }

  async drained(): Promise<void> {
    this.#requireOpen();
    const drained = Promise.withResolvers<void>();
    this.#drainers.push(drained);
    this.#host.wake(this);
    this.#settle();
    await drained.promise;
    if (this.options.pace === 'batch') this.#requireWorkable();
  }

  configure(settings: WatchSettings): void {
    this.#requireOpen();
    if (settings.tier !== this.#settings.tier) {
      this.#control = new TierControl(parseTier(settings.tier));
      this.#mailbox.configure(this.#control.inForce);
    }
    this.#settings = settings;
    this.#failure = undefined;
    this.#host.reopen(this);
    this.#tell();
    this.#settle();
  }

  async end(frame: FrameRef): Promise<void> {
    this.#requireOpen();
    await this.#ending?.done.promise;
    this.#requireOpen();
    this.#ending = { frame, done: Promise.withResolvers(), crashes: 0 };
    const { done } = this.#ending;
    if (this.#failure !== undefined) this.#refuseEnd(this.#failure);
    this.#host.wake(this);
    await done.promise;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ending?.done.resolve();
    this.#ending = undefined;
    this.#settle();
    this.#host.closed(this);
  }

  /** There is work for a worker. */
  get isReady(): boolean {
    if (this.#isClosed || this.#isInWorker || this.#isDelivering || this.#failure !== undefined) return false;
    return this.#mailbox.canTake(this.#isDraining) || this.#canEnd;
  }

  get isInWorker(): boolean {
    return this.#isInWorker;
  }

  /** What the worker is to do; asked only when ready. `isKnown`: the worker has this watch since its last work. */
  takeWork(isKnown: boolean): WatchWork | undefined {
    const run = this.#mailbox.take(this.#isDraining);
    if (run === undefined && !this.#canEnd) return undefined;
    if (!isKnown) this.#track = undefined;
    this.#isInWorker = true;
    this.#isFlushing = run?.flush ?? true;
    return {
      watch: this.id,
      opening: isKnown ? undefined : this.#opening(),
      track: this.#newTrack(run),
      samples: (run?.samples ?? []).map(({ dtsUs, ptsUs, isSync, data }) => ({ dtsUs, ptsUs, isSync, data })),
      startsAnew: run?.startsAnew ?? false,
      flush: this.#isFlushing,
      due: (run?.due ?? []).map(({ ptsUs, frame }) => ({ ptsUs, frame })),
      end: run === undefined ? this.#ending?.frame : undefined,
    };
  }

  /** The worker's answer. */
  answered({ results, decodeError }: WatchAnswer): void {
    this.#isInWorker = false;
    const nowMs = this.#host.now();
    for (const { ptsUs, result } of results) {
      if (result.state !== undefined) this.#state = result.state;
      if (ptsUs !== undefined) this.#count(result);
      const awaited = ptsUs === undefined ? undefined : this.#mailbox.answered(ptsUs);
      if (awaited === undefined) continue;
      this.#lagMs = nowMs - awaited.arrivedMs;
      if (this.options.pace === 'live') addDuration(this.#host.counters.lag, this.#lagMs);
      this.#noteLag('looked', nowMs - awaited.sinceMs, nowMs);
    }
    if (this.#isFlushing) this.#mailbox.flushed();
    if (decodeError !== undefined) {
      const { stream, name } = this.options;
      this.#host.log.info({ stream, watch: name, decodeError }, 'frames could not be decoded');
    }
    const hasEnded = results.some(({ ptsUs }) => ptsUs === undefined);
    void this.#deliver(
      results.map(({ result }) => result),
      hasEnded,
    );
    this.#tell();
  }

  /** Its worker is no more; `isGuilty`: it died of what this watch gave it. */
  lost(isGuilty: boolean): void {
    this.#isInWorker = false;
    if (isGuilty) {
      this.#mailbox.clear('crashed');
      if (this.#ending !== undefined && ++this.#ending.crashes >= MAX_END_CRASHES) {
        this.#refuseEnd({ code: 'crashed', message: 'workers crash at its end' });
      }
    } else this.#mailbox.restart();
    this.#tell();
    this.#settle();
  }

  /** Its stream is left alone from now on. */
  quarantined(): void {
    this.#isQuarantined = true;
    this.#mailbox.clear('quarantined');
    this.#tell();
    this.#settle();
  }

  /** Nobody can look for it now: its model cannot be loaded, or no worker starts. */
  failed(code: WatchErrorCode, message: string): void {
    this.#isInWorker = false;
    if (this.#isClosed) return;
    this.#fail({ code, message, untilMs: this.#host.now() + RETRY_MS, cause: undefined });
  }

  get #isDraining(): boolean {
    return this.#drainers.length > 0 || this.#ending !== undefined;
  }

  /** All that came before the end was looked at. */
  get #canEnd(): boolean {
    return this.#ending !== undefined && this.#mailbox.waiting === 0;
  }

  #opening(): WatchOpening {
    const { name, stream } = this.options;
    return { name, stream, settings: this.#settings, state: this.#state };
  }

  #newTrack(run: MailboxRun | undefined): DecodableTrack | undefined {
    if (run?.track === undefined) return undefined;
    if (this.#track !== undefined && isSameDecoder(this.#track, run.track)) return undefined;
    const { codec, codecString, config, width, height } = run.track;
    this.#track = {
      codec,
      codecString,
      config,
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
    };
    return this.#track;
  }

  /** Gives the results to the owner, one after the other; nothing more is asked of the worker before the last one was taken. */
  async #deliver(results: readonly WatchResult[], hasEnded: boolean): Promise<void> {
    this.#isDelivering = true;
    try {
      for (const result of results) {
        if (this.#isClosed) return;
        await this.options.onResult(result);
      }
      if (hasEnded) {
        this.#ending?.done.resolve();
        this.#ending = undefined;
      }
    } catch (cause) {
      // Whoever keeps the state has not got it: going on would lose events.
      this.#host.counters.refusedResults += 1;
      const { stream, name } = this.options;
      this.#host.log.error({ err: cause, stream, watch: name }, 'results of detection were not taken');
      const message = `its results were not taken: ${cause instanceof Error ? cause.message : String(cause)}`;
      this.#fail({ code: 'closed', message, untilMs: Number.POSITIVE_INFINITY, cause });
    } finally {
      this.#isDelivering = false;
      this.#settle();
      if (!this.#isClosed) this.#host.wake(this);
    }
  }

  #fail(failure: Failure): void {
    this.#failure = failure;
    this.#mailbox.clear('failed');
    this.#refuseEnd(failure);
    this.#tell();
    this.#settle();
  }

  #refuseEnd({ code, message }: Pick<Failure, 'code' | 'message'>): void {
    this.#ending?.done.reject(new WatchError(code, message));
    this.#ending = undefined;
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new WatchError('closed', `the watch ${this.options.name} is closed`);
  }

  /** A batch is told that nobody looks at what it offers; live, the status tells it. */
  #requireWorkable(): void {
    this.#requireOpen();
    if (this.#failure !== undefined) {
      const { code, message, cause } = this.#failure;
      throw new WatchError(code, message, { cause });
    }
    if (this.#isQuarantined) throw new WatchError('crashed', this.#currentStatus().message);
  }

  /** Lets go of those who wait for what has happened. */
  #settle(): void {
    const isIdle = this.#mailbox.waiting === 0 && !this.#isInWorker && !this.#isDelivering;
    if (isIdle || this.#isClosed) for (const drained of this.#drainers.splice(0)) drained.resolve();
    if (this.#mailbox.hasRoom || this.#isClosed) {
      this.#room?.resolve();
      this.#room = undefined;
    }
  }

  #noteKeyPeriod({ isSync, ptsUs }: OfferedSample): void {
    if (!isSync) return;
    const periodMs = (ptsUs - (this.#lastKeyUs ?? ptsUs)) / 1000;
    if (periodMs > 0) this.#keyPeriodMs = periodMs;
    this.#lastKeyUs = ptsUs;
  }

  #noteLag(how: 'waited' | 'looked', lagMs: number, nowMs: number): void {
    if (this.options.pace === 'batch') return;
    const wasLowered = this.#control.isLowered;
    if (!this.#control[how](lagMs, this.#keyPeriodMs, nowMs)) return;
    if (this.#control.isLowered) {
      if (!wasLowered) this.#host.counters.lowered += 1;
      this.#mailbox.degradeTo(this.#control.inForce);
    } else this.#mailbox.restore();
    this.#tell();
  }

  #count({ skipped, timings }: WatchResult): void {
    const { counters } = this.#host;
    if (skipped === undefined) {
      counters.looked += 1;
      addDuration(counters.infer, timings.inferMs);
    } else counters.skipped[skipped] += 1;
    if (skipped !== 'not-decoded') addDuration(counters.decode, timings.decodeMs);
  }

  #countDrop(reason: DropReason, frames: number): void {
    const { dropped } = this.#host.counters;
    dropped[reason] = (dropped[reason] ?? 0) + frames;
  }

  #tell(): void {
    const before = this.#status;
    this.#status = this.#currentStatus();
    const { state, message, tier } = this.#status;
    if (before.state === state && before.message === message && before.tier === tier) return;
    const { stream, name } = this.options;
    this.#host.log.info({ stream, watch: name, state, tier, reason: message }, 'detection');
    this.options.onStatus?.(this.status);
  }

  #currentStatus(): WatchStatus {
    const tier = tierText(this.#control.inForce);
    const lagMs = this.#lagMs;
    if (this.#failure !== undefined) return { state: 'failed', message: this.#failure.message, tier, lagMs };
    if (this.#isQuarantined) {
      const message = 'its media has ended workers again and again: it is left alone for a while';
      return { state: 'quarantined', message, tier, lagMs };
    }
    if (this.#control.isLowered) {
      const message = `this machine cannot keep up with ${this.#settings.tier}`;
      return { state: 'degraded', message, tier, lagMs };
    }
    return { state: 'watching', message: '', tier, lagMs };
  }
}

/** `keyframes/4`: every fourth key frame. */
function tierText(tier: TierInForce): string {
  if (tier.kind === 'fps') return `fps:${tier.framesPerSecond}`;
  return tier.everyNthKey === 1 ? tier.kind : `${tier.kind}/${tier.everyNthKey}`;
}
