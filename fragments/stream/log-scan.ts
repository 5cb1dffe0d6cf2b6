import { crc32c } from '../log/crc32c.ts';
import { FragmentAssembler } from './fragment-assembler.ts';
import type { FragmentBox } from './fragment-box.ts';
import { BOX_MARK, decodeFragmentBox, FragmentBoxError, fragmentBoxSizeAt } from './fragment-box.ts';
import { FragmentIndex } from './fragment-index.ts';
import { initSegmentOf } from './init-id.ts';
import { MAX_PRODUCER_HEADER_BYTES } from './producer-header.ts';

/** Anything that can be read at a position: an open file, or bytes in memory. */
export interface Readable {
  readonly sizeBytes: number;
  read(target: Uint8Array, positionBytes: number): Promise<number>;
}

/** Bytes that hold no good chunk. */
export interface DamagedRange {
  readonly startBytes: number;
  readonly endBytes: number;
  readonly reason: string;
}

/** A good chunk as found in the file. */
export interface ScannedChunk {
  readonly box: FragmentBox;
  readonly offsetBytes: number;
  readonly boxBytes: number;
  /** False when it belongs to no fragment: chunks before it are missing. */
  readonly isCounted: boolean;
}

export interface LogScan {
  /** `undefined` when there is not one good chunk. */
  readonly index: FragmentIndex | undefined;
  /** End of the last good chunk: all behind it is a torn tail. */
  readonly goodBytes: number;
  /** Bad bytes with good chunks behind them. */
  readonly damaged: readonly DamagedRange[];
  /** Why what is behind `goodBytes` is no chunk; `undefined` when nothing is. */
  readonly tornReason: string | undefined;
  /** The init segment's bytes do not fit the id that the chunks name. */
  readonly isInitDamaged: boolean;
  /** A newer version of Framelog wrote it: what looks bad may be good. */
  readonly isTooNew: boolean;
}

export interface ScanOptions {
  readonly onChunk?: (chunk: ScannedChunk) => void;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

const WINDOW_BYTES = 256 * 1024;
/** An init segment has some hundred bytes a track, and a producer's header (producer-header.ts) as large again as what is in them. */
const MAX_INIT_BYTES = 2 * MAX_PRODUCER_HEADER_BYTES;
const MAX_INIT_BOXES = 16;

/**
 * Reads a whole log file and verifies every checksum. Bad bytes are stepped over to the next good chunk; chunks behind
 * them are kept (storage.md: damage in the middle must not take what follows).
 */
export async function scanLogFile(file: Readable, options: ScanOptions = {}): Promise<LogScan> {
  const scanner = new Scanner(file, options);
  return scanner.scan();
}

class Scanner {
  readonly #file: Readable;
  readonly #options: ScanOptions;
  readonly #window = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  #windowAt = 0;
  #windowBytes = 0;
  #isTooNew = false;

  constructor(file: Readable, options: ScanOptions) {
    this.#file = file;
    this.#options = options;
  }

  async scan(): Promise<LogScan> {
    const assembler = new FragmentAssembler();
    const damaged: DamagedRange[] = [];
    const firstMark = await this.#findMark(0);
    let index: FragmentIndex | undefined;
    let goodBytes = 0;
    let bad: { startBytes: number; reason: string } | undefined;
    let at = firstMark ?? this.#file.sizeBytes;
    if (firstMark === undefined) bad = { startBytes: 0, reason: 'there is no fragment in it' };
    while (at < this.#file.sizeBytes) {
      const found = await this.#chunkAt(at);
      if (!('box' in found)) {
        bad ??= { startBytes: at, reason: found.reason };
        at = (await this.#findMark(found.nextBytes)) ?? this.#file.sizeBytes;
        continue;
      }
      if (bad !== undefined) damaged.push({ ...bad, endBytes: at });
      bad = undefined;
      const { box, boxBytes } = found;
      if (index === undefined) {
        const { initId } = box.fragment;
        const headBytes = (await this.#initEnd(initId)) ?? firstMark ?? 0;
        index = new FragmentIndex(headBytes, initId);
        // The box behind the init segment cannot even be recognized as one.
        if (firstMark !== undefined && headBytes < firstMark) {
          damaged.unshift({ startBytes: headBytes, endBytes: firstMark, reason: 'no fragment box' });
        }
      }
      const isCounted = assembler.accepts({ ordinal: box.fragment.ordinal, chunkIndex: box.chunkIndex }, at);
      if (isCounted) for (const stored of assembler.take(box, at, boxBytes)) index.add(stored);
      this.#options.onChunk?.({ box, offsetBytes: at, boxBytes, isCounted });
      at += boxBytes + box.chunkBytes;
      goodBytes = at;
      this.#options.onProgress?.(at, this.#file.sizeBytes);
    }
    const unfinished = assembler.finish();
    if (unfinished !== undefined) index?.add(unfinished);
    return {
      index: index !== undefined && index.count > 0 ? index : undefined,
      goodBytes,
      damaged,
      tornReason: bad?.reason,
      isInitDamaged: index !== undefined && !(await this.#isInit(index.headBytes, index.initId)),
      isTooNew: this.#isTooNew,
    };
  }

  /** Where the init segment with this id ends: behind the `moov`, also when the first chunk's box is damaged. */
  async #initEnd(initId: string): Promise<number | undefined> {
    let at = 0;
    for (let boxes = 0; boxes < MAX_INIT_BOXES; boxes++) {
      const head = await this.#peek(at, 8);
      if (head.length < 8) return undefined;
      const type = head.toString('latin1', 4, 8);
      at += Math.max(8, head.readUInt32BE(0));
      if (type === 'moov') return (await this.#isInit(at, initId)) ? at : undefined;
    }
    return undefined;
  }

  async #isInit(sizeBytes: number, initId: string): Promise<boolean> {
    if (sizeBytes > MAX_INIT_BYTES) return false;
    const bytes = Buffer.alloc(sizeBytes);
    return (await this.#file.read(bytes, 0)) === sizeBytes && initSegmentOf(bytes).id === initId;
  }

  /** The good chunk at a place, or why there is none and from where on the next one may begin. */
  async #chunkAt(
    at: number,
  ): Promise<{ box: FragmentBox; boxBytes: number } | { reason: string; nextBytes: number }> {
    const boxBytes = fragmentBoxSizeAt(await this.#peek(at, 24), 0);
    if (boxBytes === undefined) return { reason: 'no fragment box', nextBytes: at + 1 };
    let box: FragmentBox;
    try {
      box = decodeFragmentBox((await this.#peek(at, boxBytes)).subarray(0, boxBytes));
    } catch (error) {
      if (!(error instanceof FragmentBoxError)) throw error;
      if (error.code === 'too-new') this.#isTooNew = true;
      return { reason: error.message, nextBytes: at + 1 };
    }
    // The length can be trusted, its checksum is right: what lies inside the chunk is media, and never looked into for
    // boxes that a producer may have put there.
    const startBytes = at + boxBytes;
    const endBytes = startBytes + box.chunkBytes;
    if (endBytes > this.#file.sizeBytes) {
      return { reason: 'the file ends inside the chunk', nextBytes: this.#file.sizeBytes };
    }
    if ((await this.#checksum(startBytes, box.chunkBytes)) !== box.chunkCrc) {
      return { reason: "a chunk's checksum is wrong", nextBytes: endBytes };
    }
    return { box, boxBytes };
  }

  async #checksum(startBytes: number, lengthBytes: number): Promise<number> {
    let crc = 0;
    for (let at = startBytes; at < startBytes + lengthBytes; ) {
      const piece = await this.#peek(at, 1);
      const taken = piece.subarray(0, startBytes + lengthBytes - at);
      if (taken.length === 0) break; // the file became shorter meanwhile: the checksum will not fit
      crc = crc32c(taken, crc);
      at += taken.length;
    }
    return crc;
  }

  /** Where the next fragment box may begin, from `fromBytes` on. */
  async #findMark(fromBytes: number): Promise<number | undefined> {
    // The mark stands 4 bytes into the box, behind the size.
    for (let at = fromBytes; at + 4 + BOX_MARK.length <= this.#file.sizeBytes; ) {
      const piece = await this.#peek(at, 4 + BOX_MARK.length);
      if (piece.length < 4 + BOX_MARK.length) return undefined;
      const found = piece.indexOf(BOX_MARK, 4);
      if (found >= 0) return at + found - 4;
      at += piece.length - BOX_MARK.length - 3;
    }
    return undefined;
  }

  /** What the window holds from `at` on; at least `wantedBytes` unless the file ends before. */
  async #peek(at: number, wantedBytes: number): Promise<Buffer> {
    const windowEnd = this.#windowAt + this.#windowBytes;
    const wantedEnd = Math.min(at + wantedBytes, this.#file.sizeBytes);
    if (at < this.#windowAt || at > windowEnd || wantedEnd > windowEnd) {
      this.#windowBytes = await this.#file.read(this.#window, at);
      this.#windowAt = at;
    }
    return this.#window.subarray(at - this.#windowAt, this.#windowBytes);
  }
}
