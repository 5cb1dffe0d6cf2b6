import { type BoxHeader, readBoxHeader } from './boxes.ts';
import { Mp4Error } from './mp4-error.ts';

/** Finds the top-level boxes of a byte stream that arrives in pieces. Keeps at most 16 bytes. */

/** A top-level box that has arrived wholly. */
export interface ScannedBox {
  readonly type: string;
  /** Of its first byte in the stream. */
  readonly offset: number;
  /** Header and body. */
  readonly size: number;
  readonly headerSize: number;
}

/** The box that the stream ends in the middle of. */
export interface TornBox {
  readonly offset: number;
  /** Bytes of it that arrived. */
  readonly presentBytes: number;
  /** `undefined` while its header is incomplete. */
  readonly header: BoxHeader | undefined;
}

export interface BoxScannerOptions {
  /** Position in the file of the first byte that will be pushed; 0 by default. */
  readonly startOffset?: number;
  /** Largest box taken, header included; 2 GiB by default. */
  readonly maxBoxBytes?: number;
}

const MAX_HEADER_BYTES = 16;

export class BoxScanner {
  readonly #maxBoxBytes: number;
  readonly #head = new Uint8Array(MAX_HEADER_BYTES);
  readonly #headView = new DataView(this.#head.buffer);
  #header: BoxHeader | undefined;
  /** Bytes of the current box that have arrived. */
  #presentBytes = 0;
  #boxOffset: number;

  constructor(options: BoxScannerOptions = {}) {
    this.#boxOffset = options.startOffset ?? 0;
    this.#maxBoxBytes = options.maxBoxBytes ?? 0x7fff_ffff;
  }

  /** Where the last whole box ends: everything before it is well-formed. */
  get endOfBoxes(): number {
    return this.#boxOffset;
  }

  /** The incomplete box at the end of what was pushed, or `undefined` at a boundary. */
  get tornBox(): TornBox | undefined {
    if (this.#presentBytes === 0) return undefined;
    return { offset: this.#boxOffset, presentBytes: this.#presentBytes, header: this.#header };
  }

  /**
   * Takes the next bytes; answers the boxes that end in them. Throws Mp4Error `box-size-zero`, `box-too-small` or
   * `box-too-large` as soon as a header says so; the scanner is then of no more use except for `endOfBoxes`.
   */
  push(bytes: Uint8Array): ScannedBox[] {
    const boxes: ScannedBox[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#header === undefined) {
        at += this.#takeHead(bytes, at);
        if (this.#header === undefined) continue;
      }
      const { type, sizeBytes, headerBytes } = this.#header;
      const taken = Math.min(sizeBytes - this.#presentBytes, bytes.length - at);
      this.#presentBytes += taken;
      at += taken;
      if (this.#presentBytes < sizeBytes) break;
      boxes.push({ type, offset: this.#boxOffset, size: sizeBytes, headerSize: headerBytes });
      this.#boxOffset += sizeBytes;
      this.#presentBytes = 0;
      this.#header = undefined;
    }
    return boxes;
  }

  /** Collects header bytes: 8, and 8 more when the size has 64 bits. Answers how many it took. */
  #takeHead(bytes: Uint8Array, at: number): number {
    const wantedBytes = this.#presentBytes < 8 ? 8 : 16;
    const taken = Math.min(wantedBytes - this.#presentBytes, bytes.length - at);
    this.#head.set(bytes.subarray(at, at + taken), this.#presentBytes);
    this.#presentBytes += taken;
    const header = readBoxHeader(this.#headView, 0, this.#presentBytes);
    if (header !== undefined && header.sizeBytes > this.#maxBoxBytes) {
      throw new Mp4Error(
        'box-too-large',
        `a box of ${header.sizeBytes} bytes; at most ${this.#maxBoxBytes} are taken`,
      );
    }
    this.#header = header;
    return taken;
  }
}
