import { LogReadError } from '../../../fragments/log/log-error.ts';
import { RECORD_HEAD_BYTES, type RecordHead, readRecordHead } from './record-frame.ts';

/** Reads `target.length` bytes at a place of a file. */
export type ReadAt = (target: Uint8Array, positionBytes: number) => Promise<void>;

export interface PlacedFrame {
  /** In the block's bytes. */
  readonly at: number;
  readonly head: RecordHead;
}

/** Whole frames of a stretch of a file. Their checksums are not looked at yet. */
export interface FrameBlock {
  readonly bytes: Buffer;
  readonly frames: readonly PlacedFrame[];
  /** Place in the file behind the last whole frame. */
  readonly endBytes: number;
  /** What follows there is no frame, or is cut off by the end of the file. */
  readonly isBroken: boolean;
}

/** Reads about `blockBytes` from a frame's beginning on, or one frame when that is larger; no further than `fileBytes`. */
export async function readFrameBlock(
  read: ReadAt,
  fromBytes: number,
  fileBytes: number,
  blockBytes: number,
): Promise<FrameBlock> {
  const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(blockBytes, fileBytes - fromBytes)));
  await read(bytes, fromBytes);
  const frames: PlacedFrame[] = [];
  let at = 0;
  while (at < bytes.length) {
    const restBytes = fileBytes - fromBytes - at;
    if (restBytes < RECORD_HEAD_BYTES) return { bytes, frames, endBytes: fromBytes + at, isBroken: true };
    if (at + RECORD_HEAD_BYTES > bytes.length) break;
    const head = readRecordHead(bytes, at);
    if (head === undefined || head.frameBytes > restBytes) {
      return { bytes, frames, endBytes: fromBytes + at, isBroken: true };
    }
    if (at + head.frameBytes > bytes.length) {
      if (frames.length === 0) return readFrameBlock(read, fromBytes, fileBytes, head.frameBytes);
      break;
    }
    frames.push({ at, head });
    at += head.frameBytes;
  }
  if (frames.length === 0 && at < fileBytes - fromBytes && bytes.length > 0) {
    throw new LogReadError('io-error', `a block of ${blockBytes} bytes holds no record's head`);
  }
  return { bytes, frames, endBytes: fromBytes + at, isBroken: false };
}
