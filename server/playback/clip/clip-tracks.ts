import { MatroskaError } from '../../../fragments/matroska/matroska-event.ts';
import { MatroskaReader } from '../../../fragments/matroska/matroska-reader.ts';
import type { Track } from '../../../fragments/media/track.ts';
import { producerHeaderOf } from '../../../fragments/stream/producer-header.ts';
import { ClipError } from './clip-error.ts';

/** Codecs that could be played, as producers name them; their tracks are kept as data when their private data is of no use. */
const PLAYABLE_CODEC_IDS: ReadonlySet<string> = new Set([
  'V_MPEG4/ISO/AVC',
  'V_MPEG/ISO/AVC',
  'V_MPEGH/ISO/HEVC',
  'V_AV1',
  'A_AAC',
  'A_MS/ACM',
]);

/** A Cluster of unknown size and its Timecode: what makes the reader tell the header before it. */
const EMPTY_CLUSTER = Buffer.from('1f43b675ffe78100', 'hex');

/**
 * The tracks of a clip: pictures and sound. Throws ClipError `unsupported-media` when there are none, and
 * `codec-data-missing` or `codec-data-invalid` for a track that could be played but for its codec private data.
 */
export function clipTracksOf(tracks: readonly Track[], init: Uint8Array): Track[] {
  const unreadable = tracks.find(
    ({ codec, contentType }) => codec === 'opaque' && PLAYABLE_CODEC_IDS.has(contentType ?? ''),
  );
  if (unreadable !== undefined) {
    const what = `codec private data of track ${unreadable.id} (${unreadable.contentType})`;
    if (hasCodecPrivate(init, unreadable.id))
      throw new ClipError('codec-data-invalid', `The ${what} is not valid.`);
    throw new ClipError('codec-data-missing', `The ${what} was not sent.`);
  }
  const media = tracks.filter(({ kind }) => kind !== 'data');
  if (media.length > 0) return media;
  throw new ClipError('unsupported-media', 'No track of this stream has a codec that can be played.');
}

function hasCodecPrivate(init: Uint8Array, trackNumber: number): boolean {
  const header = producerHeaderOf(init);
  if (header === undefined) return false;
  const reader = new MatroskaReader();
  try {
    for (const event of [...reader.push(header), ...reader.push(EMPTY_CLUSTER)]) {
      if (event.type !== 'header') continue;
      const track = event.tracks.find(({ number }) => number === trackNumber);
      return track?.codecPrivate !== undefined && track.codecPrivate.length > 0;
    }
    return false;
  } catch (error) {
    if (error instanceof MatroskaError) return false;
    throw error;
  }
}
