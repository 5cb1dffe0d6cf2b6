import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import { GrowingText } from './growing-text.ts';
import type { HlsStream } from './hls-stream.ts';
import { headerLines, tailLines } from './live-playlist.ts';
import type { PlaylistBytes } from './rendered-playlist.ts';
import { segmentLines } from './segment-lines.ts';
import { targetDurationFor } from './target-durations.ts';

/** Rows read from the log at a time; between two reads other requests are served. */
const PAGE = 500;

/** What a playlist of the past was asked for; times are epoch ms on the producer's clock. */
export interface PlaylistRange {
  /** `dvr` goes on to the live edge with parts; `archive` lists complete fragments only. */
  readonly kind: 'archive' | 'dvr';
  readonly startMs: number;
  /** Open: whatever comes. */
  readonly endMs: number | undefined;
  /** `?token=...` or empty. */
  readonly suffix: string;
}

/** The range holds more segments than a playlist may list. */
export class RangeTooLongError extends Error {
  constructor(limit: number) {
    super(`The range holds more than ${limit} segments; ask for a shorter one.`);
    this.name = 'RangeTooLongError';
  }
}

/**
 * The playlist of a range of the past: VOD with ENDLIST when nothing can be added any more, else growing at its end.
 * It reads its fragments once and adds to its text what came since; many viewers of one range share it.
 */
export class ArchivePlaylist {
  readonly #hls: HlsStream;
  readonly #range: PlaylistRange;
  readonly #maxSegments: number;
  #text = new GrowingText();
  #count = 0;
  #first: FragmentInfo | undefined;
  /** The last fragment in `#text`. */
  #last: FragmentInfo | undefined;
  #longestMs = 0;
  #independent = true;
  /** A fragment behind the end was seen. */
  #reachedEnd = false;
  #work: Promise<void> = Promise.resolve();
  #rendered: { readonly key: string; readonly bytes: PlaylistBytes } | undefined;

  constructor(hls: HlsStream, range: PlaylistRange, maxSegments: number) {
    this.#hls = hls;
    this.#range = range;
    this.#maxSegments = maxSegments;
  }

  get sizeBytes(): number {
    return this.#text.sizeBytes;
  }

  /**
   * The playlist as of now; `undefined` when nothing is recorded in the range.
   *
   * @throws RangeTooLongError, LogReadError
   */
  async render(
    nowMs: number,
  ): Promise<{ readonly bytes: PlaylistBytes; readonly isOver: boolean } | undefined> {
    // One reads at a time, the others find its work done.
    const work = this.#work.then(() => this.#readOn());
    this.#work = work.catch(() => {});
    await work;
    const isOver = this.#range.kind === 'archive' && this.#isOver(nowMs);
    const bytes = this.#range.kind === 'dvr' ? this.#renderToLiveEdge() : this.#renderText(isOver);
    return bytes === undefined ? undefined : { bytes, isOver };
  }

  /** Adds to the text the fragments that were completed since it was read last. */
  async #readOn(): Promise<void> {
    this.#dropDeleted();
    let next = this.#last === undefined ? await this.#findStart() : this.#last.ordinal + 1;
    while (next !== undefined && !this.#reachedEnd) {
      // What is being received may be in the log in part: it is no segment before it is complete.
      const inMemory = this.#hls.rows[0] ?? this.#hls.growing?.info;
      const oldestInMemory = inMemory?.ordinal ?? Number.POSITIVE_INFINITY;
      if (next >= oldestInMemory) break;
      const page = await this.#hls.log.list(next, PAGE);
      for (const info of page) {
        if (info.ordinal < oldestInMemory) this.#add(info);
      }
      const lastListed = page.at(-1);
      if (lastListed === undefined) break;
      next = Math.min(lastListed.ordinal + 1, oldestInMemory);
    }
    if (next === undefined) return;
    const { rows } = this.#hls;
    const until = this.#range.kind === 'dvr' ? this.#hls.tailStart() : rows.length;
    for (let i = 0; i < until; i++) {
      const info = rows[i];
      if (info !== undefined && info.ordinal >= next) this.#add(info);
    }
  }

  /** Retention deleted the oldest: the playlist begins later then, and is read anew. */
  #dropDeleted(): void {
    if (this.#first === undefined || this.#first.ordinal >= this.#hls.log.firstOrdinal) return;
    this.#text = new GrowingText();
    this.#first = undefined;
    this.#last = undefined;
    this.#count = 0;
    this.#reachedEnd = false;
    this.#independent = true;
  }

  /** Ordinal of the fragment that covers the start or is the first after it, in the log or in memory. */
  async #findStart(): Promise<number | undefined> {
    const { startMs } = this.#range;
    const { rows } = this.#hls;
    const oldest = rows[0];
    if (oldest === undefined || startMs < oldest.producerMs) {
      const found = await this.#hls.log.find({ by: 'producerMs', atMs: startMs });
      if (found !== undefined) return found.ordinal;
    }
    const inMemory = this.#hls.rows.find((info) => info.producerMs + fragmentDurationMs(info) > startMs);
    if (inMemory !== undefined) return inMemory.ordinal;
    // Nothing was completed since: a DVR playlist begins with what is there, an archive has nothing to show.
    return this.#range.kind === 'dvr' ? this.#hls.rows.at(-1)?.ordinal : undefined;
  }

  #add(info: FragmentInfo): void {
    const { endMs, suffix } = this.#range;
    if (this.#reachedEnd) return;
    if (endMs !== undefined && info.producerMs >= endMs) {
      this.#reachedEnd = true;
      return;
    }
    if (this.#count >= this.#maxSegments) throw new RangeTooLongError(this.#maxSegments);
    const isLost = this.#hls.isLost(info.ordinal);
    this.#text.append(segmentLines(info, { previous: this.#last, suffix, isLost }));
    this.#first ??= info;
    this.#last = info;
    this.#count += 1;
    this.#longestMs = Math.max(this.#longestMs, fragmentDurationMs(info));
    this.#independent &&= info.independent;
  }

  /** Can nothing be added to the range any more? */
  #isOver(nowMs: number): boolean {
    const { endMs } = this.#range;
    if (endMs === undefined) return false;
    if (this.#reachedEnd) return true;
    const { growing, isLive } = this.#hls;
    if (growing !== undefined) return growing.info.producerMs >= endMs;
    return !isLive && nowMs >= endMs;
  }

  #renderText(isOver: boolean): PlaylistBytes | undefined {
    const first = this.#first;
    const last = this.#last;
    if (first === undefined || last === undefined) return undefined;
    const targetDurationS = isOver
      ? targetDurationFor(this.#longestMs)
      : Math.max(this.#hls.targetDurationS, targetDurationFor(this.#longestMs));
    return this.#once(`${first.ordinal} ${last.ordinal} ${targetDurationS} ${isOver}`, () => {
      const header = headerLines({
        ...this.#headerOf(first, this.#independent, targetDurationS),
        isLive: false,
        isOver,
      });
      return this.#text.between(header, isOver ? '#EXT-X-ENDLIST\n' : '');
    });
  }

  #renderToLiveEdge(): PlaylistBytes | undefined {
    const hls = this.#hls;
    const previous = this.#last;
    // A start that is younger than what is written once and for all begins inside the tail.
    const index = previous === undefined ? this.#indexOfStart() : indexAfter(hls.rows, previous.ordinal);
    const first = this.#first ?? hls.rows[index];
    if (first === undefined) return undefined;
    const targetDurationS = Math.max(hls.targetDurationS, targetDurationFor(this.#longestMs));
    return this.#once(String(hls.version), () => {
      const header = headerLines({
        ...this.#headerOf(first, this.#independent && hls.isIndependentFrom(index), targetDurationS),
        isLive: hls.isLive,
      });
      return this.#text.between(header, tailLines(hls.tail(index, previous), this.#range.suffix));
    });
  }

  #headerOf(first: FragmentInfo, independent: boolean, targetDurationS: number) {
    return {
      first,
      targetDurationS,
      partTargetS: this.#hls.targets.partTargetS,
      independent,
      startOffsetS: (this.#range.startMs - first.producerMs) / 1000,
    };
  }

  #indexOfStart(): number {
    const { rows } = this.#hls;
    const { startMs } = this.#range;
    const found = rows.findIndex((info) => info.producerMs + fragmentDurationMs(info) > startMs);
    return found < 0 ? rows.length - 1 : found;
  }

  #once(key: string, render: () => PlaylistBytes): PlaylistBytes {
    if (this.#rendered?.key !== key) this.#rendered = { key, bytes: render() };
    return this.#rendered.bytes;
  }
}

function indexAfter(rows: readonly FragmentInfo[], ordinal: number): number {
  const found = rows.findIndex((info) => info.ordinal > ordinal);
  return found < 0 ? rows.length : found;
}
