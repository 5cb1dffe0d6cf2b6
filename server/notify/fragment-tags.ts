import type { FragmentTag } from '../../fragments/stream/fragment.ts';

/** What a producer's tags ask for (kvs.md §1.4). */
export interface TagWishes {
  readonly notification: boolean;
  readonly images: boolean;
  /** Put before the names of image files. */
  readonly imagePrefix: string | undefined;
  /** Pairs of the producer's own. */
  readonly custom: ReadonlyMap<string, string>;
}

const NOTIFICATION = 'AWS_KINESISVIDEO_NOTIFICATION';
const IMAGE_GENERATION = 'AWS_KINESISVIDEO_IMAGE_GENERATION';
const IMAGE_PREFIX = 'AWS_KINESISVIDEO_IMAGE_PREFIX';
const MAX_PREFIX_BYTES = 256;

/** Reads the tags of a fragment; `undefined` when they ask for nothing. */
export function wishesOf(tags: readonly FragmentTag[]): TagWishes | undefined {
  const has = (name: string) => tags.some((tag) => tag.name === name);
  const notification = has(NOTIFICATION);
  const images = has(IMAGE_GENERATION);
  if (!notification && !images) return undefined;
  const prefix = tags.find(({ name }) => name === IMAGE_PREFIX)?.value;
  return {
    notification,
    images,
    imagePrefix:
      prefix === undefined || prefix === '' || Buffer.byteLength(prefix) > MAX_PREFIX_BYTES
        ? undefined
        : prefix,
    // Names that begin so are the service's own (kvs.md §2.6 d).
    custom: new Map(
      tags.filter(({ name }) => !name.startsWith('AWS')).map(({ name, value }) => [name, value]),
    ),
  };
}
