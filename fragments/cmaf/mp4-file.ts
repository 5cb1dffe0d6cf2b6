import type { Sample, Track } from '../media/track.ts';
import { readBoxes, requireBox } from './boxes.ts';
import { type FileBox, FileBoxes } from './file-boxes.ts';
import { FragmentQueue } from './fragment-queue.ts';
import type { SampleLocation } from './moof.ts';
import { type Movie, type MovieTrack, readMovie, type SkippedTrack } from './movie.ts';
import { Mp4Error } from './mp4-error.ts';
import { type RandomAccessSource, ReadWindow } from './random-access.ts';
import { SampleTable } from './sample-table.ts';

/**
 * Reads the samples of any MP4 file, progressive or fragmented, Framelog's own log files among them. Memory: the `moov`,
 * and a block of each track's data.
 */

const MAX_MOOV_BYTES = 128 * 1024 * 1024;
const MAX_SAMPLE_BYTES = 64 * 1024 * 1024;
const VIDEO_WINDOW_BYTES = 1024 * 1024;
const OTHER_WINDOW_BYTES = 128 * 1024;
const MAX_SAMPLES_AHEAD = 8192;

/** An MP4 file that was opened. */
export interface Mp4File {
  readonly tracks: readonly Track[];
  /** Tracks that Framelog cannot store. */
  readonly skipped: readonly SkippedTrack[];
  /**
   * All samples in decode order over all tracks, from the start at each call. Edit lists are applied as start offsets,
   * so that the tracks are aligned; where one would begin before 0 all are moved up together. A file that is torn in a
   * fragment, as after a crash, ends with the last whole one. Throws Mp4Error for damage, and what `source.read` throws.
   */
  samples(): AsyncIterable<Sample>;
}

/** Reads the head of a file. Throws Mp4Error, CodecError, and what `source.read` throws. */
export async function openMp4(source: RandomAccessSource): Promise<Mp4File> {
  const boxes = new FileBoxes(source);
  const moov = await findMoov(boxes);
  const movie = readMovie(requireBox(readBoxes(await boxes.read(moov)), 'moov'));
  return {
    tracks: movie.tracks.map(({ track }) => track),
    skipped: movie.skipped,
    samples: () => readSamples(source, movie, moov.offsetBytes + moov.sizeBytes),
  };
}

async function findMoov(boxes: FileBoxes): Promise<FileBox> {
  for (let box = await boxes.next(); box !== undefined; box = await boxes.next()) {
    if (box.type !== 'moov') continue;
    if (box.sizeBytes > MAX_MOOV_BYTES)
      throw new Mp4Error('limit-exceeded', `a moov of ${box.sizeBytes} bytes`);
    return box;
  }
  throw new Mp4Error(
    'missing-box',
    boxes.isTorn ? 'the file is cut before its moov' : 'the file has no moov',
  );
}

async function* readSamples(
  source: RandomAccessSource,
  movie: Movie,
  fragmentsStart: number,
): AsyncGenerator<Sample> {
  const shiftSeconds = Math.max(0, ...movie.tracks.map(({ startOffsetSeconds }) => -startOffsetSeconds));
  const fragments = new FragmentQueue(source, movie.tracks, fragmentsStart);
  const readers = movie.tracks.map(
    (movieTrack) => new TrackReader(source, movieTrack, fragments, shiftSeconds),
  );
  for (;;) {
    // Fragments that hold one track each come some way apart: look ahead for a track that has nothing, but not for ever.
    while (readers.some((reader) => reader.peek() === undefined) && !fragments.isAtEnd) {
      if (fragments.queuedSamples >= MAX_SAMPLES_AHEAD) break;
      await fragments.readFragment();
    }
    const sample = await earliestOf(readers)?.read();
    if (sample === undefined) return;
    yield sample;
  }
}

function earliestOf(readers: readonly TrackReader[]): TrackReader | undefined {
  let earliest: TrackReader | undefined;
  for (const reader of readers) {
    if (reader.nextSeconds < (earliest?.nextSeconds ?? Infinity)) earliest = reader;
  }
  return earliest;
}

/** One track on its way out of the file: the samples of its table, then those of its fragments. */
class TrackReader {
  readonly #track: Track;
  readonly #shiftTicks: number;
  readonly #table: SampleTable;
  readonly #fragments: FragmentQueue;
  readonly #window: ReadWindow;
  #next: SampleLocation | undefined;

  constructor(
    source: RandomAccessSource,
    movieTrack: MovieTrack,
    fragments: FragmentQueue,
    shiftSeconds: number,
  ) {
    const { track, startOffsetSeconds } = movieTrack;
    this.#track = track;
    this.#shiftTicks = Math.round((startOffsetSeconds + shiftSeconds) * track.timescale);
    this.#table = new SampleTable(movieTrack);
    this.#fragments = fragments;
    this.#window = new ReadWindow(source, track.kind === 'video' ? VIDEO_WINDOW_BYTES : OTHER_WINDOW_BYTES);
  }

  peek(): SampleLocation | undefined {
    this.#next ??= this.#table.next() ?? this.#fragments.take(this.#track.id);
    return this.#next;
  }

  /** Decode time of the next sample; infinite when there is none. */
  get nextSeconds(): number {
    const next = this.peek();
    return next === undefined ? Infinity : (next.dtsTicks + this.#shiftTicks) / this.#track.timescale;
  }

  /** Takes the next sample; `undefined` when there is none. */
  async read(): Promise<Sample | undefined> {
    const next = this.peek();
    if (next === undefined) return undefined;
    this.#next = undefined;
    const { trackId, dtsTicks, compositionOffsetTicks, durationTicks, isSync, offsetBytes, sizeBytes } = next;
    if (sizeBytes > MAX_SAMPLE_BYTES) throw new Mp4Error('limit-exceeded', `a sample of ${sizeBytes} bytes`);
    const data = await this.#window.read(offsetBytes, sizeBytes);
    return {
      trackId,
      dtsTicks: dtsTicks + this.#shiftTicks,
      compositionOffsetTicks,
      durationTicks,
      isSync,
      data,
    };
  }
}
