import type { MatroskaTag } from '../../../fragments/matroska/matroska-event.ts';
import type { FragmentTag } from '../../../fragments/stream/fragment.ts';

/** Tags by which the C producer says that a fragment is complete (kvs.md §2.6). */
const END_OF_FRAGMENT = 'AWS_KINESISVIDEO_END_OF_FRAGMENT';
/** Names in this space are the service's own, but for these, which ask it to do something (kvs.md §1.4). */
const RESERVED = /^AWS_KINESISVIDEO_/;
const REQUESTS: ReadonlySet<string> = new Set([
  'AWS_KINESISVIDEO_NOTIFICATION',
  'AWS_KINESISVIDEO_IMAGE_GENERATION',
  'AWS_KINESISVIDEO_IMAGE_PREFIX',
]);

/** KVS: a name of 128 bytes, a value of 256; in characters here, so that nobody is refused for an umlaut. */
const MAX_NAME_LENGTH = 128;
const MAX_VALUE_LENGTH = 256;

/** What a Tags element means. */
export interface ReadTags {
  /** What the producer attaches to a fragment. */
  readonly tags: readonly FragmentTag[];
  readonly endsFragment: boolean;
  /** A name or value is longer than allowed. */
  readonly isTooLong: boolean;
}

/** Reads the tags of a Tags element. Those of single tracks are the muxer's; those that the service writes are left out. */
export function readFragmentTags(all: readonly MatroskaTag[]): ReadTags {
  const tags = all.filter(
    ({ name, isTargeted }) => isTargeted !== true && (!RESERVED.test(name) || REQUESTS.has(name)),
  );
  return {
    tags: tags.map(({ name, value }) => ({ name, value })),
    endsFragment: all.some(({ name }) => name === END_OF_FRAGMENT),
    isTooLong: tags.some(
      ({ name, value }) => name.length > MAX_NAME_LENGTH || value.length > MAX_VALUE_LENGTH,
    ),
  };
}
