import { CodecError } from '../../fragments/media/codec-error.ts';
import type { Track } from '../../fragments/media/track.ts';
import { startsClosedGroup } from '../decode/coded-picture.ts';
import { DueSampler, type TierInForce } from './due-sampler.ts';
import type { OfferedSample } from './supervisor.ts';

/**
 * Why a frame that was due is never looked at. `superseded`: a newer one was due before a worker was free; `overload`: not due
 * any more, because the tier was lowered; `no-key-frame`: a decoder cannot start before the next one; `overflow`: too many bytes
 * or seconds waited; `crashed`: its worker died; `quarantined`: its stream is left alone; `failed`: there is nobody who could look.
 */
export type DropReason =
  | 'superseded'
  | 'overload'
  | 'no-key-frame'
  | 'overflow'
  | 'crashed'
  | 'quarantined'
  | 'failed';

export interface MailboxOptions {
  readonly pace: 'live' | 'batch';
  readonly maxBytes: number;
  readonly maxMediaUs: number;
  readonly onDrop: (reason: DropReason, frames: number) => void;
}

/** What a worker is given at once. */
export interface MailboxRun {
  /** Of all samples; `undefined` when there are none. */
  readonly track: Track | undefined;
  readonly samples: readonly OfferedSample[];
  /** Does not go on from the run before: its first sample is a sync sample. */
  readonly startsAnew: boolean;
  /** Nothing is to stay in the decoder. */
  readonly flush: boolean;
  /** Which of the samples are to be looked at. */
  readonly due: readonly OfferedSample[];
}

interface Kept {
  readonly sample: OfferedSample;
  readonly arrivedMs: number;
  /** When the oldest frame came that it stands for. */
  readonly sinceMs: number;
  /** It is to be looked at, and nobody was asked for it yet. */
  isDue: boolean;
  /** Asked for already, of a worker that is no more: nothing newer takes its place. */
  isAskedAgain: boolean;
  /** Does not go on from the sample before it. */
  startsRun: boolean;
  /** Looked at without its neighbours. */
  readonly isAlone: boolean;
}

interface Awaited {
  readonly arrivedMs: number;
  /** When the oldest frame came that it stands for. */
  readonly sinceMs: number;
}

/** What a decoder is given at once: so that requests are short, also where a whole group of pictures is sent again. */
const MAX_RUN_SAMPLES = 64;
/** Frames of a batch that may wait, and samples. */
const MAX_BATCH_DUE = 4;
const MAX_BATCH_SAMPLES = 2 * MAX_RUN_SAMPLES;

/**
 * What a watch has been offered and no worker has answered yet. Live, the newest frame wins: those that were due before it are
 * passed over. A frame that is between key frames needs all samples since the last one: these are kept until the next key
 * frame, so that another worker can go on in their middle. Pure: time comes with the samples.
 */
export class Mailbox {
  readonly #options: MailboxOptions;
  #asSet: DueSampler;
  #inForce: DueSampler;
  /** In decode order; the first `#sent` of them are in the worker's decoder, the first `#seen` have been in one. */
  #kept: Kept[] = [];
  #sent = 0;
  #seen = 0;
  #bytes = 0;
  /** The next sample may go on from the last one. */
  #goesOn = false;
  /** Frames that a worker was asked for, by presentation time. */
  readonly #awaited = new Map<number, Awaited>();

  constructor(options: MailboxOptions, tier: TierInForce) {
    this.#options = options;
    this.#asSet = new DueSampler(tier);
    this.#inForce = this.#asSet;
  }

  /** The tier as it is set; it is in force. */
  configure(tier: TierInForce): void {
    this.#asSet = new DueSampler(tier);
    this.#apply(this.#asSet);
  }

  /** Another tier in force than the one set, while the machine cannot keep up. */
  degradeTo(tier: TierInForce): void {
    this.#apply(new DueSampler(tier));
  }

  /** The tier as it is set is in force again. */
  restore(): void {
    this.#apply(this.#asSet);
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  /** Frames that are due and that nobody has answered. */
  get waiting(): number {
    return this.#unsentDue() + this.#awaited.size;
  }

  get isAwaiting(): boolean {
    return this.#awaited.size > 0;
  }

  /** A batch may offer more. */
  get hasRoom(): boolean {
    const unsent = this.#kept.slice(this.#sent);
    const bytes = unsent.reduce((sum, { sample }) => sum + sample.data.length, 0);
    const isShort = this.#unsentDue() < MAX_BATCH_DUE && unsent.length < MAX_BATCH_SAMPLES;
    return isShort && bytes < this.#options.maxBytes / 2;
  }

  /** Since when the frame waits that has waited longest, or one that it took the place of. */
  get waitingSinceMs(): number | undefined {
    for (const { sinceMs } of this.#awaited.values()) return sinceMs;
    return this.#kept.find(({ isDue }) => isDue)?.sinceMs;
  }

  push(sample: OfferedSample, nowMs: number): void {
    const mayBeDue = sample.isDue !== false && !this.#isUndecodable(sample);
    const isWanted = mayBeDue && this.#asSet.isDue(sample);
    const isDue = this.#inForce === this.#asSet ? isWanted : mayBeDue && this.#inForce.isDue(sample);
    if (isWanted && !isDue) this.#options.onDrop('overload', 1);
    if (this.#inForce.tier.kind === 'fps') this.#pushInRun(sample, isDue, nowMs);
    else if (isDue) this.#pushAlone(sample, nowMs);
    this.#trim();
    this.#bound();
  }

  /** What a worker is to do next; `undefined` when there is nothing. `isDraining`: no more comes for now. */
  take(isDraining: boolean): MailboxRun | undefined {
    const wanted = this.#wanted();
    const [first] = wanted;
    if (first === undefined) return this.#takeRest(isDraining);
    const from = this.#startFor(first, this.#sent + 1) ?? this.#sent;
    return this.#send(from, wanted, isDraining);
  }

  /** There is something to take. */
  canTake(isDraining: boolean): boolean {
    if (this.#unsentDue() > 0) return true;
    if (this.isAwaiting && (this.#kept.length > this.#sent || isDraining)) return true;
    return this.#kept.length - Math.max(this.#sent, this.#seen) >= MAX_RUN_SAMPLES;
  }

  /** The worker has answered for a frame: when it had come, and since when it or one that it stands for had waited. */
  answered(ptsUs: number): Awaited | undefined {
    const awaited = this.#awaited.get(ptsUs);
    this.#awaited.delete(ptsUs);
    this.#trim();
    return awaited;
  }

  /** The worker was told to keep nothing in its decoder, and has answered: what it was asked for before that, it will not answer. */
  flushed(): void {
    this.#forgetAwaited('no-key-frame');
    this.#trim();
  }

  /** The worker is no more, or another one goes on: what it was asked for is asked again. */
  restart(): void {
    for (const kept of this.#kept) {
      if (!this.#awaited.delete(kept.sample.ptsUs)) continue;
      kept.isDue = true;
      kept.isAskedAgain = true;
    }
    this.#forgetAwaited('crashed');
    this.#rewind();
  }

  /** Nothing of what is here is looked at; it goes on with the next key frame. */
  clear(reason: DropReason): void {
    this.#forgetAwaited(reason);
    this.#dropAll(reason);
  }

  /** No decoder has anything of this: the next one starts at the oldest key frame. */
  #rewind(): void {
    this.#sent = 0;
    const start = this.#kept.findIndex(({ sample }) => sample.isSync);
    if (start === -1) this.#dropAll('no-key-frame');
    else {
      this.#dropFirst(start, 'no-key-frame');
      this.#startRunAt(0);
      for (const kept of this.#kept) {
        if (!kept.isDue || !this.#isUndecodable(kept.sample)) continue;
        kept.isDue = false;
        this.#options.onDrop('no-key-frame', 1);
      }
    }
  }

  /** In an open group of pictures, those shown before its key frame: a decoder that starts there cannot have them. */
  #isUndecodable({ ptsUs, isSync }: OfferedSample): boolean {
    if (isSync || this.#inForce.tier.kind !== 'fps') return false;
    const key = this.#kept.findLast(({ sample: { isSync } }) => isSync);
    return key?.startsRun === true && ptsUs < key.sample.ptsUs;
  }

  #apply(sampler: DueSampler): void {
    const isSame = sampler.tier.kind === this.#inForce.tier.kind;
    this.#inForce = sampler;
    // What waits was kept for another way of looking; what a worker has, it answers.
    if (!isSame) this.#dropAll('overload');
  }

  #pushAlone(sample: OfferedSample, nowMs: number): void {
    this.#goesOn = false;
    this.#append({ sample, isDue: true, startsRun: true, isAlone: true }, nowMs);
  }

  #pushInRun(sample: OfferedSample, isDue: boolean, nowMs: number): void {
    const track = this.#kept.at(-1)?.sample.track;
    const goesOn =
      this.#goesOn && !sample.isDiscontinuous && (track === undefined || isSameDecoder(track, sample.track));
    this.#goesOn = goesOn || sample.isSync;
    if (this.#goesOn) this.#append({ sample, isDue, startsRun: !goesOn, isAlone: false }, nowMs);
    else if (isDue) this.#options.onDrop('no-key-frame', 1);
  }

  #append(kept: Pick<Kept, 'sample' | 'isDue' | 'startsRun' | 'isAlone'>, nowMs: number): void {
    const isLiveDue = kept.isDue && this.#options.pace === 'live';
    const sinceMs = isLiveDue ? this.#takePlace(nowMs) : nowMs;
    this.#kept.push({ ...kept, arrivedMs: nowMs, sinceMs, isAskedAgain: false });
    this.#bytes += kept.sample.data.length;
  }

  /** Live, a frame takes the place of the one that waits. Answers since when one of them has waited. */
  #takePlace(nowMs: number): number {
    const at = this.#kept.findLastIndex(({ isDue, isAskedAgain }) => isDue && !isAskedAgain);
    const waiting = this.#kept[at];
    if (waiting === undefined) return nowMs;
    if (waiting.isAlone) this.#dropped(this.#kept.splice(at, 1), 'superseded');
    else this.#options.onDrop('superseded', 1);
    waiting.isDue = false;
    return waiting.sinceMs;
  }

  /** Indexes of the frames to look at next: live, all that there are (one, and those asked for again); of a batch the oldest. */
  #wanted(): number[] {
    const due: number[] = [];
    for (let i = this.#sent; i < this.#kept.length; i++) if (this.#kept[i]?.isDue === true) due.push(i);
    return this.#options.pace === 'live' ? due : due.slice(0, 1);
  }

  /** Nothing is due: what is asked for may need more samples to come out of the decoder, and many are not kept waiting. */
  #takeRest(isDraining: boolean): MailboxRun | undefined {
    if (!this.canTake(isDraining)) return undefined;
    if (this.#kept.length > this.#sent) return this.#send(this.#sent, [], isDraining);
    this.#rewind();
    return { track: undefined, samples: [], startsAnew: false, flush: true, due: [] };
  }

  #send(from: number, wanted: readonly number[], isDraining: boolean): MailboxRun | undefined {
    const first = this.#kept[from];
    if (first === undefined) return undefined;
    const startsAnew = first.startsRun || from > this.#sent;
    const end = this.#endOf(from, wanted);
    const run = this.#kept.slice(from, end);
    const due = wanted.filter((index) => index < end).flatMap((index) => this.#kept[index] ?? []);
    for (const kept of due) {
      const { sample, arrivedMs, sinceMs } = kept;
      kept.isDue = false;
      kept.isAskedAgain = false;
      this.#awaited.set(sample.ptsUs, { arrivedMs, sinceMs });
    }
    const flush = first.isAlone || (isDraining && end === this.#kept.length);
    this.#sent = end;
    this.#seen = Math.max(this.#seen, end);
    if (startsAnew) this.#startRunAt(from);
    // After a flush a decoder goes on at a sync sample only.
    if (flush && !first.isAlone) this.#rewind();
    this.#trim();
    return {
      track: first.sample.track,
      samples: run.map(({ sample }) => sample),
      startsAnew,
      flush,
      due: due.map(({ sample }) => sample),
    };
  }

  /** Where a run ends that begins at `from`: after the last frame that is wanted, and before anything that does not go on. */
  #endOf(from: number, wanted: readonly number[]): number {
    const last = wanted.at(-1) ?? this.#kept.length - 1;
    let end = from + 1;
    while (
      end <= last &&
      end - from < MAX_RUN_SAMPLES &&
      this.#kept[end]?.startsRun === false &&
      this.#kept[from]?.isAlone === false
    )
      end++;
    return end;
  }

  #startRunAt(index: number): void {
    const kept = this.#kept[index];
    if (kept !== undefined) kept.startsRun = true;
  }

  #unsentDue(): number {
    let due = 0;
    for (let i = this.#sent; i < this.#kept.length; i++) if (this.#kept[i]?.isDue === true) due += 1;
    return due;
  }

  /** The newest key frame from `from` on at which a decoder can start for a sample, if need be without the unsent ones before it. */
  #startFor(index: number, from: number): number | undefined {
    const ptsUs = this.#kept[index]?.sample.ptsUs ?? 0;
    for (let i = index; i >= from; i--) {
      const kept = this.#kept[i];
      if (kept?.sample.isSync !== true || kept.sample.ptsUs > ptsUs) continue;
      if (i <= this.#sent || kept.startsRun || this.#maySkipTo(kept, i)) return i;
    }
    return undefined;
  }

  /**
   * In an open group of pictures, those shown before the key frame need what comes before it. Whether a batch sees them must not hang
   * on how far its worker is.
   */
  #maySkipTo(key: Kept, at: number): boolean {
    if (this.#options.pace === 'batch') return isClosed(key.sample);
    return this.#kept.every(({ isDue, sample }, i) => i < at || !isDue || sample.ptsUs >= key.sample.ptsUs);
  }

  #newestSync(from: number, to: number): number | undefined {
    for (let i = to; i >= from; i--) if (this.#kept[i]?.sample.isSync === true) return i;
    return undefined;
  }

  /** Forgets what no worker can need any more: all before the key frame that the oldest unanswered frame needs. */
  #trim(): void {
    const isNeeded = (kept: Kept) => kept.isDue || this.#awaited.has(kept.sample.ptsUs);
    const oldest = this.#kept.findIndex(isNeeded);
    const base = this.#startFor(oldest === -1 ? this.#kept.length - 1 : oldest, 0);
    if (oldest === -1 && this.#kept.at(-1)?.isAlone === true) this.#dropFirst(this.#kept.length, 'overflow');
    else if (base !== undefined && base > 0) {
      if (base > this.#sent) this.#startRunAt(base);
      this.#dropFirst(base, 'overflow');
    }
  }

  #bound(): void {
    const { maxBytes, maxMediaUs } = this.#options;
    const isLive = this.#options.pace === 'live';
    while (this.#bytes > maxBytes || (isLive && this.#spanUs() > maxMediaUs)) {
      const last = this.#kept.length - 1;
      const newest = this.#newestSync(1, isLive ? last : Math.min(last, this.#sent));
      if (newest !== undefined) {
        if (newest > this.#sent) this.#startRunAt(newest);
        this.#dropFirst(newest, 'overflow');
      } else if (this.#sent > 0) {
        // One long group of pictures: the worker goes on with it, another one could not.
        this.#dropFirst(this.#sent, 'overflow');
      } else this.#dropAll('overflow');
    }
  }

  #spanUs(): number {
    const [first, last] = [this.#kept[0], this.#kept.at(-1)];
    return first === undefined || last === undefined ? 0 : last.sample.dtsUs - first.sample.dtsUs;
  }

  #dropFirst(count: number, reason: DropReason): void {
    this.#sent = Math.max(0, this.#sent - count);
    this.#seen = Math.max(0, this.#seen - count);
    this.#dropped(this.#kept.splice(0, count), reason);
  }

  #dropAll(reason: DropReason): void {
    this.#goesOn = false;
    this.#dropFirst(this.#kept.length, reason);
  }

  #dropped(gone: readonly Kept[], reason: DropReason): void {
    let due = 0;
    for (const { sample, isDue } of gone) {
      this.#bytes -= sample.data.length;
      if (isDue) due += 1;
    }
    if (due > 0) this.#options.onDrop(reason, due);
  }

  #forgetAwaited(reason: DropReason): void {
    if (this.#awaited.size > 0) this.#options.onDrop(reason, this.#awaited.size);
    this.#awaited.clear();
  }
}

function isClosed({ track, data }: OfferedSample): boolean {
  try {
    return startsClosedGroup(track, data);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    // The decoder will say so itself.
    return true;
  }
}

type DecoderFacts = Pick<Track, 'codec' | 'config' | 'width' | 'height'>;

/** Stored and live media of one stream may be described by two objects that say the same. */
export function isSameDecoder(a: DecoderFacts, b: DecoderFacts): boolean {
  if (a === b) return true;
  const isSameKind = a.codec === b.codec && a.width === b.width && a.height === b.height;
  return isSameKind && Buffer.compare(a.config, b.config) === 0;
}
