import { type ByteStore, readWhole, StoreError } from '../../../fragments/log/byte-store.ts';
import { crc32c } from '../../../fragments/log/crc32c.ts';

/** Where a shard goes on when all its records have expired and no file is left to tell. */
export interface EndMark {
  readonly nextOrdinal: number;
  readonly lastArrivalMs: number;
}

const NAME = 'end';
const BYTES = 16;

/** Puts the mark in place, durable. Throws StoreError. */
export async function writeEndMark(store: ByteStore, directory: string, mark: EndMark): Promise<void> {
  const bytes = Buffer.alloc(BYTES);
  bytes.writeUIntBE(mark.nextOrdinal, 0, 6);
  bytes.writeUIntBE(mark.lastArrivalMs, 6, 6);
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, 12)), 12);
  await store.replace(`${directory}/${NAME}`, bytes);
}

/** The mark of a directory, `undefined` when there is none. Throws StoreError: one that cannot be read must not be passed over. */
export async function readEndMark(store: ByteStore, directory: string): Promise<EndMark | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readWhole(store, `${directory}/${NAME}`, BYTES);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'not-found') return undefined;
    throw error;
  }
  if (bytes.length !== BYTES || crc32c(bytes.subarray(0, 12)) !== bytes.readUInt32BE(12)) {
    throw new StoreError('io-error', `${directory}/${NAME} is damaged`);
  }
  return { nextOrdinal: bytes.readUIntBE(0, 6), lastArrivalMs: bytes.readUIntBE(6, 6) };
}
