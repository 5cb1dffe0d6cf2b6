import { MatroskaReader } from '../../../fragments/matroska/matroska-reader.ts';
import { producerHeaderOf } from '../../../fragments/stream/producer-header.ts';

/** The head of a Cluster of unknown size: a header is complete when one begins. */
const CLUSTER_HEAD = Buffer.from('1f43b675ff', 'hex');

/**
 * The codec private data that the producer sent for a track, out of the header that its init segment carries; `undefined`
 * where it sent none, or did not come by PutMedia. The header was read before it was stored; throws Mp4Error and
 * MatroskaError when it is damaged.
 */
export function producerPrivateData(init: Uint8Array, trackId: number): Uint8Array | undefined {
  const header = producerHeaderOf(init);
  if (header === undefined) return undefined;
  const reader = new MatroskaReader();
  for (const event of [...reader.push(header), ...reader.push(CLUSTER_HEAD)]) {
    if (event.type !== 'header') continue;
    return event.tracks.find(({ number }) => number === trackId)?.codecPrivate;
  }
  return undefined;
}
