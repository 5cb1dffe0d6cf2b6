import { type FrameBlock, type ReadAt, readFrameBlock } from './frame-block.ts';
import { isIntact } from './record-frame.ts';
import { FILE_HEAD, RecordIndex } from './record-index.ts';

const BLOCK_BYTES = 1024 * 1024;

/** What a file holds, by its own bytes. */
export interface ScannedFile {
  readonly index: RecordIndex;
  readonly records: number;
  /** Of the last good record; -1 when there is none. */
  readonly lastOrdinal: number;
  readonly lastArrivalMs: number;
  /** Up to the last good record: what lies behind is torn or damaged. 0 when even the file's head is not there. */
  readonly goodBytes: number;
}

/** Reads a whole file with its checksums, up to its first bad byte. Throws LogReadError. */
export async function scanRecordFile(read: ReadAt, fileBytes: number): Promise<ScannedFile> {
  const index = new RecordIndex();
  let scanned = { records: 0, lastOrdinal: -1, lastArrivalMs: 0, goodBytes: 0 };
  if (!(await hasHead(read, fileBytes))) return { index, ...scanned };
  scanned.goodBytes = FILE_HEAD.length;
  while (scanned.goodBytes < fileBytes) {
    const block = await readFrameBlock(read, scanned.goodBytes, fileBytes, BLOCK_BYTES);
    const before = scanned.records;
    scanned = takeGood(block, scanned, index);
    if (block.isBroken || scanned.records - before < block.frames.length) break;
  }
  return { index, ...scanned };
}

function takeGood(
  { bytes, frames }: FrameBlock,
  before: Omit<ScannedFile, 'index'>,
  index: RecordIndex,
): Omit<ScannedFile, 'index'> & { goodBytes: number } {
  let { records, lastOrdinal, lastArrivalMs, goodBytes } = before;
  for (const { at, head } of frames) {
    if (head.ordinal <= lastOrdinal || head.arrivalMs < lastArrivalMs || !isIntact(bytes, at, head)) break;
    index.add({ ordinal: head.ordinal, arrivalMs: head.arrivalMs, offsetBytes: goodBytes });
    goodBytes += head.frameBytes;
    records++;
    lastOrdinal = head.ordinal;
    lastArrivalMs = head.arrivalMs;
  }
  return { records, lastOrdinal, lastArrivalMs, goodBytes };
}

async function hasHead(read: ReadAt, fileBytes: number): Promise<boolean> {
  if (fileBytes < FILE_HEAD.length) return false;
  const head = Buffer.allocUnsafe(FILE_HEAD.length);
  await read(head, 0);
  return head.equals(FILE_HEAD);
}
