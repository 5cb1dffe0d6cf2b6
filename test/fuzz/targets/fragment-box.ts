import { crc32c } from '../../../fragments/log/crc32c.ts';
import { decodeSummary, encodeSummary } from '../../../fragments/log/file-summary.ts';
import {
  decodeFragmentBox,
  encodeFragmentBox,
  FragmentBoxError,
  fragmentBoxSizeAt,
} from '../../../fragments/stream/fragment-box.ts';
import { FragmentIndex, summarize } from '../../../fragments/stream/fragment-index.ts';
import { ChunkMaker, makeInit } from '../../unit/fragments/stream/support/log-rig.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

/** What the log reads back from disk: fragment boxes, index files and manifest rows; the first byte tells which. */
function boxSeed(tags: number): Buffer {
  const [chunk] = new ChunkMaker().fragment();
  if (chunk === undefined) throw new Error('a fragment has a chunk');
  const names = Array.from({ length: tags }, (_, at) => ({ name: `tag ${at}`, value: 'ü'.repeat(at) }));
  const box = encodeFragmentBox({ ...chunk, tags: names, chunkBytes: 99, chunkCrc: 7 });
  return Buffer.concat([Buffer.of(0), box]);
}

function indexOf(fragments: number): FragmentIndex {
  const maker = new ChunkMaker();
  const index = new FragmentIndex(32, makeInit().id);
  for (let at = 0; at < fragments; at++) {
    const [chunk] = maker.fragment();
    if (chunk === undefined) continue;
    const offsetBytes = index.endBytes;
    index.add({ info: chunk.fragment, offsetBytes, boxBytes: 130, chunks: 1 });
  }
  return index;
}

/** Mutations would nearly all end at a wrong checksum: put the right one there, as an attacker would. */
function withChecksum(bytes: Buffer, rowBytes: number): Buffer {
  const fixed = Buffer.from(bytes);
  for (let at = 0; at + rowBytes <= fixed.length; at += rowBytes) {
    fixed.writeUInt32BE(crc32c(fixed.subarray(at, at + rowBytes - 4)), at + rowBytes - 4);
  }
  return fixed;
}

function readBox(bytes: Buffer): void {
  const sizeBytes = fragmentBoxSizeAt(bytes, 0);
  decodeFragmentBox(sizeBytes === undefined ? bytes : withChecksum(bytes.subarray(0, sizeBytes), sizeBytes));
}

function readIndex(bytes: Buffer): void {
  const index = FragmentIndex.parse(withChecksum(bytes, 88));
  if (index === undefined) return;
  for (let row = 0; row < index.count; row++) index.storedAt(row);
  decodeSummary(encodeSummary(summarize(index, index.keyAt(0), index.endBytes)), 0);
}

export const target: FuzzTarget = {
  name: 'fragment-box',
  seeds: () => [boxSeed(0), boxSeed(10), Buffer.concat([Buffer.of(1), indexOf(5).bytes])],
  run(input) {
    const bytes = Buffer.from(input.subarray(1));
    if (input[0] === 1) readIndex(bytes);
    else readBox(bytes);
  },
  isTyped: (error) => error instanceof FragmentBoxError,
};
