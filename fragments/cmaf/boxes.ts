import { ByteCursor } from './byte-cursor.ts';
import { Mp4Error } from './mp4-error.ts';

/**
 * Bounded reading of boxes that are wholly in memory. Readers ask for the children they know by name, level by level,
 * so the depth is that of the code and never that of the input; the number of boxes at a level is limited here.
 */

const MAX_CHILDREN = 4096;

/** A box inside `bytes`: header at `start`, body at `[bodyStart, end)`. */
export interface Box {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
}

/**
 * The boxes in `[start, end)` of `bytes`, which they must fill exactly (up to 7 bytes at the end that are too few for
 * a box are passed over, as QuickTime ends some lists with a 32-bit zero).
 * Throws Mp4Error `box-size-zero`, `box-too-small`, `truncated`, `limit-exceeded`.
 */
export function readBoxes(bytes: Uint8Array, start = 0, end = bytes.length): Box[] {
  const boxes: Box[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  while (end - at >= 8) {
    if (boxes.length === MAX_CHILDREN) {
      throw new Mp4Error('limit-exceeded', `more than ${MAX_CHILDREN} boxes at one level`);
    }
    const header = readBoxHeader(view, at, end - at);
    if (header === undefined || header.sizeBytes > end - at) {
      throw new Mp4Error('truncated', `a box at ${at} reaches past the end of its container at ${end}`);
    }
    boxes.push({
      type: header.type,
      bytes,
      start: at,
      bodyStart: at + header.headerBytes,
      end: at + header.sizeBytes,
    });
    at += header.sizeBytes;
  }
  return boxes;
}

/** The boxes inside a container box; `skipBytes`: fields of the container that come before them. */
export function childrenOf(parent: Box, skipBytes = 0): Box[] {
  if (parent.bodyStart + skipBytes > parent.end) {
    throw new Mp4Error('truncated', `box ${parent.type} ends inside its own fields`);
  }
  return readBoxes(parent.bytes, parent.bodyStart + skipBytes, parent.end);
}

/** The first box of a type, or `undefined`. */
export function findBox(boxes: readonly Box[], type: string): Box | undefined {
  return boxes.find((box) => box.type === type);
}

/** The first box of a type; throws Mp4Error `missing-box`. */
export function requireBox(boxes: readonly Box[], type: string): Box {
  const box = findBox(boxes, type);
  if (box === undefined) throw new Mp4Error('missing-box', `there is no ${type} box where one is required`);
  return box;
}

/** A cursor over the body of a box. */
export function bodyOf(box: Box): ByteCursor {
  return new ByteCursor(box.bytes, box.bodyStart, box.end);
}

/** A view of the body of a box. */
export function bodyBytes(box: Box): Uint8Array {
  return box.bytes.subarray(box.bodyStart, box.end);
}

/** The head of a box: `sizeBytes` counts the header too. */
export interface BoxHeader {
  readonly type: string;
  readonly headerBytes: number;
  readonly sizeBytes: number;
}

/**
 * Reads a box header of which `availableBytes` are there; `undefined` when more are needed (8, or 16 for a 64-bit size).
 * Throws Mp4Error `box-size-zero` for size 0 and `box-too-small` for a size under the header.
 */
export function readBoxHeader(view: DataView, at: number, availableBytes: number): BoxHeader | undefined {
  if (availableBytes < 8) return undefined;
  const type = String.fromCharCode(
    view.getUint8(at + 4),
    view.getUint8(at + 5),
    view.getUint8(at + 6),
    view.getUint8(at + 7),
  );
  let sizeBytes = view.getUint32(at);
  let headerBytes = 8;
  if (sizeBytes === 1) {
    if (availableBytes < 16) return undefined;
    headerBytes = 16;
    sizeBytes = view.getUint32(at + 8) * 0x1_0000_0000 + view.getUint32(at + 12);
  } else if (sizeBytes === 0) {
    throw new Mp4Error('box-size-zero', `box ${printable(type)} has size 0, "to the end of the file"`);
  }
  if (sizeBytes < headerBytes) {
    throw new Mp4Error('box-too-small', `box ${printable(type)} has size ${sizeBytes}, less than its header`);
  }
  return { type, headerBytes, sizeBytes };
}

/** A box type for messages: bytes that are not printable ASCII as hexadecimal. */
function printable(type: string): string {
  return /^[ -~]{4}$/.test(type) ? `'${type}'` : `0x${Buffer.from(type, 'latin1').toString('hex')}`;
}
