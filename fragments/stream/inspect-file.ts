import { readBoxHeader } from '../cmaf/boxes.ts';
import { Mp4Error } from '../cmaf/mp4-error.ts';
import { type ByteStore, readWhole, StoreError } from '../log/byte-store.ts';
import { FragmentIndex, MAX_INDEX_BYTES, type StoredFragment } from './fragment-index.ts';
import { type LogScan, type Readable, type ScannedChunk, type ScanOptions, scanLogFile } from './log-scan.ts';

/** A top-level box. */
export interface InspectedBox {
  readonly type: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** How the `.idx` beside a file compares with the one made from the file. */
export type IndexState = 'equal' | 'differs' | 'damaged' | 'missing';

/** All there is to say of one log file. */
export interface FileInspection {
  readonly sizeBytes: number;
  readonly boxes: readonly InspectedBox[];
  /** Where and why the boxes end before the file does. */
  readonly boxesEnd: { readonly offsetBytes: number; readonly reason: string } | undefined;
  readonly chunks: readonly ScannedChunk[];
  readonly fragments: readonly StoredFragment[];
  readonly scan: LogScan;
  readonly index: IndexState;
}

/** Looks at a log file and its `.idx` in a store. Throws StoreError when the file cannot be read. */
export async function inspectLogFile(
  store: ByteStore,
  path: string,
  options: Pick<ScanOptions, 'onProgress'> = {},
): Promise<FileInspection> {
  const file = await store.openRead(path);
  try {
    const chunks: ScannedChunk[] = [];
    const scan = await scanLogFile(file, { ...options, onChunk: (chunk) => chunks.push(chunk) });
    const fragments: StoredFragment[] = [];
    for (let row = 0; scan.index !== undefined && row < scan.index.count; row++) {
      fragments.push(scan.index.storedAt(row));
    }
    const index = await compareIndex(store, path.replace(/\.mp4$/, '.idx'), scan.index);
    return { sizeBytes: file.sizeBytes, ...(await listBoxes(file)), chunks, fragments, scan, index };
  } finally {
    await file.close();
  }
}

/** Compares an `.idx` with the index that was made from its file. */
export async function compareIndex(
  store: ByteStore,
  path: string,
  rebuilt: FragmentIndex | undefined,
): Promise<IndexState> {
  let bytes: Buffer;
  try {
    bytes = await readWhole(store, path, MAX_INDEX_BYTES);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'not-found') return 'missing';
    throw error;
  }
  if (rebuilt?.bytes.equals(bytes) === true) return 'equal';
  return FragmentIndex.parse(bytes) === undefined ? 'damaged' : 'differs';
}

/** The top-level boxes, by their headers alone. */
async function listBoxes(file: Readable): Promise<Pick<FileInspection, 'boxes' | 'boxesEnd'>> {
  const boxes: InspectedBox[] = [];
  const head = Buffer.alloc(16);
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  for (let at = 0; at < file.sizeBytes; ) {
    const gotBytes = await file.read(head, at);
    try {
      const header = readBoxHeader(view, 0, gotBytes);
      if (header === undefined || at + header.sizeBytes > file.sizeBytes) {
        return { boxes, boxesEnd: { offsetBytes: at, reason: 'the file ends inside a box' } };
      }
      boxes.push({ type: header.type, offsetBytes: at, sizeBytes: header.sizeBytes });
      at += header.sizeBytes;
    } catch (error) {
      if (!(error instanceof Mp4Error)) throw error;
      return { boxes, boxesEnd: { offsetBytes: at, reason: error.message } };
    }
  }
  return { boxes, boxesEnd: undefined };
}
