import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { SessionFacts } from './session-facts.ts';

/** Where the first fragment of a session begins, seconds: audio may begin a little before its video. */
export const TIMELINE_START_S = 10;
/** "ON_DISCONTINUITY puts the tag where gap or overlap exceeds 50 ms" (kvs.md §4.3); timestamps are whole milliseconds. */
const TOLERANCE_S = 0.0505;

/** A fragment in its place among those of a session. */
export interface ListedFragment {
  readonly info: FragmentInfo;
  /** Counted from the session's first, which is 0. */
  readonly index: number;
  /** When it begins and ends on the session's timeline, seconds. */
  readonly startS: number;
  readonly endS: number;
  /** What is added to stored media time to be on the session's timeline. */
  readonly shiftS: number;
  /** A discontinuity stands before it. */
  readonly breaks: boolean;
  /** Discontinuities from the session's first fragment to this one. */
  readonly breakCount: number;
  /** Number of decoder configurations before its own. */
  readonly version: number;
  /** Playing time of the session's fragments to the end of this one, ms. */
  readonly playedMs: number;
}

/**
 * Puts fragments one after the other on a session's timeline. Within a run stored media time goes on, to the tick. Between
 * runs HLS goes by the fragments' timestamps, so that gaps are where they were; in DASH "the manifest time line is bent so
 * that gaps vanish" (kvs.md §4.4). No fragment begins before the one before it has ended.
 */
export class SessionTimeline {
  readonly #facts: Pick<SessionFacts, 'protocol' | 'clock' | 'discontinuity'>;
  #epochMs = 0;
  #last: ListedFragment | undefined;
  #lastConfig: string | undefined;
  #longestMs = 0;

  constructor(facts: Pick<SessionFacts, 'protocol' | 'clock' | 'discontinuity'>) {
    this.#facts = facts;
  }

  /** Duration of the longest fragment so far. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** `config`: equal for fragments with equal decoder configurations. */
  place(info: FragmentInfo, config: string): ListedFragment {
    const last = this.#last;
    const mediaStartS = info.startTicks / info.timescale;
    const durationMs = fragmentDurationMs(info);
    const clockMs = this.#facts.clock === 'server' ? info.serverMs : info.producerMs;
    if (last === undefined) this.#epochMs = clockMs;
    const timedS = TIMELINE_START_S + (clockMs - this.#epochMs) / 1000;
    const earliestS = last?.endS ?? TIMELINE_START_S;
    const goesOn = last !== undefined && continues(last, info, mediaStartS);
    const bentS = this.#facts.protocol === 'dash' ? earliestS : Math.max(earliestS, timedS);
    const shiftS = goesOn ? last.shiftS : bentS - mediaStartS;
    const startS = mediaStartS + shiftS;

    const isOtherConfig = last !== undefined && config !== this.#lastConfig;
    const isBroken = last !== undefined && !goesOn && Math.abs(timedS - earliestS) > TOLERANCE_S;
    const breaks = this.#breaks(isBroken || isOtherConfig);
    const listed: ListedFragment = {
      info,
      index: last === undefined ? 0 : last.index + 1,
      startS,
      endS: startS + durationMs / 1000,
      shiftS,
      breaks,
      breakCount: (last?.breakCount ?? 0) + (breaks ? 1 : 0),
      version: last === undefined ? 0 : last.version + (isOtherConfig ? 1 : 0),
      playedMs: (last?.playedMs ?? 0) + durationMs,
    };
    this.#last = listed;
    this.#lastConfig = config;
    this.#longestMs = Math.max(this.#longestMs, durationMs);
    return listed;
  }

  #breaks(isDiscontinuity: boolean): boolean {
    const { discontinuity } = this.#facts;
    return discontinuity === 'ALWAYS' || (discontinuity === 'ON_DISCONTINUITY' && isDiscontinuity);
  }
}

/** Is its media time that of the fragment before it, going on? */
function continues(last: ListedFragment, info: FragmentInfo, mediaStartS: number): boolean {
  return info.run === last.info.run && Math.abs(mediaStartS + last.shiftS - last.endS) <= TOLERANCE_S;
}
