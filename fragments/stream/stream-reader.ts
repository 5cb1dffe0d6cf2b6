import { readInitSegment } from '../cmaf/init-segment.ts';
import { Mp4Error } from '../cmaf/mp4-error.ts';
import { samplesOf } from '../cmaf/read-chunk.ts';
import { CodecError } from '../media/codec-error.ts';
import type { Sample, Track } from '../media/track.ts';
import type { FragmentInfo } from './fragment.ts';
import { type FragmentLog, type FragmentSelector, type InitSegment, LogReadError } from './fragment-log.ts';
import type { LiveFragment, LiveWindowReader } from './live-window.ts';

/** Where a reader is: the next sample it has not seen. */
export interface ReadPosition {
  readonly ordinal: number;
  /** Index among the fragment's samples in decode order. */
  readonly sampleIndex: number;
}

/** Samples of one fragment that were there when the reader looked: one of them, or all of a stored fragment. */
export interface ReadBatch {
  readonly fragment: FragmentInfo;
  readonly init: InitSegment;
  readonly tracks: readonly Track[];
  /** Views of buffers that others share. Empty only in a batch that does nothing but tell the end (`tellEnds`). */
  readonly samples: readonly Sample[];
  /** The fragment in the live window, when it was read from there. */
  readonly live: LiveFragment | undefined;
  /** The first batch of its fragment. */
  readonly startsFragment: boolean;
  /** The last batch of its fragment, as far as that is known: always with `tellEnds`. */
  readonly endsFragment: boolean;
  /** Does not go on from the batch before: a new run, or media that is lost or deleted. */
  readonly isDiscontinuous: boolean;
  /** Where reading goes on after this batch. */
  readonly next: ReadPosition;
}

/** A stream as readers see it. */
export interface ReadSource {
  readonly log: FragmentLog;
  readonly window: LiveWindowReader;
}

export interface ReadOptions {
  /**
   * When to stop: `edge` when all there is was read, `session-end` when nobody publishes any more, `abort` only by the signal.
   */
  readonly until: 'edge' | 'session-end' | 'abort';
  readonly signal?: AbortSignal;
  /** A fragment that turns out to be complete after its last samples were given ends with a batch without samples. */
  readonly tellEnds?: boolean;
}

/**
 * Reads a stream from a position on, from memory where the fragment is in the live window and from the log otherwise,
 * and then follows the live edge sample by sample. Nothing is queued for a reader: one that is slow reads from the log
 * later, and holds one fragment in memory at most. Deleted and lost fragments are passed over (`isDiscontinuous`).
 * Throws LogReadError `damaged` or `io-error`.
 */
export async function* readSamples(
  source: ReadSource,
  from: ReadPosition,
  options: ReadOptions,
): AsyncGenerator<ReadBatch, void, undefined> {
  const { log, window } = source;
  const { signal, until, tellEnds = false } = options;
  const stored = new StoredFragments(log);
  let { ordinal, sampleIndex } = from;
  let previous: FragmentInfo | undefined;
  let held: LiveFragment | undefined;

  const batchOf = (fragment: FragmentInfo, media: StoredMedia, samples: readonly Sample[]): ReadBatch => {
    const startsFragment = previous?.ordinal !== fragment.ordinal;
    const isDiscontinuous = startsFragment && previous !== undefined && !goesOn(previous, fragment);
    previous = fragment;
    return {
      fragment,
      init: media.init,
      tracks: media.tracks,
      samples,
      live: undefined,
      startsFragment,
      endsFragment: true,
      isDiscontinuous,
      next: { ordinal, sampleIndex },
    };
  };

  while (signal?.aborted !== true) {
    // A fragment that is being read is held until its end, also when it leaves the window meanwhile.
    held ??= window.byOrdinal(ordinal);
    if (held !== undefined) {
      const live = held;
      const samples = live.samples.slice(sampleIndex);
      sampleIndex += samples.length;
      const endsFragment = live.isComplete;
      if (endsFragment) {
        held = undefined;
        ordinal++;
        sampleIndex = 0;
      }
      const isTold =
        samples.length > 0 || (endsFragment && tellEnds && previous?.ordinal === live.info.ordinal);
      if (isTold) yield { ...batchOf(live.info, live, samples), live, endsFragment };
      else if (held !== undefined) {
        if (until === 'edge') return;
        await nextChange(window, signal);
      }
      continue;
    }

    const firstLive = window.fragments[0]?.info.ordinal ?? window.nextOrdinal;
    if (ordinal >= firstLive) {
      // The fragment has not begun.
      if (until === 'edge' || (until === 'session-end' && !window.isLive)) return;
      await nextChange(window, signal);
      continue;
    }
    // What has left the window is in the log, or lost.
    const info = await stored.next(ordinal);
    if (info === undefined || info.ordinal >= firstLive) {
      [ordinal, sampleIndex] = [firstLive, 0];
      continue;
    }
    const media = await stored.read(info);
    const samples = media?.samples.slice(info.ordinal === ordinal ? sampleIndex : 0) ?? [];
    [ordinal, sampleIndex] = [info.ordinal + 1, 0];
    if (media !== undefined && samples.length > 0) yield batchOf(info, media, samples);
  }
}

/** Reads complete fragments one by one, in any order. */
export class FragmentReader {
  readonly #window: LiveWindowReader;
  readonly #stored: StoredFragments;

  constructor({ log, window }: ReadSource) {
    this.#window = window;
    this.#stored = new StoredFragments(log);
  }

  /** All of a fragment in one batch; `undefined` when it was deleted. Throws LogReadError `damaged` or `io-error`. */
  async read(info: FragmentInfo): Promise<ReadBatch | undefined> {
    const inWindow = this.#window.byOrdinal(info.ordinal);
    const live = inWindow?.isComplete === true ? inWindow : undefined;
    const media = live ?? (await this.#stored.read(info));
    if (media === undefined) return undefined;
    return {
      fragment: live?.info ?? info,
      init: media.init,
      tracks: media.tracks,
      samples: media.samples,
      live,
      startsFragment: true,
      endsFragment: true,
      isDiscontinuous: false,
      next: { ordinal: info.ordinal + 1, sampleIndex: 0 },
    };
  }
}

/** Where a viewer of the live edge begins: the newest fragment that a decoder can start with, or the next one to come. */
export function livePosition(window: LiveWindowReader): ReadPosition {
  const fragment = window.fragments.findLast(({ info }) => info.independent);
  return { ordinal: fragment?.info.ordinal ?? window.nextOrdinal, sampleIndex: 0 };
}

/** The start of the fragment that the selector names; `undefined` when the log has none there. */
export async function positionOf(
  log: FragmentLog,
  selector: FragmentSelector,
): Promise<ReadPosition | undefined> {
  const info = await log.find(selector);
  return info === undefined ? undefined : { ordinal: info.ordinal, sampleIndex: 0 };
}

function goesOn(previous: FragmentInfo, next: FragmentInfo): boolean {
  return next.ordinal === previous.ordinal + 1 && next.run === previous.run && !next.gapBefore;
}

/** Resolves at the window's next change, or when the signal aborts. */
function nextChange(window: LiveWindowReader, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = window.listen(() => resolve());
  const onAbort = () => resolve();
  signal?.addEventListener('abort', onAbort, { once: true });
  return promise.finally(() => {
    stop();
    signal?.removeEventListener('abort', onAbort);
  });
}

interface StoredMedia {
  readonly init: InitSegment;
  readonly tracks: readonly Track[];
}

/** Fragments out of the log, one at a time. */
class StoredFragments {
  readonly #log: FragmentLog;
  #init: StoredMedia | undefined;

  constructor(log: FragmentLog) {
    this.#log = log;
  }

  /** The first stored fragment from `ordinal` on. */
  async next(ordinal: number): Promise<FragmentInfo | undefined> {
    const [info] = await this.#log.list(ordinal, 1);
    return info;
  }

  /** Its samples; `undefined` when it was deleted meanwhile. */
  async read(
    info: FragmentInfo,
  ): Promise<(StoredMedia & { readonly samples: readonly Sample[] }) | undefined> {
    try {
      const { init, tracks } = await this.#initOf(info);
      const stored = await this.#log.open(info.ordinal);
      try {
        const bytes = Buffer.allocUnsafeSlow(stored.sizeBytes);
        await stored.read(bytes, 0, bytes.length);
        return { init, tracks, samples: samplesOf(bytes, tracks) };
      } finally {
        stored.close();
      }
    } catch (error) {
      if (error instanceof LogReadError && (error.code === 'gone' || error.code === 'not-found'))
        return undefined;
      if (!(error instanceof Mp4Error || error instanceof CodecError)) throw error;
      throw new LogReadError('damaged', `fragment ${info.number} cannot be read`, { cause: error });
    }
  }

  async #initOf({ initId, number }: FragmentInfo): Promise<StoredMedia> {
    if (this.#init?.init.id !== initId) {
      const init = await this.#log.init(initId);
      if (init === undefined) {
        throw new LogReadError('gone', `the init segment ${initId} of ${number} is gone`);
      }
      this.#init = { init, tracks: readInitSegment(init.bytes) };
    }
    return this.#init;
  }
}
