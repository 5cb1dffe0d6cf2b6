import { readInitSegment } from '../../../fragments/cmaf/init-segment.ts';
import { Mp4Error } from '../../../fragments/cmaf/mp4-error.ts';
import { writeProgressiveHead } from '../../../fragments/cmaf/progressive-file.ts';
import { CodecError } from '../../../fragments/media/codec-error.ts';
import { isSameDecoder } from '../../../fragments/media/decoder-change.ts';
import type { Track } from '../../../fragments/media/track.ts';
import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import {
  type FragmentBytes,
  type FragmentLog,
  LogReadError,
} from '../../../fragments/stream/fragment-log.ts';
import { readFragmentHeads } from '../stored/fragment-heads.ts';
import { ClipError } from './clip-error.ts';
import { ClipLayout, type ClipPiece } from './clip-layout.ts';
import { clipTracksOf } from './clip-tracks.ts';
import { requireReadableFrame } from './frame-check.ts';

/** What a clip is bounded by; beyond it, it is short (kvs.md §4.5: "the first 100 MB or 200 fragments, whichever first"). */
export interface ClipLimits {
  readonly maxBytes: number;
  readonly maxFragments: number;
}

/**
 * One MP4 file of fragments that lie in the log: `ftyp moov mdat`, ready to be played while it is loaded. Its head is made from the
 * fragments' own heads; media bytes stay where they are and are read when they are asked for. Its fragments stay readable until
 * `close`, also when retention deletes their files.
 */
export class Clip {
  readonly sizeBytes: number;
  readonly fragments: readonly FragmentInfo[];
  readonly #head: Uint8Array;
  readonly #stored: readonly FragmentBytes[];
  readonly #pieces: readonly ClipPiece[];
  /** Where each piece begins in the file. */
  readonly #starts: Float64Array;

  private constructor(stored: readonly FragmentBytes[], layout: ClipLayout) {
    this.#stored = stored;
    this.fragments = stored.map(({ info }) => info);
    this.#pieces = layout.pieces;
    this.#head = writeProgressiveHead(layout.tables, layout.mediaBytes);
    this.#starts = new Float64Array(layout.pieces.length);
    let offsetBytes = this.#head.length;
    for (const [i, piece] of layout.pieces.entries()) {
      this.#starts[i] = offsetBytes;
      offsetBytes += piece.sizeBytes;
    }
    this.sizeBytes = offsetBytes;
  }

  /** Makes a clip of the fragments, in their order. Throws ClipError, LogReadError. */
  static async of(log: FragmentLog, fragments: readonly FragmentInfo[], limits: ClipLimits): Promise<Clip> {
    const stored: FragmentBytes[] = [];
    try {
      return await build(log, fragments, limits, stored, (layout) => new Clip(stored, layout));
    } catch (error) {
      for (const bytes of stored) bytes.close();
      if (!(error instanceof Mp4Error || error instanceof CodecError)) throw error;
      throw new ClipError('bad-frame', `a fragment cannot be read: ${error.message}`, { cause: error });
    }
  }

  /** Reads bytes of the file into `target` (from its start). Throws LogReadError. */
  async read(target: Uint8Array, offsetBytes: number, lengthBytes: number): Promise<void> {
    let filled = 0;
    if (offsetBytes < this.#head.length) {
      const part = this.#head.subarray(offsetBytes, offsetBytes + lengthBytes);
      target.set(part);
      filled = part.length;
    }
    for (let i = this.#pieceAt(offsetBytes + filled); filled < lengthBytes; i++) {
      const piece = this.#pieces[i];
      const stored = piece === undefined ? undefined : this.#stored[piece.fragment];
      if (piece === undefined || stored === undefined) {
        throw new LogReadError('not-found', `the clip has no ${lengthBytes} bytes at ${offsetBytes}`);
      }
      const skipBytes = offsetBytes + filled - (this.#starts[i] ?? 0);
      const takeBytes = Math.min(piece.sizeBytes - skipBytes, lengthBytes - filled);
      await stored.read(target.subarray(filled), piece.offsetBytes + skipBytes, takeBytes);
      filled += takeBytes;
    }
  }

  close(): void {
    for (const bytes of this.#stored) bytes.close();
  }

  /** Index of the piece that holds a byte of the file. */
  #pieceAt(offsetBytes: number): number {
    let [low, high] = [0, this.#starts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) <= offsetBytes) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

async function build(
  log: FragmentLog,
  fragments: readonly FragmentInfo[],
  limits: ClipLimits,
  stored: FragmentBytes[],
  finish: (layout: ClipLayout) => Clip,
): Promise<Clip> {
  const inits = new Inits(log);
  let tracks: readonly Track[] | undefined;
  let layout: ClipLayout | undefined;
  let sizeBytes = 0;
  for (const info of fragments) {
    sizeBytes += info.sizeBytes;
    if (stored.length === limits.maxFragments) break;
    if (stored.length > 0 && sizeBytes > limits.maxBytes) break;
    const own = await inits.tracksOf(info);
    tracks ??= own;
    if (!isSameMedia(tracks, own)) {
      throw new ClipError('codec-changed', `the decoder configuration changes at fragment ${info.number}`);
    }
    const bytes = await log.open(info.ordinal);
    stored.push(bytes);
    const heads = await readFragmentHeads(bytes);
    if (layout === undefined) {
      layout = new ClipLayout(tracks);
      await requireReadableFrame(bytes, tracks, heads);
    }
    layout.add(info, heads);
  }
  if (layout === undefined || layout.mediaBytes === 0)
    throw new ClipError('no-media', 'there is no media in the range');
  return finish(layout);
}

/** The tracks of one init segment after the other; neighbours share theirs. */
class Inits {
  readonly #log: FragmentLog;
  #id: string | undefined;
  #tracks: readonly Track[] = [];

  constructor(log: FragmentLog) {
    this.#log = log;
  }

  async tracksOf({ initId, number }: FragmentInfo): Promise<readonly Track[]> {
    if (initId === this.#id) return this.#tracks;
    const init = await this.#log.init(initId);
    if (init === undefined) throw new LogReadError('gone', `the init segment ${initId} of ${number} is gone`);
    this.#tracks = clipTracksOf(readInitSegment(init.bytes), init.bytes);
    this.#id = initId;
    return this.#tracks;
  }
}

function isSameMedia(a: readonly Track[], b: readonly Track[]): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((track, i) => {
        const other = b[i];
        return other !== undefined && isSameDecoder(track, other);
      }))
  );
}
