import { type BoxHeader, readBoxHeader } from './boxes.ts';
import { type RandomAccessSource, ReadWindow } from './random-access.ts';

/** Hops over the top-level boxes of a file, reading no more than their heads. */

const HEAD_WINDOW_BYTES = 16 * 1024;

/** A top-level box that lies wholly in the file. */
export interface FileBox extends BoxHeader {
  readonly offsetBytes: number;
}

export class FileBoxes {
  readonly #source: RandomAccessSource;
  readonly #window: ReadWindow;
  #offset: number;
  #isTorn = false;

  constructor(source: RandomAccessSource, startOffset = 0) {
    this.#source = source;
    this.#window = new ReadWindow(source, HEAD_WINDOW_BYTES);
    this.#offset = startOffset;
  }

  /** The last box reaches past the end of the file, as after a crash of its writer. */
  get isTorn(): boolean {
    return this.#isTorn;
  }

  /** The next box; `undefined` at the end of the file or where it is torn. Throws Mp4Error for impossible sizes. */
  async next(): Promise<FileBox | undefined> {
    const remainingBytes = this.#source.sizeBytes - this.#offset;
    if (remainingBytes === 0) return undefined;
    const head = await this.#window.read(this.#offset, Math.min(16, remainingBytes));
    const header = readFileBoxHeader(head, remainingBytes);
    if (header === undefined || header.sizeBytes > remainingBytes) {
      this.#isTorn = true;
      return undefined;
    }
    const box = { ...header, offsetBytes: this.#offset };
    this.#offset += header.sizeBytes;
    return box;
  }

  /** The bytes of a box that `next` answered: header and body. */
  read(box: FileBox): Promise<Uint8Array> {
    return this.#window.read(box.offsetBytes, box.sizeBytes);
  }
}

function readFileBoxHeader(head: Uint8Array, remainingBytes: number): BoxHeader | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  // ISO 14496-12 §4.2.2: size 0 is allowed for the last box of a file, "normally only for a MediaDataBox"; here, where
  // the end of the file is known, it can be honoured for that.
  const isOpenMediaData = head.length >= 8 && view.getUint32(0) === 0 && view.getUint32(4) === 0x6d64_6174;
  if (isOpenMediaData) return { type: 'mdat', headerBytes: 8, sizeBytes: remainingBytes };
  return readBoxHeader(view, 0, head.length);
}
