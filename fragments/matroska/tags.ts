import { ElementCursor } from './ebml.ts';
import * as Id from './element-ids.ts';
import type { MatroskaTag } from './matroska-event.ts';

/** Tags (RFC 9559 §5.1.8) as names and values. */

const MAX_TAGS = 1024;

/** All SimpleTags of a Tags payload in their order, nested ones behind their parent. Throws MatroskaError. */
export function readTags(payload: Uint8Array, offset: number): MatroskaTag[] {
  const tags: MatroskaTag[] = [];
  const cursor = new ElementCursor(payload, offset);
  while (cursor.next()) {
    if (cursor.id !== Id.TAG) continue;
    const first = tags.length;
    readSimpleTags(cursor.children(), tags);
    if (!isTargeted(cursor.children())) continue;
    for (let at = first; at < tags.length; at++)
      tags[at] = { name: '', value: '', ...tags[at], isTargeted: true };
  }
  return tags;
}

/** Has it Targets with a UID other than 0, which means all? */
function isTargeted(tag: ElementCursor): boolean {
  while (tag.next()) {
    if (tag.id !== Id.TARGETS) continue;
    const targets = tag.children();
    while (targets.next()) if (Id.TAG_UIDS.includes(targets.id) && targets.bigUint() > 0n) return true;
  }
  return false;
}

function readSimpleTags(cursor: ElementCursor, tags: MatroskaTag[]): void {
  while (cursor.next()) if (cursor.id === Id.SIMPLE_TAG) readSimpleTag(cursor, tags);
}

function readSimpleTag(tag: ElementCursor, tags: MatroskaTag[]): void {
  if (tags.length === MAX_TAGS) throw tag.error('too-many', `more than ${MAX_TAGS} tags in one Tags element`);
  const at = tags.push({ name: '', value: '' }) - 1;
  let name = '';
  let text: string | undefined;
  let binary = '';
  const cursor = tag.children();
  while (cursor.next()) {
    if (cursor.id === Id.TAG_NAME) name = cursor.text();
    else if (cursor.id === Id.TAG_STRING) text = cursor.text();
    else if (cursor.id === Id.TAG_BINARY) binary = Buffer.from(cursor.data()).toString('base64');
    else if (cursor.id === Id.SIMPLE_TAG) readSimpleTag(cursor, tags);
  }
  tags[at] = { name, value: text ?? binary };
}
