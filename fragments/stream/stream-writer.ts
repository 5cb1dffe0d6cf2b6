import { writeInitSegment } from '../cmaf/init-segment.ts';
import type { Sample, Track } from '../media/track.ts';
import { DeclaredTracks, type TrackChange } from './declared-tracks.ts';
import { FragmentDelivery, type FragmentNews } from './fragment-delivery.ts';
import type { FragmentLog, InitSegment } from './fragment-log.ts';
import { Fragmenter, type FragmenterSink } from './fragmenter.ts';
import type { GrowingFragment } from './growing-fragment.ts';
import { initSegmentOf } from './init-id.ts';
import { Interleaver, type InterleaverCounters } from './interleaver.ts';
import type { MemoryLiveWindow } from './memory-live-window.ts';
import { RateMeter } from './rate-meter.ts';
import type { StreamNumbering } from './stream-numbering.ts';
import type { StreamSettings } from './stream-settings.ts';
import type { TimedSample } from './timed-sample.ts';
import { Timeline, type TimelineCounters } from './timeline.ts';

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
  readonly #delivery: FragmentDelivery;
  readonly #window: MemoryLiveWindow;
  readonly #numbering: StreamNumbering;
  readonly #tracks = new DeclaredTracks();
  readonly #timeline: Timeline;
  readonly #interleaver: Interleaver;
  readonly #fragmenter: Fragmenter;
  readonly #meter = new RateMeter();
  #init: InitSegment | undefined;
  #videoTrackId: number | undefined;
  /** A fragment has begun in this session. */
  #hasBegun = false;
  #unknownTrack = 0;
  #configChanges = 0;
  #ended: Promise<void> | undefined;

  constructor(options: StreamWriterOptions) {
    const { settings } = options;
    this.#delivery = new FragmentDelivery(options);
    this.#window = options.window;
    this.#numbering = options.numbering;
    this.#timeline = new Timeline(settings);
    const sink: FragmenterSink = {
      openFragment: (first, lead) => this.#openFragment(first, lead),
      sampleAdded: () => this.#window.sampleAdded(),
      partEnded: () => this.#window.partEnded(this.#fragmenter.partTargetMs),
      chunkDue: (fragment, isLast) => this.#delivery.writeChunk(fragment, isLast),
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
    return this.#delivery.pendingBytes + this.#interleaver.heldBytes;
  }

  get counters(): WriterCounters {
    return {
      ...this.#timeline.counters,
      ...this.#interleaver.counters,
      droppedBeforeKey: this.#fragmenter.droppedBeforeKey,
      unknownTrack: this.#unknownTrack,
      configChanges: this.#configChanges,
      lostFragments: this.#delivery.lostFragments,
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
    if (this.#ended !== undefined) return this.#ended;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    this.#endRun();
    this.#window.end();
    resolve(this.#delivery.whenIdle());
    return promise;
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
    this.#delivery.endRun();
  }

  #openFragment(first: TimedSample, lead: Track): GrowingFragment {
    if (this.#init === undefined) throw new Error('a fragment cannot begin before tracks were declared');
    this.#hasBegun = true;
    return this.#delivery.begin({
      name: this.#numbering.startFragment(first.serverMs),
      init: this.#init,
      tracks: this.#tracks.active,
      lead,
      first,
    });
  }
}
