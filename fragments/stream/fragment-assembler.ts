import type { FragmentBox } from './fragment-box.ts';
import type { StoredFragment } from './fragment-index.ts';

/**
 * Makes fragments of chunks in the order of a file. The writer and the scanner of files both use it, so that an index
 * that is made anew equals the live one (design.md §3 rule 1). A fragment that lacks its last chunks counts as the
 * shorter one that its good chunks make.
 */
export class FragmentAssembler {
  #open: StoredFragment | undefined;
  #openEndBytes = 0;
  #lastOrdinal: number;

  /** `lastOrdinal`: of the fragment before, -1 when there is none. */
  constructor(lastOrdinal = -1) {
    this.#lastOrdinal = lastOrdinal;
  }

  /** A copy, to try something out on. */
  clone(): FragmentAssembler {
    const copy = new FragmentAssembler(this.#lastOrdinal);
    copy.#open = this.#open;
    copy.#openEndBytes = this.#openEndBytes;
    return copy;
  }

  /** May a chunk come at this place? The first of a later fragment, or the next of the open one right behind it. */
  accepts(chunk: { readonly ordinal: number; readonly chunkIndex: number }, offsetBytes: number): boolean {
    if (chunk.chunkIndex === 0) return chunk.ordinal > this.#lastOrdinal;
    return (
      this.#open?.info.ordinal === chunk.ordinal &&
      this.#open.chunks === chunk.chunkIndex &&
      this.#openEndBytes === offsetBytes
    );
  }

  /** Bytes of the media segment when this chunk is its last so far. */
  segmentBytes(chunkIndex: number, offsetBytes: number, boxBytes: number, chunkBytes: number): number {
    if (chunkIndex === 0 || this.#open === undefined) return chunkBytes;
    return offsetBytes + boxBytes + chunkBytes - (this.#open.offsetBytes + this.#open.boxBytes);
  }

  /** Takes an accepted chunk; answers the fragments that are finished by it. */
  take(box: FragmentBox, offsetBytes: number, boxBytes: number): StoredFragment[] {
    const finished: StoredFragment[] = [];
    const isFirst = box.chunkIndex === 0;
    if (isFirst && this.#open !== undefined) finished.push(this.#open);
    const first = isFirst ? undefined : this.#open;
    this.#open = {
      info: {
        ...box.fragment,
        sizeBytes: this.segmentBytes(box.chunkIndex, offsetBytes, boxBytes, box.chunkBytes),
      },
      offsetBytes: first?.offsetBytes ?? offsetBytes,
      boxBytes: first?.boxBytes ?? boxBytes,
      chunks: box.chunkIndex + 1,
    };
    this.#openEndBytes = offsetBytes + boxBytes + box.chunkBytes;
    this.#lastOrdinal = box.fragment.ordinal;
    if (box.isLast) {
      finished.push(this.#open);
      this.#open = undefined;
    }
    return finished;
  }

  /** The file ends: the fragment that was never finished. */
  finish(): StoredFragment | undefined {
    const open = this.#open;
    this.#open = undefined;
    return open;
  }
}
