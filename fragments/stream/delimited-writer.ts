import { writeInitSegment } from '../cmaf/init-segment.ts';
import type { Sample, Track } from '../media/track.ts';
import type { FragmentTag } from './fragment.ts';
import type { FragmentDelivery } from './fragment-delivery.ts';
import type { InitSegment } from './fragment-log.ts';
import type { GrowingFragment } from './growing-fragment.ts';
import { initSegmentOf } from './init-id.ts';
import type { MemoryLiveWindow } from './memory-live-window.ts';
import { PartCutter } from './part-cutter.ts';
import { withProducerHeader } from './producer-header.ts';
import { RateMeter } from './rate-meter.ts';
import type { FragmentName, StreamNumbering } from './stream-numbering.ts';
import type { StreamSettings } from './stream-settings.ts';
import { leadTrack, type TimedSample, usualDurationTicks } from './timed-sample.ts';
import { MAX_DURATION_TICKS } from './track-runs.ts';

export interface DelimitedWriterOptions {
  /** Shared by all sessions that write the stream at the same time; one of them at a time has a fragment open. */
  readonly delivery: FragmentDelivery;
  readonly window: MemoryLiveWindow;
  readonly numbering: StreamNumbering;
  readonly settings: Pick<StreamSettings, 'partTargetMs' | 'chunkMs' | 'chunkBytes'>;
}

/** What is known of a fragment when it begins. */
export interface DelimitedStart {
  /** When it happened by the producer's clock, epoch ms. */
  readonly producerMs: number;
  /** Tags that came before it. */
  readonly tags: readonly FragmentTag[];
  /** Does not go on from the session's fragment before it. */
  readonly startsRun: boolean;
}

/** What a session did not take as it came. */
export interface DelimitedCounters {
  /** Decode times moved forward to follow their predecessor; presentation times kept. */
  readonly nudged: number;
  /** Samples dropped because their track was never declared. */
  readonly unknownTrack: number;
}

/** Where a track has got to. */
interface TrackTime {
  readonly track: Track;
  /** Latest decode time in this run; -1 before the first sample. */
  lastTicks: number;
  /** Duration of the latest sample that had a successor. */
  latestDurationTicks: number;
  /** The latest sample of the open fragment, and its place there: its successor tells how long it lasts. */
  last: TimedSample | undefined;
  lastIndex: number;
}

/** The fragment being written: its name is given when it begins, the rest when its first sample is there. */
interface OpenFragment {
  readonly name: FragmentName;
  readonly producerMs: number;
  readonly tags: FragmentTag[];
  growing: GrowingFragment | undefined;
}

/**
 * One session that says itself where fragments begin and end (PutMedia). Samples are seen by readers in the call that
 * brings them, in the producer's own order over all tracks; media time is the producer's own, as it came.
 */
export class DelimitedWriter {
  readonly #delivery: FragmentDelivery;
  readonly #window: MemoryLiveWindow;
  readonly #numbering: StreamNumbering;
  readonly #settings: DelimitedWriterOptions['settings'];
  readonly #parts: PartCutter;
  readonly #meter = new RateMeter();
  readonly #times = new Map<number, TrackTime>();
  #tracks: readonly Track[] = [];
  #lead: Track | undefined;
  #init: InitSegment | undefined;
  #open: OpenFragment | undefined;
  /** Ordinal at which this session goes on without a break. */
  #nextOrdinal = -1;
  #nudged = 0;
  #unknownTrack = 0;

  constructor(options: DelimitedWriterOptions) {
    this.#delivery = options.delivery;
    this.#window = options.window;
    this.#numbering = options.numbering;
    this.#settings = options.settings;
    this.#parts = new PartCutter(options.settings.partTargetMs);
    this.#numbering.startSession();
  }

  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  get counters(): DelimitedCounters {
    return { nudged: this.#nudged, unknownTrack: this.#unknownTrack };
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Averages over about the last five seconds. */
  rates(nowMs: number): { readonly bitrateBps: number; readonly videoFps: number } {
    const serverMs = this.#numbering.serverTime(nowMs);
    return { bitrateBps: this.#meter.bitrateBps(serverMs), videoFps: this.#meter.fps(serverMs) };
  }

  /**
   * Declares the tracks, between fragments; `header` is kept with the init segment (producer-header.ts). With any other
   * bytes than before, a run begins. Throws Mp4Error for what cannot be stored.
   */
  setTracks(tracks: readonly Track[], header: Uint8Array | undefined): void {
    const bytes = writeInitSegment(tracks);
    const init = initSegmentOf(header === undefined ? bytes : withProducerHeader(bytes, header));
    if (init.id === this.#init?.id) return;
    this.#init = init;
    this.#tracks = tracks;
    this.#nextOrdinal = -1;
    this.#lead = leadTrack(tracks);
    if (this.#lead !== undefined) this.#parts.setLead(this.#lead);
    this.#times.clear();
    for (const track of tracks) {
      const latestDurationTicks = usualDurationTicks(track);
      this.#times.set(track.id, {
        track,
        lastTicks: -1,
        latestDurationTicks,
        last: undefined,
        lastIndex: 0,
      });
    }
  }

  /** Begins a fragment: its number and server time are settled. Tracks must have been declared. */
  beginFragment(start: DelimitedStart, nowMs: number): FragmentName {
    if (this.#open !== undefined) throw new Error('the fragment before has not ended');
    if (this.#init === undefined) throw new Error('a fragment cannot begin before tracks were declared');
    // Another session's fragment may have come between.
    if (start.startsRun || this.#numbering.nextOrdinal !== this.#nextOrdinal) {
      this.#delivery.endRun();
      for (const time of this.#times.values()) time.lastTicks = -1;
    }
    const name = this.#numbering.startFragment(this.#numbering.serverTime(nowMs));
    this.#open = { name, producerMs: start.producerMs, tags: [...start.tags], growing: undefined };
    return name;
  }

  /**
   * Takes a sample of the open fragment. Its own duration counts where no successor tells a better one. A decode time that
   * does not follow its predecessor's is moved forward; the presentation time is kept.
   */
  write(sample: Sample, nowMs: number, producerMs: number): void {
    const time = this.#times.get(sample.trackId);
    const open = this.#open;
    if (open === undefined) throw new Error('no fragment is open');
    if (time === undefined) {
      this.#unknownTrack++;
      return;
    }
    const { kind, timescale } = time.track;
    const serverMs = this.#numbering.serverTime(nowMs);
    const dtsTicks = Math.max(sample.dtsTicks, time.lastTicks + 1);
    if (dtsTicks !== sample.dtsTicks) this.#nudged++;
    this.#settleLast(time, dtsTicks);
    const timed: TimedSample = {
      trackId: sample.trackId,
      dtsTicks,
      compositionOffsetTicks: sample.compositionOffsetTicks + sample.dtsTicks - dtsTicks,
      durationTicks: sample.durationTicks > 0 ? sample.durationTicks : time.latestDurationTicks,
      isSync: sample.isSync,
      data: sample.data,
      dtsSeconds: dtsTicks / timescale,
      serverMs,
      producerMs,
      startsRun: false,
    };
    this.#meter.add(sample.data.length, kind === 'video', serverMs);
    const fragment = open.growing ?? this.#grow(open, timed);
    if (time.track === this.#lead && time.last !== undefined)
      this.#cutAfter(fragment, time.last, time.lastIndex);
    time.last = timed;
    time.lastIndex = fragment.samples.length;
    time.lastTicks = dtsTicks;
    fragment.add(timed);
    this.#window.sampleAdded();
  }

  /** Tags of the open fragment. */
  addTags(tags: readonly FragmentTag[]): void {
    (this.#open?.growing?.tags ?? this.#open?.tags)?.push(...tags);
  }

  /**
   * The fragment is complete. `nextDtsTicks` by track id: where the next fragment's samples begin, for exact last durations. A
   * fragment without a sample never was: its number is not given again, its ordinal is. Answers whether there was one.
   */
  endFragment(nextDtsTicks?: ReadonlyMap<number, number>): boolean {
    const open = this.#open;
    if (open === undefined) return false;
    this.#open = undefined;
    const fragment = open.growing;
    if (fragment === undefined) {
      this.#numbering.takeBack(open.name);
      return false;
    }
    for (const time of this.#times.values()) {
      const nextTicks = nextDtsTicks?.get(time.track.id);
      if (nextTicks !== undefined) this.#settleLast(time, nextTicks);
      if (time.track === this.#lead && time.last !== undefined)
        this.#cutBefore(fragment, time.last, time.lastIndex);
      time.last = undefined;
    }
    this.#endPart(fragment);
    this.#delivery.writeChunk(fragment, true);
    this.#nextOrdinal = open.name.ordinal + 1;
    return true;
  }

  #grow(open: OpenFragment, first: TimedSample): GrowingFragment {
    const [init, lead] = [this.#init, this.#lead];
    if (init === undefined || lead === undefined) throw new Error('no tracks were declared');
    const { name, producerMs, tags } = open;
    open.growing = this.#delivery.begin({ name, producerMs, tags, init, tracks: this.#tracks, lead, first });
    this.#parts.startFragment();
    return open.growing;
  }

  /** The track's latest sample lasts until `nextTicks`. */
  #settleLast(time: TrackTime, nextTicks: number): void {
    const durationTicks = time.last === undefined ? 0 : nextTicks - time.last.dtsTicks;
    if (time.last === undefined || durationTicks <= 0) return;
    time.last.durationTicks = Math.min(durationTicks, MAX_DURATION_TICKS);
    time.latestDurationTicks = time.last.durationTicks;
  }

  /** The lead's latest sample has its duration: the part ends before it when it would carry the part over its target. */
  #cutBefore(fragment: GrowingFragment, last: TimedSample, index: number): void {
    if (this.#parts.endsBefore(last.durationTicks)) {
      fragment.endPartBefore(index);
      this.#parts.startPart();
      this.#window.partEnded(this.#parts.targetMs);
    }
    this.#parts.add(last.durationTicks);
  }

  /** As `cutBefore`, and sends off what has become long enough for a chunk of its own. */
  #cutAfter(fragment: GrowingFragment, last: TimedSample, index: number): void {
    this.#cutBefore(fragment, last, index);
    const openMs = (fragment.openChunkTicks * 1000) / (this.#lead?.timescale ?? 1000);
    if (fragment.openChunkBytes < this.#settings.chunkBytes && openMs < this.#settings.chunkMs) return;
    this.#endPart(fragment);
    this.#delivery.writeChunk(fragment, false);
  }

  #endPart(fragment: GrowingFragment): void {
    fragment.endPart();
    this.#parts.startPart();
    this.#window.partEnded(this.#parts.targetMs);
  }
}
