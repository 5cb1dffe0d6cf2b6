import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import type { OpenStream } from '../../streams/stream-service.ts';
import { completeFragments } from './complete-fragments.ts';
import { selectFragments } from './fragment-selection.ts';
import type { InitTracks } from './init-tracks.ts';
import { SessionError } from './session-error.ts';
import type { SessionFacts } from './session-facts.ts';
import { type ListedFragment, SessionTimeline } from './session-timeline.ts';
import { mainTracks } from './session-tracks.ts';

/** Fragments behind those listed that players may still ask for. */
const KEPT_BEHIND = 64;
/** Producer times remembered to tell what was sent twice. */
const REMEMBERED_STARTS = 4096;
/** "At most 500 versions" of codec private data (kvs.md §4.3). */
const MAX_VERSIONS = 500;
/** More than these a second nobody plays. */
const FRAGMENTS_PER_SECOND = 2;

/**
 * The fragments of one session in their order, numbered from 0. Nothing of it must be kept: the same facts and the same log give
 * the same list again. What was recorded when the session began is selected as a whole (duplicates of the producer's sorted
 * out); what comes later is added at the end, so that no number ever changes its fragment.
 */
export class SessionFragments {
  readonly facts: SessionFacts;
  readonly stream: OpenStream;
  readonly #inits: InitTracks;
  readonly #timeline: SessionTimeline;
  /** Consecutive, the last ones. */
  #listed: ListedFragment[] = [];
  readonly #byNumber = new Map<string, ListedFragment>();
  readonly #starts = new Set<number>();
  #next: number | undefined;
  #isSelected = false;
  #first: FragmentInfo | undefined;
  /** Playing time of the fragments that a LIVE_REPLAY begins with, when there are as many as it lists. */
  #firstPlayedMs: number | undefined;
  #failure: SessionError | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(facts: SessionFacts, stream: OpenStream, inits: InitTracks) {
    this.facts = facts;
    this.stream = stream;
    this.#inits = inits;
    this.#timeline = new SessionTimeline(facts);
    this.#next = facts.mode === 'LIVE' ? facts.firstOrdinal : undefined;
  }

  /** Fragments in memory. */
  get size(): number {
    return this.#listed.length;
  }

  /** Of the longest fragment so far, ms. */
  get longestMs(): number {
    return this.#timeline.longestMs;
  }

  /**
   * Wall clock of the beginning of the timeline, so that what is visible is just over; of ON_DEMAND the time that the
   * recording itself tells. Epoch ms.
   */
  get availabilityStartMs(): number {
    const { mode, clock, startedMs } = this.facts;
    if (this.#first === undefined) return startedMs;
    if (mode === 'LIVE') return this.#first.serverMs;
    if (mode === 'ON_DEMAND') return startOf(this.#first, clock);
    return startedMs - (this.#firstPlayedMs ?? this.#listed.at(-1)?.playedMs ?? 0);
  }

  /**
   * Reads what came since the last time. Throws LogReadError, and SessionError when the tracks are not those that the session
   * began with: "changing codec or number of tracks fails the session's later calls".
   */
  async update(nowMs: number): Promise<void> {
    // One reads at a time, the others find its work done.
    const work = this.#work.then(() => this.#update(nowMs));
    this.#work = work.catch(() => {});
    await work;
  }

  /** What a playlist lists at a time, as of the last update. */
  visible(nowMs: number): readonly ListedFragment[] {
    const { mode, maxFragments } = this.facts;
    const end = mode === 'LIVE_REPLAY' ? this.#replayEnd(nowMs) : this.#listed.length;
    return mode === 'ON_DEMAND' ? this.#listed : this.#listed.slice(Math.max(0, end - maxFragments), end);
  }

  /** Nothing will be added any more, and all of it is visible. */
  isOver(nowMs: number): boolean {
    const { mode, endMs, clock } = this.facts;
    if (mode !== 'LIVE_REPLAY') return mode === 'ON_DEMAND';
    if (endMs === undefined || nowMs < endMs || this.#replayEnd(nowMs) < this.#listed.length) return false;
    const growing = this.stream.window.current?.info;
    return growing === undefined || startOf(growing, clock) > endMs;
  }

  byNumber(number: string): ListedFragment | undefined {
    return this.#byNumber.get(number);
  }

  byIndex(index: number): ListedFragment | undefined {
    return this.#listed[index - (this.#listed[0]?.index ?? 0)];
  }

  /** Any fragment of a version of the decoder configuration, while one is known. */
  byVersion(version: number): ListedFragment | undefined {
    return this.#listed.findLast((listed) => listed.version === version);
  }

  async #update(nowMs: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#isSelected) await this.#select();
    if (this.#next !== undefined) {
      for await (const info of completeFragments(this.stream, this.#next)) {
        this.#next = info.ordinal + 1;
        if (this.#isWanted(info)) await this.#add(info);
      }
    }
    this.#forget(nowMs);
  }

  /** What was there when the session began. */
  async #select(): Promise<void> {
    const { mode, clock, startMs = 0, endMs, endOrdinal, maxFragments } = this.facts;
    if (mode !== 'LIVE') {
      const range = {
        clock,
        fromMs: startMs,
        toMs: endMs ?? Number.POSITIVE_INFINITY,
        beforeOrdinal: endOrdinal,
      };
      const lifetimeS = (this.facts.expiresMs - this.facts.startedMs) / 1000;
      const played = Math.ceil(lifetimeS * FRAGMENTS_PER_SECOND);
      const limit = mode === 'ON_DEMAND' ? maxFragments : maxFragments + played;
      const selected = await selectFragments(this.stream.log, range, limit);
      for (const info of selected) await this.#add(info);
      if (mode === 'LIVE_REPLAY' && selected.length < limit) this.#next = endOrdinal;
    }
    this.#isSelected = true;
  }

  /** Of what comes later: in the range, and not sent a second time. */
  #isWanted(info: FragmentInfo): boolean {
    const { clock, startMs, endMs } = this.facts;
    const atMs = startOf(info, clock);
    if (startMs !== undefined && atMs < startMs) return false;
    if (endMs !== undefined && atMs > endMs) return false;
    return clock === 'server' || !this.#starts.has(info.producerMs);
  }

  async #add(info: FragmentInfo): Promise<void> {
    const { tracks, config } = await this.#inits.of(this.stream, info);
    const now = mainTracks(tracks);
    const begun = this.facts.tracks;
    const areSame = now.length === begun.length && now.every(({ codec }, i) => codec === begun[i]?.codec);
    if (!areSame) throw this.#fail('The tracks of the stream have changed since the session began.');
    const listed = this.#timeline.place(info, config);
    if (listed.version > 0 && this.facts.protocol === 'dash') {
      throw this.#fail('The codec private data has changed, which a DASH session does not allow.');
    }
    if (listed.version >= MAX_VERSIONS) {
      throw this.#fail(`The codec private data has changed ${MAX_VERSIONS} times in this session.`);
    }
    this.#first ??= info;
    this.#listed.push(listed);
    this.#byNumber.set(info.number, listed);
    if (listed.index === this.facts.maxFragments - 1) this.#firstPlayedMs = listed.playedMs;
    if (this.facts.clock === 'producer') this.#remember(info.producerMs);
  }

  #fail(message: string): SessionError {
    this.#failure = new SessionError('UnsupportedStreamMediaTypeException', message);
    return this.#failure;
  }

  #remember(producerMs: number): void {
    this.#starts.add(producerMs);
    if (this.#starts.size <= REMEMBERED_STARTS) return;
    for (const oldest of this.#starts) {
      this.#starts.delete(oldest);
      break;
    }
  }

  /**
   * Where a LIVE_REPLAY has got to: "fragments are added as the duration of the next fragment elapses", after those that it
   * began with.
   */
  #replayEnd(nowMs: number): number {
    const listed = this.#listed;
    if (this.#firstPlayedMs === undefined) return listed.length;
    const playedMs = this.#firstPlayedMs + nowMs - this.facts.startedMs;
    let [low, high] = [0, listed.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((listed[middle]?.playedMs ?? 0) <= playedMs) low = middle + 1;
      else high = middle;
    }
    // The first ones are there from the start, however its clock may have been set back.
    return Math.max(low, Math.min(listed.length, this.facts.maxFragments - (listed[0]?.index ?? 0)));
  }

  /** Lets go what left the playlist a while ago. */
  #forget(nowMs: number): void {
    const [first] = this.visible(nowMs);
    if (this.facts.mode === 'ON_DEMAND' || first === undefined) return;
    const gone = first.index - KEPT_BEHIND - (this.#listed[0]?.index ?? 0);
    if (gone < KEPT_BEHIND) return;
    for (const { info } of this.#listed.splice(0, gone)) this.#byNumber.delete(info.number);
  }
}

function startOf(info: FragmentInfo, clock: SessionFacts['clock']): number {
  return clock === 'server' ? info.serverMs : info.producerMs;
}
