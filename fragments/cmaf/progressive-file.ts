import { box, fourCc, fullBox, u32, u64, zeros } from './box-writer.ts';
import { mediaBox, movieHeader, trackHeader } from './movie-boxes.ts';
import { Mp4Error } from './mp4-error.ts';
import type { SampleTableWriter } from './sample-table-writer.ts';

/**
 * The head of a whole file that plays while it is loaded: `ftyp`, `moov` with complete sample tables, and the header of the
 * `mdat` behind which all media follow. Presentation begins at 0: edit lists (ISO 14496-12 §8.6.6) hold back a track that begins
 * later than another, and skip the delay that B-frames cause.
 */

const MAX_U32 = 0xffff_ffff;
const MDAT_HEADER_BYTES = 8;
const LARGE_MDAT_HEADER_BYTES = 16;
const MIN_MOVIE_TIMESCALE = 1000;

/**
 * Writes everything up to the first media byte. `tables`: the tracks, in order, each with all its samples; `mediaBytes`: what
 * follows. Tracks without samples are left out. Throws Mp4Error `unsupported` for what the format cannot hold.
 */
export function writeProgressiveHead(tables: readonly SampleTableWriter[], mediaBytes: number): Uint8Array {
  const filled = tables.filter((table) => table.sampleCount > 0);
  const [lead] = filled;
  if (lead === undefined) throw new Mp4Error('invalid', 'a file needs samples');
  const ftyp = box('ftyp', fourCc('isom'), u32(0x200), fourCc('isom'), fourCc('iso4'), fourCc('mp41'));
  const mdat = mediaDataHeader(mediaBytes);
  const movie = new MovieWriter(filled, Math.max(lead.track.timescale, MIN_MOVIE_TIMESCALE));
  // Chunk offsets count from the start of the file, so that they depend on the size of the box that they stand in.
  for (const hasLargeOffsets of [false, true]) {
    const headBytes = ftyp.length + movie.write(0, hasLargeOffsets).length + mdat.length;
    if (!hasLargeOffsets && headBytes + mediaBytes > MAX_U32) continue;
    return Buffer.concat([ftyp, movie.write(headBytes, hasLargeOffsets), mdat]);
  }
  throw new Mp4Error('unsupported', `${mediaBytes} bytes of media`);
}

function mediaDataHeader(mediaBytes: number): Uint8Array {
  const sizeBytes = MDAT_HEADER_BYTES + mediaBytes;
  if (sizeBytes <= MAX_U32) return Buffer.concat([u32(sizeBytes), fourCc('mdat')]);
  return Buffer.concat([u32(1), fourCc('mdat'), u64(LARGE_MDAT_HEADER_BYTES + mediaBytes)]);
}

class MovieWriter {
  readonly #tables: readonly SampleTableWriter[];
  readonly #timescale: number;
  readonly #startSeconds: number;

  constructor(tables: readonly SampleTableWriter[], timescale: number) {
    this.#tables = tables;
    this.#timescale = timescale;
    this.#startSeconds = Math.min(...tables.map(startSecondsOf));
  }

  write(baseBytes: number, hasLargeOffsets: boolean): Uint8Array {
    const tracks = this.#tables.map((table) => this.#track(table, baseBytes, hasLargeOffsets));
    const durationTicks = Math.max(...this.#tables.map((table) => this.#shownUntilTicks(table)));
    const nextTrackId = Math.max(...this.#tables.map(({ track }) => track.id)) + 1;
    return box('moov', movieHeader(this.#timescale, durationTicks, nextTrackId), ...tracks);
  }

  #track(table: SampleTableWriter, baseBytes: number, hasLargeOffsets: boolean): Uint8Array {
    const { track, mediaTicks } = table;
    const media = mediaBox(track, mediaTicks, table.boxes(baseBytes, hasLargeOffsets));
    return box('trak', trackHeader(track, this.#shownUntilTicks(table)), this.#edits(table), media);
  }

  #edits(table: SampleTableWriter): Uint8Array {
    const delayTicks = this.#delayTicks(table);
    // A negative one is 0 in the table.
    const mediaTime = Math.max(0, table.presentationStartTicks);
    if (delayTicks === 0 && mediaTime === 0) return zeros(0);
    const edits = [edit(this.#toMovieTicks(table), mediaTime)];
    if (delayTicks > 0) edits.unshift(edit(delayTicks, EMPTY_EDIT));
    return box('edts', fullBox('elst', 1, 0, u32(edits.length), ...edits));
  }

  #delayTicks(table: SampleTableWriter): number {
    return Math.round((startSecondsOf(table) - this.#startSeconds) * this.#timescale);
  }

  #toMovieTicks({ presentationTicks, track }: SampleTableWriter): number {
    return Math.round((presentationTicks / track.timescale) * this.#timescale);
  }

  #shownUntilTicks(table: SampleTableWriter): number {
    return this.#delayTicks(table) + this.#toMovieTicks(table);
  }
}

/** When the track's first picture or sound is due. */
function startSecondsOf({ firstDtsTicks, presentationStartTicks, track }: SampleTableWriter): number {
  return (firstDtsTicks + presentationStartTicks) / track.timescale;
}

const EMPTY_EDIT = Buffer.alloc(8, 0xff);

/** An entry of `elst` version 1; a media time of -1 is an empty edit. */
function edit(durationTicks: number, mediaTime: number | typeof EMPTY_EDIT): Uint8Array {
  const time = typeof mediaTime === 'number' ? u64(mediaTime) : mediaTime;
  return Buffer.concat([u64(durationTicks), time, u32(0x1_0000)]);
}
