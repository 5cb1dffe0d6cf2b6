import { chunkHeads } from '../../../fragments/cmaf/chunk-heads.ts';
import { emptyChunk } from '../../../fragments/cmaf/empty-chunk.ts';
import { singleTrackView } from '../../../fragments/cmaf/single-track-view.ts';
import type { Track } from '../../../fragments/media/track.ts';
import type { StoredBody } from '../../http/fragment-pump.ts';
import type { OpenSegment } from './fragment-segment.ts';
import type { ListedFragment } from './session-timeline.ts';

/** A made-up header, or a range of the fragment's own bytes. */
type Piece = Uint8Array | { readonly offsetBytes: number; readonly length: number };

/**
 * One track of a fragment as a media segment on a session's timeline: made-up headers, and between them the bytes of the log,
 * which are nowhere copied (design.md §3 rule 7).
 */
export class TrackSegment implements StoredBody {
  readonly sizeBytes: number;
  readonly #source: OpenSegment;
  readonly #pieces: readonly Piece[];

  private constructor(source: OpenSegment, pieces: readonly Piece[]) {
    this.#source = source;
    this.#pieces = pieces;
    this.sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** Reads the headers of the fragment's chunks; takes over the source. Throws LogReadError and Mp4Error. */
  static async of(source: OpenSegment, track: Track, listed: ListedFragment): Promise<TrackSegment> {
    try {
      return new TrackSegment(source, await piecesOf(source, track, listed));
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** All of it by reference, when the fragment is in memory. */
  get buffers(): Uint8Array[] | undefined {
    const { bytes } = this.#source;
    if (bytes === undefined) return undefined;
    return this.#pieces.map((piece) =>
      piece instanceof Uint8Array
        ? piece
        : bytes.subarray(piece.offsetBytes, piece.offsetBytes + piece.length),
    );
  }

  async read(target: Uint8Array, offsetBytes: number, lengthBytes: number): Promise<void> {
    let pieceStart = 0;
    let filled = 0;
    for (const piece of this.#pieces) {
      const from = Math.max(0, offsetBytes - pieceStart);
      const take = Math.min(piece.length - from, lengthBytes - filled);
      pieceStart += piece.length;
      if (take <= 0) continue;
      if (piece instanceof Uint8Array) target.set(piece.subarray(from, from + take), filled);
      else {
        const place = target.subarray(filled, filled + take);
        await this.#source.readInto(place, piece.offsetBytes + from, take);
      }
      filled += take;
    }
  }

  close(): void {
    this.#source.close();
  }
}

async function piecesOf(source: OpenSegment, track: Track, listed: ListedFragment): Promise<Piece[]> {
  const shiftTicks = Math.round(listed.shiftS * track.timescale);
  const pieces: Piece[] = [];
  for await (const { offsetBytes, moof } of chunkHeads(source)) {
    const view = singleTrackView(moof, track.id, shiftTicks);
    if (view === undefined) continue;
    pieces.push(view.header, { offsetBytes: offsetBytes + view.offsetBytes, length: view.sizeBytes });
  }
  if (pieces.length > 0) return pieces;
  return [emptyChunk(listed.index + 1, track.id, listed.startS * track.timescale)];
}
