import type { LiveWindowReader } from '../../fragments/stream/live-window.ts';

/**
 * Ordinal from which on fragments are not complete. A long fragment is written in several chunks: the log may list it
 * while it is being received, with the length that it has so far.
 */
export function firstIncompleteOrdinal({ current }: LiveWindowReader): number {
  return current === undefined || current.isComplete ? Number.POSITIVE_INFINITY : current.info.ordinal;
}
