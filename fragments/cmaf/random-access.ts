import { Mp4Error } from './mp4-error.ts';

/** A file, or anything else whose bytes can be had in any order. */
export interface RandomAccessSource {
  readonly sizeBytes: number;
  /** Answers exactly these bytes, which lie inside the source; rejects when it cannot. */
  read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array>;
}

/** Reads small neighbouring ranges of a source in larger blocks; holds one block. */
export class ReadWindow {
  readonly #source: RandomAccessSource;
  readonly #blockBytes: number;
  #block: Uint8Array = new Uint8Array(0);
  #blockOffset = 0;

  constructor(source: RandomAccessSource, blockBytes: number) {
    this.#source = source;
    this.#blockBytes = blockBytes;
  }

  /** A view of the bytes, valid for as long as it is held. Throws Mp4Error `truncated` outside the source. */
  async read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    const { sizeBytes } = this.#source;
    if (offsetBytes < 0 || offsetBytes + lengthBytes > sizeBytes) {
      throw new Mp4Error('truncated', `${lengthBytes} bytes wanted at ${offsetBytes} of ${sizeBytes}`);
    }
    const at = offsetBytes - this.#blockOffset;
    if (at >= 0 && at + lengthBytes <= this.#block.length) return this.#block.subarray(at, at + lengthBytes);

    const blockBytes = Math.max(lengthBytes, Math.min(this.#blockBytes, sizeBytes - offsetBytes));
    const block = await this.#source.read(offsetBytes, blockBytes);
    if (block.length !== blockBytes) {
      throw new Mp4Error('truncated', `${block.length} of ${blockBytes} bytes read at ${offsetBytes}`);
    }
    this.#block = block;
    this.#blockOffset = offsetBytes;
    return block.subarray(0, lengthBytes);
  }
}
