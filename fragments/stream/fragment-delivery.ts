import type { Track } from '../media/track.ts';
import type { FragmentInfo, FragmentTag } from './fragment.ts';
import { type FragmentLog, type InitSegment, LogWriteError, type LogWriteErrorCode } from './fragment-log.ts';
import { GrowingFragment } from './growing-fragment.ts';
import type { MemoryLiveWindow } from './memory-live-window.ts';
import type { FragmentName, StreamNumbering } from './stream-numbering.ts';
import type { TimedSample } from './timed-sample.ts';

/** A fragment's way: complete in memory, durable, or lost (with why). */
export type FragmentNews =
  | { readonly type: 'received' | 'persisted'; readonly info: FragmentInfo }
  | {
      readonly type: 'lost';
      readonly info: FragmentInfo;
      readonly reason: LogWriteErrorCode;
      readonly error: unknown;
    };

export interface FragmentDeliveryOptions {
  readonly log: FragmentLog;
  readonly window: MemoryLiveWindow;
  readonly numbering: StreamNumbering;
  /** Producers wait to be told that their fragments are durable. */
  readonly isAwaited?: boolean;
  /** Called for each step of each fragment. */
  readonly onFragment: (news: FragmentNews) => void;
}

/** What a fragment begins with. */
export interface FragmentBeginning {
  readonly name: FragmentName;
  readonly init: InitSegment;
  readonly tracks: readonly Track[];
  /** The track that tells the fragment's time. */
  readonly lead: Track;
  readonly first: TimedSample;
  /** The producer's own word for when it began, instead of that of its first sample. */
  readonly producerMs?: number;
  readonly tags?: readonly FragmentTag[];
}

/**
 * Brings fragments to the live window and to the log, one open at a time, and tells what becomes of them. Never waits: a log that
 * cannot follow costs whole fragments, said aloud, never single frames (design.md §3 rule 10).
 */
export class FragmentDelivery {
  readonly #log: FragmentLog;
  readonly #window: MemoryLiveWindow;
  readonly #numbering: StreamNumbering;
  readonly #isAwaited: boolean;
  readonly #onFragment: (news: FragmentNews) => void;
  readonly #lost = new WeakSet<GrowingFragment>();
  #open: GrowingFragment | undefined;
  #run = 0;
  #startsRun = true;
  #gapBefore = false;
  #pendingAppends = 0;
  #lostFragments = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: FragmentDeliveryOptions) {
    this.#log = options.log;
    this.#window = options.window;
    this.#numbering = options.numbering;
    this.#isAwaited = options.isAwaited ?? false;
    this.#onFragment = options.onFragment;
  }

  /** Bytes received and not yet durable. */
  get pendingBytes(): number {
    return this.#log.pendingBytes + (this.#open?.openChunkBytes ?? 0);
  }

  get lostFragments(): number {
    return this.#lostFragments;
  }

  /** The next fragment begins a run. */
  endRun(): void {
    this.#startsRun = true;
  }

  /** Begins a fragment: it is in the window from now on. */
  begin(beginning: FragmentBeginning): GrowingFragment {
    const { first, ...known } = beginning;
    const startsRun = this.#startsRun;
    if (startsRun) this.#run = this.#numbering.startRun();
    const start = { ...known, run: this.#run, startsRun, gapBefore: this.#gapBefore };
    this.#startsRun = false;
    this.#gapBefore = false;
    const fragment = new GrowingFragment(start, first);
    this.#open = fragment;
    this.#window.open(fragment);
    return fragment;
  }

  /** Makes a chunk of what the fragment has since its last one and sends it to the log; `isLast` completes the fragment. */
  writeChunk(fragment: GrowingFragment, isLast: boolean): void {
    if (isLast) this.#open = undefined;
    const chunk = fragment.endChunk(isLast);
    const isLost = this.#lost.has(fragment);
    if (!isLost) {
      this.#pendingAppends++;
      this.#log.append(isLast && this.#isAwaited ? { ...chunk, isAwaited: true } : chunk).then(
        () => this.#appended(fragment, isLast),
        (error: unknown) => this.#failed(fragment, error),
      );
    }
    if (!isLast) return;
    if (isLost) this.#window.settled(fragment);
    this.#window.completed(fragment);
    if (!isLost) this.#onFragment({ type: 'received', info: fragment.info });
  }

  /** Resolves when the log has answered for all that was sent to it. Nothing may be sent after this was asked. */
  whenIdle(): Promise<void> {
    this.#idle ??= Promise.withResolvers<void>();
    this.#resolveWhenIdle();
    return this.#idle.promise;
  }

  #appended(fragment: GrowingFragment, isLast: boolean): void {
    this.#pendingAppends--;
    if (isLast && !this.#lost.has(fragment)) {
      this.#window.settled(fragment);
      this.#onFragment({ type: 'persisted', info: fragment.info });
    }
    this.#resolveWhenIdle();
  }

  #failed(fragment: GrowingFragment, error: unknown): void {
    this.#pendingAppends--;
    if (!this.#lost.has(fragment)) {
      this.#lost.add(fragment);
      this.#lostFragments++;
      this.#markGapAfter(fragment);
      const reason = error instanceof LogWriteError ? error.code : 'io-error';
      this.#onFragment({ type: 'lost', info: fragment.info, reason, error });
    }
    if (fragment.isComplete) this.#window.settled(fragment);
    this.#resolveWhenIdle();
  }

  /** The first fragment after the lost one that is not on its way to the log yet says so, and begins a run. */
  #markGapAfter(lost: GrowingFragment): void {
    const open = this.#open;
    if (open === undefined || open === lost || open.chunkCount > 0) {
      this.#gapBefore = true;
      this.#startsRun = true;
      return;
    }
    const startsRun = open.markGapBefore(() => this.#numbering.startRun());
    if (startsRun) this.#run = open.info.run;
    else this.#startsRun = true;
  }

  #resolveWhenIdle(): void {
    if (this.#pendingAppends === 0) this.#idle?.resolve();
  }
}
