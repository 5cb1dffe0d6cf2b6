import { constants, crc32, deflateRawSync } from 'node:zlib';
import { GZIP_FROM_BYTES, type PlaylistBytes } from './rendered-playlist.ts';

/** Text that is compressed at a time, once it is complete. */
const BLOCK_BYTES = 16 * 1024;
/** gzip member header (RFC 1952 §2.3): deflate, no name, no time, unknown system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/**
 * The long middle of a playlist that only grows at its end, as the hours of a DVR playlist do. It is put between a fresh head and
 * a fresh tail for each version without being compressed again: deflate blocks that end on a byte and look back at
 * nothing outside themselves can be strung together (RFC 1951 §3.2, "full flush"). A version of an hour's playlist
 * so costs the compression of a few kilobytes instead of hundreds.
 */
export class GrowingText {
  readonly #plain: Buffer[] = [];
  readonly #deflated: Buffer[] = [];
  #pending = '';
  #sealedBytes = 0;

  get sizeBytes(): number {
    return this.#sealedBytes + this.#pending.length;
  }

  /** Adds ASCII text at the end. */
  append(text: string): void {
    this.#pending += text;
    if (this.#pending.length < BLOCK_BYTES) return;
    const block = Buffer.from(this.#pending, 'latin1');
    this.#plain.push(block);
    this.#deflated.push(deflateRawSync(block, { finishFlush: constants.Z_FULL_FLUSH }));
    this.#sealedBytes += block.length;
    this.#pending = '';
  }

  /** This version of the whole playlist. */
  between(head: string, tail: string): PlaylistBytes {
    const start = Buffer.from(head, 'latin1');
    const sealed = [...this.#plain];
    const sealedDeflated = [...this.#deflated];
    const end = Buffer.from(this.#pending + tail, 'latin1');
    const plain = Buffer.concat([start, ...sealed, end]);
    let compressed: Buffer | undefined;
    return {
      plain,
      gzip() {
        if (plain.length < GZIP_FROM_BYTES) return undefined;
        compressed ??= Buffer.concat([
          GZIP_HEADER,
          deflateRawSync(start, { finishFlush: constants.Z_FULL_FLUSH }),
          ...sealedDeflated,
          deflateRawSync(end),
          gzipTrailer(plain),
        ]);
        return compressed;
      },
    };
  }
}

/** CRC-32 and length of what was compressed (RFC 1952 §2.3.1). */
function gzipTrailer(plain: Buffer): Buffer {
  const trailer = Buffer.allocUnsafe(8);
  trailer.writeUInt32LE(crc32(plain), 0);
  trailer.writeUInt32LE(plain.length % 0x1_0000_0000, 4);
  return trailer;
}
