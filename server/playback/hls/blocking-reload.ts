import type { ReloadDirective } from './playlist-query.ts';

/**
 * Blocking playlist reload (rfc8216bis §6.2.5.2) without sockets and timers: which requests must wait, for what, until
 * when, and which of them an advance of the live edge lets go.
 */

/** How far a live playlist reaches. */
export interface LiveEdge {
  /** Media sequence number of the last complete segment; -1: none. */
  readonly lastMsn: number;
  /** Parts of that segment. */
  readonly lastParts: number;
  /** Number of the segment being received, or that comes next, */
  readonly nextMsn: number;
  /** and its parts so far. */
  readonly nextParts: number;
}

/** Is the segment or part in the playlist, or has it already left it? */
export function isPresent(directive: ReloadDirective, edge: LiveEdge): boolean {
  const { msn, part } = directive;
  // Older segments count as present: the server answers "with the entire Playlist, even if the requested Media
  // Segment is no longer in it".
  if (msn < edge.lastMsn) return true;
  if (part === undefined) return msn <= edge.lastMsn;
  if (msn === edge.lastMsn && part < edge.lastParts) return true;
  // "If the Client requests a Part Index greater than that of the final Partial Segment of the Parent Segment, the
  // Server MUST treat the request as one for Part Index 0 of the following Parent Segment."
  const [wantedMsn, wantedPart] = msn === edge.lastMsn ? [msn + 1, 0] : [msn, part];
  return wantedMsn === edge.nextMsn && wantedPart < edge.nextParts;
}

/**
 * Is it too far ahead to wait for? "If the _HLS_msn is greater than the Media Sequence Number of the last Media Segment
 * in the current Playlist plus two, or if the _HLS_part exceeds the last Partial Segment in the current Playlist by
 * the Advance Part Limit, then the server SHOULD immediately return Bad Request." The limit is "three divided by the
 * Part Target Duration if the Part Target Duration is less than one second, or three otherwise".
 */
export function isTooFarAhead(directive: ReloadDirective, edge: LiveEdge, partTargetS: number): boolean {
  const { msn, part } = directive;
  if (msn > edge.lastMsn + 2) return true;
  if (part === undefined || msn <= edge.lastMsn) return false;
  const advancePartLimit = partTargetS < 1 ? Math.ceil(3 / partTargetS) : 3;
  const lastPart = msn === edge.nextMsn ? edge.nextParts - 1 : -1;
  return part > lastPart + advancePartLimit;
}

/** How a waiting request is let go: what it waits for may be there, it waited too long, or the server closes. */
export type Release = 'advanced' | 'overdue' | 'closing';

interface Waiter {
  readonly isReady: (edge: LiveEdge) => boolean;
  readonly deadlineMs: number;
  readonly release: (release: Release) => void;
}

/** The waiting requests of one stream, in order of arrival. Bounded; releases are calls of the waiter's own function. */
export class WaitingRequests {
  readonly #waiters = new Set<Waiter>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiters.size;
  }

  get isFull(): boolean {
    return this.#waiters.size >= this.#limit;
  }

  /** When somebody will have waited too long; `undefined`: nobody waits. */
  get nextDeadlineMs(): number | undefined {
    let earliest: number | undefined;
    for (const { deadlineMs } of this.#waiters) {
      if (earliest === undefined || deadlineMs < earliest) earliest = deadlineMs;
    }
    return earliest;
  }

  /** Waits until `isReady` says so of an edge. Answers a function that leaves the queue without a release. */
  add(
    isReady: (edge: LiveEdge) => boolean,
    deadlineMs: number,
    release: (release: Release) => void,
  ): () => void {
    const waiter: Waiter = { isReady, deadlineMs, release };
    this.#waiters.add(waiter);
    return () => this.#waiters.delete(waiter);
  }

  /** The live edge moved: lets go who waited for that. */
  advance(edge: LiveEdge): void {
    this.#release('advanced', (waiter) => waiter.isReady(edge));
  }

  /** Lets go who waited too long. */
  expire(nowMs: number): void {
    this.#release('overdue', (waiter) => waiter.deadlineMs <= nowMs);
  }

  /** Lets everybody go: nothing more will come. */
  releaseAll(release: Release): void {
    this.#release(release, () => true);
  }

  #release(release: Release, chosen: (waiter: Waiter) => boolean): void {
    for (const waiter of this.#waiters) {
      if (!chosen(waiter)) continue;
      this.#waiters.delete(waiter);
      waiter.release(release);
    }
  }
}
