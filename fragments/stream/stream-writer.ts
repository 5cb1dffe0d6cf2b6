import { writeInitSegment } from '../cmaf/init-segment.ts';
import type { Sample, Track } from '../media/track.ts';
import { DeclaredTracks, type TrackChange } from './declared-tracks.ts';
import type { FragmentInfo } from './fragment.ts';
import { type FragmentLog, type InitSegment, LogWriteError, type LogWriteErrorCode } from './fragment-log.ts';
import { Fragmenter, type FragmenterSink } from './fragmenter.ts';
import { GrowingFragment } from './growing-fragment.ts';
import { initSegmentOf } from './init-id.ts';
import { Interleaver, type InterleaverCounters } from './interleaver.ts';
import type { MemoryLiveWindow } from './memory-live-window.ts';
import { RateMeter } from './rate-meter.ts';
import type { StreamNumbering } from './stream-numbering.ts';
import type { StreamSettings } from './stream-settings.ts';
import type { TimedSample } from './timed-sample.ts';
import { Timeline, type TimelineCounters } from './timeline.ts';

/** A fragment's way: complete in memory, durable, or lost (with why). */
export type FragmentNews =
  | { readonly type: 'received' | 'persisted'; readonly info: FragmentInfo }
  | {
      readonly type: 'lost';
      readonly info: FragmentInfo;
      readonly reason: LogWriteErrorCode;
      readonly error: unknown;
    };

/** All that a session did not take as it came. */
export interface WriterCounters extends TimelineCounters, InterleaverCounters {
  /** Samples dropped because the session's first key frame had not come yet. */
  readonly droppedBeforeKey: number;
  /** Samples dropped because their track was never declared. */
  readonly unknownTrack: number;
  /** Decoder configuration changes that began a run. */
  readonly configChanges: number;
  readonly lostFragments: number;
}

export interface StreamWriterOptions {
  readonly log: FragmentLog;
  readonly window: MemoryLiveWindow;
  readonly numbering: StreamNumbering;
  readonly settings: StreamSettings;
  /** Called for each step of each fragment. */
  readonly onFragment: (news: FragmentNews) => void;
}

/**
 * One producer's session on a stream: samples in; fragments in the log and in the live window out. Takes everything in
 * the call, keeps no promise a sample, and never waits: a log that cannot follow costs whole fragments, said aloud,
 * never single frames (design.md §3 rule 10).
 */
export class StreamWriter {
  readonly #log: FragmentLog;
  readonly #window: MemoryLiveWindow;
  readonly #numbering: StreamNumbering;
  readonly #onFragment: (news: FragmentNews) => void;
  readonly #tracks = new DeclaredTracks();
  readonly #timeline: Timeline;
  readonly #interleaver: Interleaver;
  readonly #fragmenter: Fragmenter;
  readonly #meter = new RateMeter();
  readonly #lost = new WeakSet<GrowingFragment>();
  #init: InitSegment | undefined;
  #videoTrackId: number | undefined;
  /** A fragment has begun in this session. */
  #hasBegun = false;
  #run = 0;
  #startsRun = true;
  #gapBefore = false;
  #pendingAppends = 0;
  #unknownTrack = 0;
  #configChanges = 0;
  #lostFragments = 0;
  #ended: PromiseWithResolvers<void> | undefined;

  constructor(options: StreamWriterOptions) {
    const { settings } = options;
    this.#log = options.log;
    this.#window = options.window;
    this.#numbering = options.numbering;
    this.#onFragment = options.onFragment;
    this.#timeline = new Timeline(settings);
    const sink: FragmenterSink = {
      openFragment: (first, lead) => this.#openFragment(first, lead),
      sampleAdded: () => this.#window.sampleAdded(),
      partEnded: () => this.#window.partEnded(this.#fragmenter.partTargetMs),
      chunkDue: (fragment, isLast) => this.#writeChunk(fragment, isLast),
    };
    this.#fragmenter = new Fragmenter(settings, sink);
    this.#interleaver = new Interleaver(settings, (sample) => this.#fragmenter.add(sample));
    this.#numbering.startSession();
    this.#window.start();
  }

  /** The tracks of the samples being written. */
  get tracks(): readonly Track[] {
    return this.#tracks.active;
  }

  /** Bytes received and not yet durable. */
  get pendingBytes(): number {
    const openBytes = this.#fragmenter.open?.openChunkBytes ?? 0;
    return this.#log.pendingBytes + this.#interleaver.heldBytes + openBytes;
  }

  get counters(): WriterCounters {
    return {
      ...this.#timeline.counters,
      ...this.#interleaver.counters,
      droppedBeforeKey: this.#fragmenter.droppedBeforeKey,
      unknownTrack: this.#unknownTrack,
      configChanges: this.#configChanges,
      lostFragments: this.#lostFragments,
    };
  }

  /** Averages over about the last five seconds. */
  rates(nowMs: number): { readonly bitrateBps: number; readonly videoFps: number } {
    const serverMs = this.#numbering.serverTime(nowMs);
    return { bitrateBps: this.#meter.bitrateBps(serverMs), videoFps: this.#meter.fps(serverMs) };
  }

  /**
   * Declares the tracks, before the first sample and whenever a decoder configuration changed. Takes effect with the
   * next sample; a change that matters to decoders begins a new run. Throws Mp4Error for tracks that cannot be stored.
   */
  setTracks(tracks: readonly Track[]): void {
    writeInitSegment(tracks);
    this.#tracks.declare(tracks);
  }

  /** Takes a sample. `nowMs`: when it reached us; `producerMs`: the producer's wall clock for it, where it gives one. */
  write(sample: Sample, nowMs: number, producerMs?: number): void {
    if (this.#ended !== undefined) return;
    const serverMs = this.#numbering.serverTime(nowMs);
    const change = this.#tracks.changeBefore(sample);
    if (change !== undefined) this.#changeTracks(change);
    const timed = this.#timeline.place(sample, serverMs, producerMs);
    if (timed === undefined) {
      this.#unknownTrack++;
      return;
    }
    this.#meter.add(sample.data.length, sample.trackId === this.#videoTrackId, serverMs);
    if (timed.startsRun) this.#endRun();
    this.#interleaver.push(timed, serverMs);
  }

  /** Finishes the last fragment; resolves when all is persisted or reported lost. Idempotent. */
  end(): Promise<void> {
    if (this.#ended !== undefined) return this.#ended.promise;
    this.#ended = Promise.withResolvers<void>();
    this.#endRun();
    this.#window.end();
    this.#resolveWhenIdle();
    return this.#ended.promise;
  }

  #changeTracks({ before, after: tracks }: TrackChange): void {
    if (this.#hasBegun || !this.#timeline.canBecome(before, tracks)) {
      this.#configChanges++;
      this.#endRun();
    }
    this.#timeline.setTracks(tracks);
    this.#interleaver.setTracks(tracks);
    this.#fragmenter.setTracks(tracks);
    this.#videoTrackId = tracks.find(({ kind }) => kind === 'video')?.id;
    this.#init = initSegmentOf(writeInitSegment(tracks));
  }

  #endRun(): void {
    this.#interleaver.drain();
    this.#fragmenter.endRun();
    this.#startsRun = true;
  }

  #openFragment(first: TimedSample, lead: Track): GrowingFragment {
    if (this.#init === undefined) throw new Error('a fragment cannot begin before tracks were declared');
    const startsRun = this.#startsRun;
    if (startsRun) this.#run = this.#numbering.startRun();
    const start = {
      name: this.#numbering.startFragment(first.serverMs),
      run: this.#run,
      startsRun,
      gapBefore: this.#gapBefore,
      init: this.#init,
      tracks: this.#tracks.active,
      lead,
    };
    this.#hasBegun = true;
    this.#startsRun = false;
    this.#gapBefore = false;
    const fragment = new GrowingFragment(start, first);
    this.#window.open(fragment);
    return fragment;
  }

  #writeChunk(fragment: GrowingFragment, isLast: boolean): void {
    const chunk = fragment.endChunk(isLast);
    const isLost = this.#lost.has(fragment);
    if (!isLost) {
      this.#pendingAppends++;
      this.#log.append(chunk).then(
        () => this.#appended(fragment, isLast),
        (error: unknown) => this.#failed(fragment, error),
      );
    }
    if (!isLast) return;
    if (isLost) this.#window.settled(fragment);
    this.#window.completed(fragment);
    if (!isLost) this.#onFragment({ type: 'received', info: fragment.info });
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
    const open = this.#fragmenter.open;
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
    if (this.#pendingAppends === 0) this.#ended?.resolve();
  }
}
