import type { Track } from '../media/track.ts';
import { box, fourCc, fullBox, u32 } from './box-writer.ts';
import { readBoxes, requireBox } from './boxes.ts';
import { readMovie } from './movie.ts';
import { mediaBox, movieHeader, trackHeader } from './movie-boxes.ts';
import { Mp4Error } from './mp4-error.ts';
import { writeSampleEntry } from './sample-entries.ts';

/** The init segment: `ftyp moov`, with everything a player must know before the first `moof` (ISO 14496-12 §8). */

const MOVIE_TIMESCALE = 1000;

/**
 * Writes the init segment of a stream with these tracks. The same tracks always give the same bytes, so that an id can
 * be derived from them. Throws Mp4Error `invalid` for track ids that are not unique and positive, `unsupported` for what
 * the format cannot hold.
 */
export function writeInitSegment(tracks: readonly Track[]): Uint8Array {
  const ids = new Set(tracks.map((track) => track.id));
  if (tracks.length === 0 || ids.size !== tracks.length || ids.has(0)) {
    throw new Mp4Error('invalid', 'an init segment needs tracks with unique ids from 1 on');
  }
  // iso6: tfdt, default-base-is-moof and signed composition offsets (ISO 14496-12 Annex E)
  const ftyp = box('ftyp', fourCc('iso6'), u32(0), fourCc('iso6'), fourCc('mp41'));
  const header = movieHeader(MOVIE_TIMESCALE, 0, Math.max(...ids) + 1);
  const moov = box('moov', header, ...tracks.map(trackBox), box('mvex', ...tracks.map(trackExtends)));
  return Buffer.concat([ftyp, moov]);
}

/**
 * Reads the tracks of an init segment, equal to those that were written. Tracks of a coding unknown to Framelog are left out.
 * Throws Mp4Error, and CodecError for a damaged decoder configuration.
 */
export function readInitSegment(bytes: Uint8Array): Track[] {
  const movie = readMovie(requireBox(readBoxes(bytes), 'moov'));
  return movie.tracks.map((movieTrack) => movieTrack.track);
}

function trackBox(track: Track): Uint8Array {
  const noSamples = [
    fullBox('stsd', 0, 0, u32(1), writeSampleEntry(track)),
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0, 0)),
    fullBox('stco', 0, 0, u32(0)),
  ];
  return box('trak', trackHeader(track, 0), mediaBox(track, 0, noSamples));
}

/** Defaults for the track's fragments: sample description 1, all else said in each `moof`. */
function trackExtends(track: Track): Uint8Array {
  return fullBox('trex', 0, 0, u32(track.id, 1, 0, 0, 0));
}
