import { LogReadError } from '../log/log-error.ts';
import type { BorrowedFile } from '../log/open-files.ts';
import type { FragmentTag } from './fragment.ts';
import { decodeFragmentBox, type FragmentBox, FragmentBoxError, fragmentBoxSizeAt } from './fragment-box.ts';
import type { StoredFragment } from './fragment-index.ts';

/** Enough of a box to tell how long it is. */
const HEAD_BYTES = 24;

/** The tags of all chunks of a stored fragment, out of the boxes in front of them. Throws LogReadError. */
export async function readStoredTags(file: BorrowedFile, stored: StoredFragment): Promise<FragmentTag[]> {
  const tags: FragmentTag[] = [];
  let at = stored.offsetBytes;
  for (let chunk = 0; chunk < stored.chunks; chunk++) {
    const { box, boxBytes } = await readBox(file, at);
    tags.push(...box.tags);
    at += boxBytes + box.chunkBytes;
  }
  return tags;
}

async function readBox(file: BorrowedFile, at: number): Promise<{ box: FragmentBox; boxBytes: number }> {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  await file.read(head, at);
  const boxBytes = fragmentBoxSizeAt(head, 0);
  if (boxBytes === undefined) throw new LogReadError('damaged', `there is no fragment box at byte ${at}`);
  const bytes = Buffer.allocUnsafe(boxBytes);
  await file.read(bytes, at);
  try {
    return { box: decodeFragmentBox(bytes), boxBytes };
  } catch (error) {
    if (!(error instanceof FragmentBoxError)) throw error;
    throw new LogReadError('damaged', `the fragment box at byte ${at} cannot be read`, { cause: error });
  }
}
