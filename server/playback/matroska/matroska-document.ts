import { MatroskaReader } from '../../../fragments/matroska/matroska-reader.ts';
import { clusterHead, documentHeader } from '../../../fragments/matroska/matroska-writer.ts';
import { withOpenSegment } from '../../../fragments/matroska/open-segment.ts';
import type { Track } from '../../../fragments/media/track.ts';
import type { InitSegment } from '../../../fragments/stream/fragment-log.ts';
import { producerHeaderOf } from '../../../fragments/stream/producer-header.ts';
import { timecodeScaleNsFor } from './block-clock.ts';

/** What stands in front of a fragment's media, and the ticks in which its blocks count. */
export interface MatroskaDocument {
  /** EBML header, Segment of unknown size, Info, Tracks. */
  readonly header: Uint8Array;
  readonly timecodeScaleNs: number;
}

/**
 * The document of fragments with this init segment: the producer's own header byte for byte when it came with one (kvs.md §3.2; but for
 * the size of a Segment that has one), else one made of the tracks, the same bytes each time. `longestFragmentMs` matters for the latter alone. Throws Mp4Error and
 * MatroskaError for an init segment that is damaged.
 */
export function documentOf(
  init: InitSegment,
  tracks: readonly Track[],
  longestFragmentMs: number,
): MatroskaDocument {
  const own = producerHeaderOf(init.bytes);
  if (own !== undefined) return { header: withOpenSegment(own), timecodeScaleNs: timecodeScaleOf(own) };
  const timecodeScaleNs = timecodeScaleNsFor(longestFragmentMs);
  return { header: documentHeader(tracks, timecodeScaleNs), timecodeScaleNs };
}

/** For what is told without any media. */
export function documentWithoutTracks(): MatroskaDocument {
  const timecodeScaleNs = timecodeScaleNsFor(0);
  return { header: documentHeader([], timecodeScaleNs), timecodeScaleNs };
}

/** The reader knows that a header is complete when a cluster begins. */
function timecodeScaleOf(header: Uint8Array): number {
  const reader = new MatroskaReader();
  for (const bytes of [header, clusterHead(0)]) {
    for (const event of reader.push(bytes)) if (event.type === 'header') return event.timecodeScaleNs;
  }
  throw new Error('a header without Tracks was stored');
}
