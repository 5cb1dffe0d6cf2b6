import type { ByteStore } from '../log/byte-store.ts';

const ROOT = 'streams';
/** KVS: "StreamName: length 1 to 256, pattern [a-zA-Z0-9_.-]+". */
const STREAM_NAME = /^[a-zA-Z0-9_.-]{1,256}$/;
/** A name in a directory has at most 255 bytes on every common file system; longer ones lie one level deeper. */
const MAX_NAME_BYTES = 255;
const SPLIT_AT = 128;
/** Not in the alphabet of stream names. */
const SPLIT_MARK = '~';

/** May a stream be called so? Such a name is also safe as a directory name. */
export function isStreamName(name: string): boolean {
  return STREAM_NAME.test(name) && name !== '.' && name !== '..';
}

/** Where a stream's files lie, relative to the data directory. */
export function streamDirectory(name: string): string {
  if (name.length <= MAX_NAME_BYTES) return `${ROOT}/${name}`;
  return `${ROOT}/${name.slice(0, SPLIT_AT)}${SPLIT_MARK}/${name.slice(SPLIT_AT)}`;
}

/** Names of all streams that have a directory, sorted. Throws StoreError. */
export async function streamNames(store: ByteStore): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await store.list(ROOT)) {
    if (!entry.endsWith(SPLIT_MARK)) {
      if (isStreamName(entry)) names.push(entry);
      continue;
    }
    const front = entry.slice(0, -SPLIT_MARK.length);
    for (const rest of await store.list(`${ROOT}/${entry}`)) names.push(front + rest);
  }
  return names.sort();
}
