import { type Chunk, writeChunk } from '../cmaf/chunk.ts';
import type { WallClock } from '../cmaf/wall-clock.ts';
import type { Track } from '../media/track.ts';
import type { FragmentInfo, FragmentTag } from './fragment.ts';
import { fragmentBoxBytes } from './fragment-box.ts';
import type { ChunkToAppend, InitSegment } from './fragment-log.ts';
import type { LiveFragment, LivePart } from './live-window.ts';
import type { FragmentName } from './stream-numbering.ts';
import type { TimedSample } from './timed-sample.ts';
import { MAX_DURATION_TICKS, trackRuns } from './track-runs.ts';

/** What is settled when a fragment begins. */
export interface FragmentStart {
  readonly name: FragmentName;
  readonly run: number;
  readonly startsRun: boolean;
  readonly gapBefore: boolean;
  readonly init: InitSegment;
  readonly tracks: readonly Track[];
  /** The track that tells the fragment's time. */
  readonly lead: Track;
  /** The producer's own word for when it began, instead of that of its first sample. */
  readonly producerMs?: number;
  /** Tags that came before it. */
  readonly tags?: readonly FragmentTag[];
}

/** A fragment on its way: samples go in; parts, chunks and facts come out. */
export class GrowingFragment implements LiveFragment {
  readonly init: InitSegment;
  readonly tracks: readonly Track[];
  readonly samples: TimedSample[] = [];
  readonly parts: LivePart[] = [];
  readonly segment: Uint8Array[] = [];
  readonly tags: FragmentTag[];
  isComplete = false;
  /** Its last chunk is durable, or given up: memory is not the only place that has it any more. */
  isSettled = false;
  /** Bytes of samples so far. */
  payloadBytes = 0;
  #start: FragmentStart;
  #lead: Track;
  #firstLead: TimedSample | undefined;
  #lastLead: TimedSample | undefined;
  #part = { from: 0, startTicks: 0, firstLead: undefined as TimedSample | undefined };
  #chunk = { from: 0, index: 0, startTicks: 0, payloadBytes: 0, firstTag: 0 };
  #chunkBytes = 0;
  #info: FragmentInfo;

  constructor(start: FragmentStart, first: TimedSample) {
    this.#start = start;
    this.#lead = start.lead;
    this.init = start.init;
    this.tracks = start.tracks;
    this.tags = [...(start.tags ?? [])];
    this.#info = this.#facts(first);
  }

  get info(): FragmentInfo {
    return this.#info;
  }

  get hasLead(): boolean {
    return this.#firstLead !== undefined;
  }

  /** Starts with a sync sample of its lead track, as far as is known. */
  get isIndependent(): boolean {
    return this.#firstLead?.isSync ?? false;
  }

  /** Decode time of the lead's first sample; 0 while there is none. */
  get startTicks(): number {
    return this.#firstLead?.dtsTicks ?? 0;
  }

  /** Decode time after the lead's last sample, in seconds; that of the first sample while there is none of the lead. */
  get leadEndSeconds(): number {
    return this.hasLead ? this.#leadEndTicks / this.#lead.timescale : (this.samples[0]?.dtsSeconds ?? 0);
  }

  /** Duration of the lead's last sample. */
  get lastLeadTicks(): number {
    return this.#lastLead?.durationTicks ?? 0;
  }

  get #leadEndTicks(): number {
    return this.#lastLead === undefined ? 0 : this.#lastLead.dtsTicks + this.#lastLead.durationTicks;
  }

  /** Lead ticks from the first sample to the end of the last. */
  get durationTicks(): number {
    return this.#firstLead === undefined ? 0 : this.#leadEndTicks - this.#firstLead.dtsTicks;
  }

  /** Lead ticks since the last chunk ended. */
  get openChunkTicks(): number {
    return this.hasLead ? this.#leadEndTicks - this.#chunk.startTicks : 0;
  }

  /** Bytes of samples since the last chunk ended. */
  get openChunkBytes(): number {
    return this.#chunk.payloadBytes;
  }

  get chunkCount(): number {
    return this.#chunk.index;
  }

  /**
   * Says that media was lost just before, and that it begins a run therefore when nobody can have seen otherwise.
   * Answers whether it does. Possible until the first chunk is made.
   */
  markGapBefore(startRun: () => number): boolean {
    const startsRun = this.parts.length === 0;
    this.#start = startsRun
      ? { ...this.#start, gapBefore: true, startsRun, run: startRun() }
      : { ...this.#start, gapBefore: true };
    this.#info = this.#facts();
    return startsRun;
  }

  /**
   * The lead goes on at this time: its last sample, which is in the part being received, lasts until there. A correction
   * only after the lead was away, so that the lead's time has no holes: EXTINF is the sum of its durations.
   */
  continueLeadAt(seconds: number): void {
    const last = this.#lastLead;
    if (last === undefined) return;
    const ticks = Math.round(seconds * this.#lead.timescale) - last.dtsTicks;
    if (ticks > 0) last.durationTicks = Math.min(ticks, MAX_DURATION_TICKS);
  }

  add(sample: TimedSample): void {
    if (sample.trackId === this.#lead.id) this.#addLead(sample);
    this.samples.push(sample);
    this.payloadBytes += sample.data.length;
    this.#chunk.payloadBytes += sample.data.length;
  }

  #addLead(sample: TimedSample): void {
    if (this.#firstLead === undefined) {
      this.#firstLead = sample;
      this.#part.startTicks = sample.dtsTicks;
      this.#chunk.startTicks = sample.dtsTicks;
      // It tells when the fragment begins: another track may have come before it. How long it is, whole parts tell.
      this.#info = { ...this.#info, producerMs: this.#facts().producerMs };
    }
    this.#part.firstLead ??= sample;
    this.#lastLead = sample;
  }

  /** Ends the part being received; nothing happens when it has no samples. */
  endPart(): void {
    this.#endPartAt(this.samples.length, this.#leadEndTicks, undefined);
  }

  /** Ends the part being received before the lead's last sample, which has this index: it begins the next part. */
  endPartBefore(index: number): void {
    const last = this.#lastLead;
    if (last !== undefined) this.#endPartAt(index, last.dtsTicks, last);
  }

  #endPartAt(to: number, endTicks: number, nextLead: TimedSample | undefined): void {
    const { from, startTicks, firstLead } = this.#part;
    if (to === from) return;
    const index = this.parts.length;
    // "INDEPENDENT ... YES if the Partial Segment contains an independent frame": here only when it starts with it
    const independent = firstLead?.isSync ?? this.#lead.kind !== 'video';
    this.parts.push(new RenderedOnDemand(this, index, endTicks - startTicks, independent, from, to));
    this.#part = { from: to, startTicks: endTicks, firstLead: nextLead };
    this.#info = this.#facts();
  }

  /** Makes the chunk of all samples since the last one. Call `endPart` first; `isLast` completes the fragment. */
  endChunk(isLast: boolean): ChunkToAppend {
    if (isLast) this.#becomeComplete();
    const { from, index, startTicks, firstTag } = this.#chunk;
    const chunk = this.render(from, this.samples.length, index);
    const tags = firstTag === this.tags.length ? NO_TAGS : this.tags.slice(firstTag);
    if (index > 0) {
      const between = tags.length === 0 ? BETWEEN_CHUNKS : betweenChunks(tags);
      this.segment.push(between);
      this.#chunkBytes += between.length;
    }
    for (const buffer of chunk.buffers) this.segment.push(buffer);
    this.#chunkBytes += chunk.sizeBytes;
    this.#chunk = {
      from: this.samples.length,
      index: index + 1,
      startTicks: this.#leadEndTicks,
      payloadBytes: 0,
      firstTag: this.tags.length,
    };
    this.#info = this.#facts();
    return {
      fragment: { ...this.#info, sizeBytes: this.#chunkBytes },
      init: this.init,
      chunkDurationTicks: this.#leadEndTicks - startTicks,
      chunkIndex: index,
      isLast,
      tags,
      buffers: chunk.buffers,
    };
  }

  /** `prft moof mdat` of the samples `[from, to)`. */
  render(from: number, to: number, index: number): Chunk {
    const wallClock = this.#wallClock(from, to);
    return writeChunk({
      sequence: this.info.ordinal * MAX_PIECES + index + 1,
      runs: trackRuns(this.tracks, this.samples, from, to),
      ...(wallClock === undefined ? {} : { wallClock }),
    });
  }

  /** The instant of the first lead sample, or else of the first. */
  #wallClock(from: number, to: number): WallClock | undefined {
    let anchor = this.samples[from];
    for (let i = from; i < to; i++) {
      const sample = this.samples[i];
      if (sample?.trackId !== this.#lead.id) continue;
      anchor = sample;
      break;
    }
    if (anchor === undefined) return undefined;
    return { trackId: anchor.trackId, mediaTicks: anchor.dtsTicks, epochMs: anchor.producerMs };
  }

  #becomeComplete(): void {
    this.isComplete = true;
    if (this.#firstLead !== undefined) return;
    // no sample of the lead came: what did come tells the time
    const only = this.tracks.find(({ id }) => id === this.samples[0]?.trackId);
    if (only === undefined) return;
    this.#lead = only;
    for (const sample of this.samples) if (sample.trackId === only.id) this.#addLead(sample);
  }

  #facts(first: TimedSample | undefined = this.#firstLead ?? this.samples[0]): FragmentInfo {
    const { name, run, startsRun, gapBefore, init, producerMs } = this.#start;
    const { timescale } = this.#lead;
    return {
      number: name.number,
      ordinal: name.ordinal,
      run,
      startsRun,
      gapBefore,
      independent: this.isIndependent,
      serverMs: name.serverMs,
      producerMs: producerMs ?? first?.producerMs ?? name.serverMs,
      initId: init.id,
      timescale,
      startTicks: this.#firstLead?.dtsTicks ?? Math.round((first?.dtsSeconds ?? 0) * timescale),
      durationTicks: this.durationTicks,
      sizeBytes: this.isComplete ? this.#chunkBytes : this.payloadBytes,
    };
  }
}

const NO_TAGS: readonly FragmentTag[] = [];
/** In memory a `free` box stands where the file has Framelog's own, so that both forms of a segment have the same layout. */
const BETWEEN_CHUNKS = betweenChunks(NO_TAGS);

function betweenChunks(tags: readonly FragmentTag[]): Buffer {
  const box = Buffer.alloc(fragmentBoxBytes(tags));
  box.writeUInt32BE(box.length);
  box.write('free', 4, 'latin1');
  return box;
}

/** Room for parts in the sequence numbers of `moof` boxes, which grow with each fragment. */
const MAX_PIECES = 256;

/** A part whose boxes are written when the first viewer asks for them, and then shared by all. */
class RenderedOnDemand implements LivePart {
  readonly index: number;
  readonly durationTicks: number;
  readonly independent: boolean;
  readonly #fragment: GrowingFragment;
  readonly #from: number;
  readonly #to: number;
  #chunk: Chunk | undefined;

  constructor(
    fragment: GrowingFragment,
    index: number,
    durationTicks: number,
    independent: boolean,
    from: number,
    to: number,
  ) {
    this.#fragment = fragment;
    this.index = index;
    this.durationTicks = durationTicks;
    this.independent = independent;
    this.#from = from;
    this.#to = to;
  }

  get buffers(): readonly Uint8Array[] {
    return this.#rendered.buffers;
  }

  get sizeBytes(): number {
    return this.#rendered.sizeBytes;
  }

  get #rendered(): Chunk {
    this.#chunk ??= this.#fragment.render(this.#from, this.#to, this.index);
    return this.#chunk;
  }
}
