import { Mp4Error } from '../../../fragments/cmaf/mp4-error.ts';
import { LruCache } from '../../../fragments/log/lru-cache.ts';
import { CodecError } from '../../../fragments/media/codec-error.ts';
import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import { LogReadError } from '../../../fragments/stream/fragment-log.ts';
import type { ReadSource } from '../../../fragments/stream/stream-reader.ts';
import {
  DecodeError,
  type DecodeJob,
  type JobSample,
  type PictureFormat,
} from '../../../ml/decode/decode-job.ts';
import type { DecoderPool } from '../../../ml/decode/decoder-pool.ts';
import type { OpenStream } from '../../streams/stream-service.ts';
import { selectFragments } from '../session/fragment-selection.ts';
import { decodingStart, type FoundFrame, frameAt, ptsOf } from './frame-at.ts';
import { type FragmentPictures, picturesOf } from './frame-source.ts';

/** A picture of a stream. */
export interface StreamImage {
  readonly bytes: Uint8Array;
  readonly fragment: FragmentInfo;
  /** When the picture was taken, by the clock that was asked by; epoch ms. */
  readonly frameMs: number;
}

/** What there is for one instant: a picture, nothing recorded, or media that cannot be decoded. */
export type ImageAt =
  | { readonly atMs: number; readonly image: StreamImage }
  | { readonly atMs: number; readonly error: 'no-media' | 'media-error' };

export interface ImageQuestion {
  readonly clock: 'server' | 'producer';
  /** Epoch ms, growing. */
  readonly instants: readonly number[];
  readonly format: PictureFormat;
  /** Server time before which nothing may be seen. */
  readonly retainedFromMs?: number;
  /** Media that may be read for the answers; instants beyond it are left unanswered. */
  readonly maxMediaBytes: number;
}

/** What images have counted since the start; read by the metrics. */
export interface ImageCounters {
  cached: number;
  decoded: number;
  noMedia: number;
  mediaErrors: number;
}

/** Longest fragment there may be: one that began this long before an instant may show it. */
const MAX_FRAGMENT_MS = 60_000;
/** Fragments of six minutes at the least length of a fragment. */
const MAX_FRAGMENTS = 2000;
/** Server times jitter by as much as a network does: so long after its fragment's end a picture is still the one shown. */
const TOLERANCE_MS = 1000;
/** A group of pictures may span fragments where a camera rarely sends key frames; further back nothing is looked for. */
const MAX_FRAGMENTS_BACK = 30;
/** Compressed bytes that one decoder job may have. */
const MAX_JOB_BYTES = 64 * 1024 * 1024;
const MICROSECONDS = 1_000_000;

interface Wanted {
  readonly slot: number;
  readonly atMs: number;
  readonly frame: FoundFrame;
  readonly key: string;
}

/** Pictures of any recorded instant: finds the frame, has it decoded in another process, keeps the result for a while. */
export class ImageService {
  readonly counters: ImageCounters = { cached: 0, decoded: 0, noMedia: 0, mediaErrors: 0 };
  readonly #decoders: Pick<DecoderPool, 'decode'>;
  readonly #cache: LruCache<Uint8Array>;

  constructor(decoders: Pick<DecoderPool, 'decode'>, cacheBytes: number) {
    this.#decoders = decoders;
    this.#cache = new LruCache(cacheBytes, (bytes) => bytes.length);
  }

  /** Bytes of pictures that are kept. */
  get cachedBytes(): number {
    return this.#cache.weight;
  }

  /**
   * The pictures of instants, in order; fewer than asked for when the media of more would pass `maxMediaBytes` (one is always
   * answered). Throws DecodeError `busy`, `unsupported`, `closed` when it cannot be helped now, and LogReadError `io-error`.
   */
  async images(stream: OpenStream, question: ImageQuestion): Promise<ImageAt[]> {
    const { clock, instants } = question;
    const [first] = instants;
    const last = instants.at(-1);
    if (first === undefined || last === undefined) return [];
    const candidates = await candidatesOf(stream, question, first - MAX_FRAGMENT_MS, last);
    const answers: ImageAt[] = [];
    let mediaBytes = 0;
    for (let slot = 0; slot < instants.length; ) {
      const info = coveringOf(candidates, clock, instants[slot] ?? 0);
      let end = slot + 1;
      while (end < instants.length && coveringOf(candidates, clock, instants[end] ?? 0) === info) end++;
      const asked = instants.slice(slot, end);
      slot = end;
      if (info === undefined) {
        this.counters.noMedia += asked.length;
        answers.push(...asked.map((atMs) => ({ atMs, error: 'no-media' as const })));
        continue;
      }
      mediaBytes += info.sizeBytes;
      if (answers.length > 0 && mediaBytes > question.maxMediaBytes) break;
      answers.push(...(await this.#ofFragment(stream, info, asked, question)));
    }
    return answers;
  }

  /** The fragment of a number, as events name it; `undefined` when there is none (any more). Throws LogReadError. */
  async fragmentNamed(
    stream: OpenStream,
    number: string,
  ): Promise<{ readonly info: FragmentInfo; readonly isLive: boolean } | undefined> {
    const live = stream.window.fragments.find(({ info }) => info.number === number);
    const info = live?.info ?? (await stream.log.find({ by: 'number', number }));
    return info?.number === number ? { info, isLive: live !== undefined } : undefined;
  }

  /** Pictures of one fragment, at instants by the clock; see `images`. */
  async ofFragment(
    stream: OpenStream,
    ordinal: number,
    question: Pick<ImageQuestion, 'clock' | 'instants' | 'format'>,
  ): Promise<ImageAt[]> {
    const info =
      stream.window.byOrdinal(ordinal)?.info ?? (await stream.log.find({ by: 'ordinal', ordinal }));
    if (info?.ordinal !== ordinal) {
      return question.instants.map((atMs) => ({ atMs, error: 'no-media' }));
    }
    return this.#ofFragment(stream, info, question.instants, question);
  }

  /** The newest picture that can be decoded by itself; `undefined` when the stream shows none now. */
  async newest(stream: OpenStream, format: PictureFormat): Promise<ImageAt | undefined> {
    const live = stream.window.fragments.findLast(
      ({ info, samples }) => info.independent && samples.length > 0,
    );
    if (live === undefined) return undefined;
    const atMs = live.info.producerMs;
    return (await this.#ofFragment(stream, live.info, [atMs], { clock: 'producer', format }))[0];
  }

  async #ofFragment(
    stream: OpenStream,
    info: FragmentInfo,
    instants: readonly number[],
    question: Pick<ImageQuestion, 'clock' | 'format'>,
  ): Promise<ImageAt[]> {
    try {
      const pictures = await picturesOf(stream, info);
      if (pictures === undefined) {
        this.counters.noMedia += instants.length;
        return instants.map((atMs) => ({ atMs, error: 'no-media' }));
      }
      return await this.#ofPictures(stream, pictures, instants, question);
    } catch (error) {
      if (!isMediaError(error)) throw error;
      this.counters.mediaErrors += instants.length;
      return instants.map((atMs) => ({ atMs, error: 'media-error' }));
    }
  }

  async #ofPictures(
    stream: OpenStream,
    pictures: FragmentPictures,
    instants: readonly number[],
    { clock, format }: Pick<ImageQuestion, 'clock' | 'format'>,
  ): Promise<ImageAt[]> {
    const { info } = pictures;
    const startMs = startOf(info, clock);
    const wanted: Wanted[] = instants.map((atMs, slot) => {
      const frame = frameAt(pictures, atMs - startMs);
      return { slot, atMs, frame, key: keyOf(stream, info, frame, format) };
    });
    const known = new Map(wanted.map(({ key }) => [key, this.#cache.get(key)]));
    this.counters.cached += wanted.filter(({ key }) => known.get(key) !== undefined).length;
    const missing = wanted.filter(({ key }) => known.get(key) === undefined);
    if (missing.length > 0) {
      for (const [key, bytes] of await this.#decode(stream, pictures, missing, format)) {
        known.set(key, bytes);
        this.#cache.set(key, bytes);
      }
    }
    return wanted.map(({ atMs, frame, key }) => {
      const bytes = known.get(key);
      if (bytes !== undefined) {
        return { atMs, image: { bytes, fragment: info, frameMs: startMs + frame.offsetMs } };
      }
      this.counters.mediaErrors += 1;
      return { atMs, error: 'media-error' };
    });
  }

  /** Decodes the frames of one fragment that are not known yet, by their keys. */
  async #decode(
    stream: OpenStream,
    pictures: FragmentPictures,
    wanted: readonly Wanted[],
    format: PictureFormat,
  ): Promise<Map<string, Uint8Array>> {
    const frames = [...new Map(wanted.map(({ key, frame }) => [key, frame]))].sort(
      ([, a], [, b]) => a.ptsTicks - b.ptsTicks,
    );
    const samples = await samplesFor(
      stream,
      pictures,
      frames.map(([, frame]) => frame),
    );
    if (samples === undefined) return new Map();
    const { timescale } = pictures.track;
    const originUs = Math.min(
      ...samples.map(({ ptsTicks }) => toUs(ptsTicks, timescale)),
      toUs(samples[0]?.dtsTicks ?? 0, timescale),
    );
    const job: DecodeJob = {
      track: pictures.track,
      samples: samples.map(
        ({ dtsTicks, ptsTicks, isSync, data }): JobSample => ({
          dtsUs: toUs(dtsTicks, timescale) - originUs,
          ptsUs: toUs(ptsTicks, timescale) - originUs,
          isSync,
          data,
        }),
      ),
      wantedUs: frames.map(([, { ptsTicks }]) => toUs(ptsTicks, timescale) - originUs),
      format,
    };
    const decoded = await this.#decoders.decode(stream.record.name, job);
    const byKey = new Map<string, Uint8Array>();
    for (const [i, [key]] of frames.entries()) {
      const bytes = decoded[i];
      if (bytes !== undefined) byKey.set(key, bytes);
    }
    this.counters.decoded += byKey.size;
    return byKey;
  }
}

/** Fragments that may show one of the instants: those of the log, and those of the live window that are not in it yet. */
async function candidatesOf(
  { log, window }: ReadSource,
  { clock, retainedFromMs = 0 }: ImageQuestion,
  fromMs: number,
  toMs: number,
): Promise<FragmentInfo[]> {
  // Selections are in whole milliseconds; instants need not be.
  const range = { clock, fromMs, toMs: Math.ceil(toMs) };
  const stored = await selectFragments(log, range, MAX_FRAGMENTS, retainedFromMs);
  const known = new Set(stored.map(({ ordinal }) => ordinal));
  const live = window.fragments
    .filter(({ samples }) => samples.length > 0)
    .map(({ info }) => info)
    .filter((info) => !known.has(info.ordinal) && info.serverMs >= retainedFromMs)
    .filter((info) => startOf(info, clock) >= fromMs && startOf(info, clock) <= toMs);
  return [...stored, ...live].sort((a, b) => startOf(a, clock) - startOf(b, clock) || a.ordinal - b.ordinal);
}

/** The last one that began at or before the instant, if it lasts until then. */
function coveringOf(
  candidates: readonly FragmentInfo[],
  clock: 'server' | 'producer',
  atMs: number,
): FragmentInfo | undefined {
  const found = candidates.findLast((info) => {
    const startMs = startOf(info, clock);
    // Clients that know starts in whole milliseconds only may ask for one that is rounded down.
    return startMs <= atMs || Math.round(startMs) <= atMs;
  });
  if (found === undefined) return undefined;
  return atMs <= startOf(found, clock) + fragmentDurationMs(found) + TOLERANCE_MS ? found : undefined;
}

interface ReadSampleBytes {
  readonly dtsTicks: number;
  readonly ptsTicks: number;
  readonly isSync: boolean;
  readonly data: Uint8Array;
}

/**
 * The samples that the frames need, from the sync sample on that the earliest needs, which may be in a fragment before;
 * `undefined` when there is none near enough or it would be too much.
 */
async function samplesFor(
  source: ReadSource,
  pictures: FragmentPictures,
  frames: readonly FoundFrame[],
): Promise<ReadSampleBytes[] | undefined> {
  const parts: { readonly pictures: FragmentPictures; readonly from: number; readonly to: number }[] = [];
  let to = Math.max(...frames.map(({ index }) => index)) + 1;
  let from = Math.min(...frames.map((frame) => decodingStart(pictures, frame) ?? Number.NEGATIVE_INFINITY));
  let part = pictures;
  while (from < 0) {
    parts.unshift({ pictures: part, from: 0, to });
    if (parts.length > MAX_FRAGMENTS_BACK) return undefined;
    const { info } = part;
    const before = info.startsRun || info.gapBefore ? undefined : await fragmentBefore(source, info);
    if (before === undefined) return undefined;
    part = before;
    to = part.times.length;
    from = part.times.findLastIndex(({ isSync }) => isSync);
  }
  parts.unshift({ pictures: part, from, to });
  const samples: ReadSampleBytes[] = [];
  let sizeBytes = 0;
  for (const each of parts) {
    const bytes = await each.pictures.read(each.from, each.to);
    for (const [i, data] of bytes.entries()) {
      const times = each.pictures.times[each.from + i];
      if (times === undefined) continue;
      sizeBytes += data.length;
      if (sizeBytes > MAX_JOB_BYTES) return undefined;
      samples.push({ dtsTicks: times.dtsTicks, ptsTicks: ptsOf(times), isSync: times.isSync, data });
    }
  }
  return samples;
}

async function fragmentBefore(
  source: ReadSource,
  { ordinal, run }: FragmentInfo,
): Promise<FragmentPictures | undefined> {
  const info =
    source.window.byOrdinal(ordinal - 1)?.info ??
    (await source.log.find({ by: 'ordinal', ordinal: ordinal - 1 }));
  if (info?.ordinal !== ordinal - 1 || info.run !== run) return undefined;
  return picturesOf(source, info);
}

function startOf(info: FragmentInfo, clock: 'server' | 'producer'): number {
  return clock === 'server' ? info.serverMs : info.producerMs;
}

function toUs(ticks: number, timescale: number): number {
  return Math.round((ticks * MICROSECONDS) / timescale);
}

function keyOf({ record }: OpenStream, info: FragmentInfo, frame: FoundFrame, format: PictureFormat): string {
  const { type, quality, width, height } = format;
  return [record.name, record.createdMs, info.number, frame.ptsTicks, type, quality, width, height].join(' ');
}

/** Is it the media's fault, for this one picture? */
function isMediaError(error: unknown): boolean {
  if (error instanceof Mp4Error || error instanceof CodecError) return true;
  if (error instanceof LogReadError) return error.code !== 'io-error';
  return error instanceof DecodeError && !['busy', 'closed', 'unsupported'].includes(error.code);
}
