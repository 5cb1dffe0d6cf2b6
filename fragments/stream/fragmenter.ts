import type { Track } from '../media/track.ts';
import { FirstKeyWait } from './first-key-wait.ts';
import type { GrowingFragment } from './growing-fragment.ts';
import { PartCutter } from './part-cutter.ts';
import type { StreamSettings } from './stream-settings.ts';
import { leadTrack, type TimedSample } from './timed-sample.ts';

/** What the fragmenter asks of its owner: all in the order of the stream, in the call that caused it. */
export interface FragmenterSink {
  /** A fragment begins with this sample (which `sampleAdded` will report). */
  openFragment(first: TimedSample, lead: Track): GrowingFragment;
  sampleAdded(fragment: GrowingFragment): void;
  partEnded(fragment: GrowingFragment): void;
  /** A chunk is due: all samples so far; the fragment goes on when `isLast` is false. */
  chunkDue(fragment: GrowingFragment, isLast: boolean): void;
}

/** `moof` boxes with more samples than this are refused by readers (fragments/cmaf/moof.ts). */
const MAX_FRAGMENT_SAMPLES = 65_536;

/**
 * Cuts a run into fragments, parts and chunks.
 *
 * A fragment is a GOP: it begins with a key frame and ends before the next, audio going where its decode time says. A
 * key frame nearer than `minFragmentMs` (500 ms) to the start of an independent fragment does not cut; a GOP longer than
 * `maxFragmentMs` (20 s), or too many bytes, is cut before the frame that would pass the limit and goes on in a fragment
 * that is not independent. Without video, fragments have `audioFragmentMs` (2 s).
 */
export class Fragmenter {
  readonly #settings: StreamSettings;
  readonly #sink: FragmenterSink;
  readonly #parts: PartCutter;
  #tracks: readonly Track[] = [];
  /** The track that should tell the time. */
  #primary: Track | undefined;
  /** The track that does: another one while the primary is absent. */
  #lead: Track | undefined;
  #open: GrowingFragment | undefined;
  /** Only until the session's first key frame. */
  #wait: FirstKeyWait | undefined;
  #dropped = 0;

  constructor(settings: StreamSettings, sink: FragmenterSink) {
    this.#settings = settings;
    this.#sink = sink;
    this.#parts = new PartCutter(settings.partTargetMs);
    this.#wait = new FirstKeyWait(settings);
  }

  /** The part target that the frame rate allows, in ms: what EXT-X-PART-INF must say. */
  get partTargetMs(): number {
    return this.#parts.targetMs;
  }

  /** Samples dropped because no key frame had come yet. */
  get droppedBeforeKey(): number {
    return this.#dropped + (this.#wait?.dropped ?? 0);
  }

  /** The fragment being received. */
  get open(): GrowingFragment | undefined {
    return this.#open;
  }

  /** Declares the tracks. Call `endRun` first. */
  setTracks(tracks: readonly Track[]): void {
    this.#tracks = tracks;
    this.#primary = leadTrack(tracks);
    this.#setLead(this.#primary);
  }

  /** Takes the next sample of the interleaved run. */
  add(sample: TimedSample): void {
    if (this.#wait === undefined || this.#primary?.kind !== 'video') {
      this.#take(sample);
      return;
    }
    const begins = this.#wait.add(sample, sample.trackId === this.#primary.id);
    if (begins !== undefined) this.#begin(begins);
  }

  /** The run ends: finishes the fragment. The next sample begins another one. */
  endRun(): void {
    const held = this.#wait?.endRun() ?? [];
    if (held.length > 0) this.#begin(held);
    this.#close();
    this.#setLead(this.#primary);
  }

  #begin(samples: readonly TimedSample[]): void {
    this.#dropped = this.droppedBeforeKey;
    this.#wait = undefined;
    const first = samples[0];
    const key = samples.find(({ trackId }) => trackId === this.#primary?.id);
    const aheadMs = ((key?.dtsSeconds ?? Infinity) - (first?.dtsSeconds ?? 0)) * 1000;
    // audio that waited for long has fragments of its own, or the first one would begin long before its key frame
    if (aheadMs > this.#settings.interleaveWaitMs) {
      this.#setLead(leadTrack(this.#tracks.filter((track) => track !== this.#primary)) ?? this.#primary);
    }
    for (const sample of samples) this.#take(sample);
  }

  #take(sample: TimedSample): void {
    this.#changeLead(sample);
    const isLead = sample.trackId === this.#lead?.id;
    if (isLead) this.#open?.continueLeadAt(sample.dtsSeconds);
    if (this.#open !== undefined && this.#cutsBefore(this.#open, sample, isLead)) this.#close();
    let fragment = this.#open;
    if (fragment === undefined) {
      if (this.#lead === undefined) return;
      fragment = this.#sink.openFragment(sample, this.#lead);
      this.#open = fragment;
      this.#parts.startFragment();
    } else if (isLead && this.#parts.endsBefore(sample.durationTicks)) {
      this.#endPart(fragment);
      if (this.#isChunkDue(fragment)) this.#sink.chunkDue(fragment, false);
    }
    fragment.add(sample);
    if (isLead) this.#parts.add(sample.durationTicks);
    this.#sink.sampleAdded(fragment);
  }

  #cutsBefore(fragment: GrowingFragment, sample: TimedSample, isLead: boolean): boolean {
    const { maxFragmentBytes, minFragmentMs, maxFragmentMs, audioFragmentMs } = this.#settings;
    if (fragment.samples.length >= MAX_FRAGMENT_SAMPLES) return true;
    if (fragment.payloadBytes + sample.data.length > maxFragmentBytes) return true;
    if (!isLead || !fragment.hasLead) return false;
    const isVideo = this.#lead?.kind === 'video';
    const lengthTicks = sample.dtsTicks - fragment.startTicks;
    if (
      isVideo &&
      sample.isSync &&
      (!fragment.isIndependent || this.#isAtLeast(lengthTicks, minFragmentMs))
    ) {
      return true;
    }
    const maxMs = isVideo ? maxFragmentMs : audioFragmentMs;
    return !this.#isAtMost(lengthTicks + sample.durationTicks, maxMs);
  }

  // compared in integers: lengths add up exactly

  #isAtLeast(leadTicks: number, ms: number): boolean {
    return leadTicks * 1000 >= ms * (this.#lead?.timescale ?? 1);
  }

  #isAtMost(leadTicks: number, ms: number): boolean {
    return leadTicks * 1000 <= ms * (this.#lead?.timescale ?? 1);
  }

  /**
   * When the primary track stays away, the next fragment is told by what does come; with its next key frame the primary
   * takes over again.
   */
  #changeLead(sample: TimedSample): void {
    const isPrimary = sample.trackId === this.#primary?.id;
    if (this.#lead !== this.#primary) {
      if (!isPrimary || !sample.isSync) return;
    } else {
      if (isPrimary || this.#open === undefined || this.#trackOf(sample)?.kind !== 'audio') return;
      // Let go by the interleaver, the lead's last sample has got a duration as long as its patience.
      const isLetGo = this.#isAtLeast(this.#open.lastLeadTicks, this.#settings.forwardJumpMs);
      const awayMs = (sample.dtsSeconds - this.#open.leadEndSeconds) * 1000;
      if (awayMs < (isLetGo ? 0 : this.#settings.forwardJumpMs)) return;
      this.#open.continueLeadAt(sample.dtsSeconds);
    }
    this.#close();
    this.#setLead(isPrimary ? this.#primary : this.#trackOf(sample));
  }

  #isChunkDue(fragment: GrowingFragment): boolean {
    if (fragment.openChunkBytes >= this.#settings.chunkBytes) return true;
    return this.#isAtLeast(fragment.openChunkTicks, this.#settings.chunkMs);
  }

  #endPart(fragment: GrowingFragment): void {
    fragment.endPart();
    this.#parts.startPart();
    this.#sink.partEnded(fragment);
  }

  #close(): void {
    const fragment = this.#open;
    if (fragment === undefined) return;
    this.#open = undefined;
    this.#endPart(fragment);
    this.#sink.chunkDue(fragment, true);
  }

  #setLead(lead: Track | undefined): void {
    this.#lead = lead;
    if (lead !== undefined) this.#parts.setLead(lead);
  }

  #trackOf(sample: TimedSample): Track | undefined {
    return this.#tracks.find(({ id }) => id === sample.trackId);
  }
}
