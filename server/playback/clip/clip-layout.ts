import type { MovieFragment, SampleLocation } from '../../../fragments/cmaf/moof.ts';
import { SampleTableWriter } from '../../../fragments/cmaf/sample-table-writer.ts';
import type { Track } from '../../../fragments/media/track.ts';
import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import { ClipTimeline } from './clip-timeline.ts';

/** Bytes of the clip's media that lie together in one fragment. */
export interface ClipPiece {
  /** Which of the clip's fragments, counted from 0. */
  readonly fragment: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** Samples of one track that lie together. */
interface ByteRun {
  readonly table: SampleTableWriter;
  readonly shiftTicks: number;
  readonly samples: readonly SampleLocation[];
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** Lays the samples of fragments out as one file: sample tables for the head, pieces for the media. */
export class ClipLayout {
  readonly tables: readonly SampleTableWriter[];
  readonly pieces: ClipPiece[] = [];
  mediaBytes = 0;
  readonly #byTrack: ReadonlyMap<number, SampleTableWriter>;
  readonly #timeline = new ClipTimeline();
  #fragments = 0;

  constructor(tracks: readonly Track[]) {
    this.tables = tracks.map((track) => new SampleTableWriter(track));
    this.#byTrack = new Map(this.tables.map((table) => [table.track.id, table]));
  }

  /** Takes the next fragment; tracks that are not the clip's are left out. Throws Mp4Error `unsupported`. */
  add(info: FragmentInfo, chunks: readonly MovieFragment[]): void {
    const fragment = this.#fragments++;
    const startSeconds = this.#startSecondsOf(chunks);
    if (startSeconds === undefined) return;
    const shiftSeconds = this.#timeline.enter(info, startSeconds, this.endSeconds);
    for (const chunk of chunks) {
      const runs = chunk.tracks.flatMap(({ trackId, samples }) => {
        const table = this.#byTrack.get(trackId);
        return table === undefined ? [] : byteRunsOf(table, samples, shiftSeconds);
      });
      for (const run of runs.toSorted((a, b) => a.offsetBytes - b.offsetBytes)) this.#place(fragment, run);
    }
  }

  /** The end of the track that lasts longest. */
  get endSeconds(): number {
    const filled = this.tables.filter((table) => table.sampleCount > 0);
    return Math.max(0, ...filled.map((table) => table.endTicks / table.track.timescale));
  }

  #startSecondsOf(chunks: readonly MovieFragment[]): number | undefined {
    let earliest: number | undefined;
    for (const { tracks } of chunks) {
      for (const { trackId, samples } of tracks) {
        const timescale = this.#byTrack.get(trackId)?.track.timescale;
        const first = samples[0];
        if (timescale === undefined || first === undefined) continue;
        earliest = Math.min(earliest ?? Number.POSITIVE_INFINITY, first.dtsTicks / timescale);
      }
    }
    return earliest;
  }

  #place(fragment: number, run: ByteRun): void {
    const { table, shiftTicks, offsetBytes, sizeBytes } = run;
    for (const sample of run.samples) {
      // Times of a log never go back within a run; those of a damaged one are held in order.
      const earliestTicks = table.sampleCount === 0 ? 0 : table.lastDtsTicks;
      table.add({
        dtsTicks: Math.max(earliestTicks, sample.dtsTicks + shiftTicks),
        compositionOffsetTicks: sample.compositionOffsetTicks,
        durationTicks: sample.durationTicks,
        isSync: sample.isSync,
        offsetBytes: this.mediaBytes + (sample.offsetBytes - offsetBytes),
        sizeBytes: sample.sizeBytes,
      });
    }
    this.mediaBytes += sizeBytes;
    const last = this.pieces.at(-1);
    if (last?.fragment === fragment && last.offsetBytes + last.sizeBytes === offsetBytes) {
      this.pieces[this.pieces.length - 1] = { ...last, sizeBytes: last.sizeBytes + sizeBytes };
    } else {
      this.pieces.push({ fragment, offsetBytes, sizeBytes });
    }
  }
}

function byteRunsOf(
  table: SampleTableWriter,
  samples: readonly SampleLocation[],
  shiftSeconds: number,
): ByteRun[] {
  const shiftTicks = Math.round(shiftSeconds * table.track.timescale);
  const runs: ByteRun[] = [];
  let from = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as SampleLocation;
    const next = samples[i + 1];
    const endBytes = sample.offsetBytes + sample.sizeBytes;
    if (next?.offsetBytes === endBytes) continue;
    const offsetBytes = samples[from]?.offsetBytes ?? 0;
    const part = samples.slice(from, i + 1);
    runs.push({ table, shiftTicks, samples: part, offsetBytes, sizeBytes: endBytes - offsetBytes });
    from = i + 1;
  }
  return runs;
}
