import type { Track, TrackKind } from '../media/track.ts';
import { box, cString, fourCc, fullBox, u16, u32, zeros } from './box-writer.ts';
import { readBoxes, requireBox } from './boxes.ts';
import { readMovie } from './movie.ts';
import { Mp4Error } from './mp4-error.ts';
import { writeSampleEntry } from './sample-entries.ts';

/** The init segment: `ftyp moov`, with everything a player must know before the first `moof` (ISO 14496-12 §8). */

const HANDLERS: Record<
  TrackKind,
  { readonly type: string; readonly name: string; readonly header: Uint8Array }
> = {
  video: { type: 'vide', name: 'Video', header: fullBox('vmhd', 0, 1, zeros(8)) },
  audio: { type: 'soun', name: 'Audio', header: fullBox('smhd', 0, 0, zeros(4)) },
  data: { type: 'meta', name: 'Data', header: fullBox('nmhd', 0, 0) },
};

const IDENTITY_MATRIX = u32(0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000);
/** 'und' in three times five bits. */
const LANGUAGE_UNDETERMINED = 0x55c4;
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
  const movieHeader = fullBox(
    'mvhd',
    0,
    0,
    u32(0, 0, MOVIE_TIMESCALE, 0),
    u32(0x1_0000), // rate 1.0
    u16(0x0100), // volume 1.0
    zeros(10),
    IDENTITY_MATRIX,
    zeros(24),
    u32(Math.max(...ids) + 1), // next_track_ID
  );
  const moov = box('moov', movieHeader, ...tracks.map(trackBox), box('mvex', ...tracks.map(trackExtends)));
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
  const isAudio = track.kind === 'audio';
  const trackHeader = fullBox(
    'tkhd',
    0,
    3, // track_enabled, track_in_movie
    u32(0, 0, track.id, 0, 0),
    zeros(8),
    u16(0, 0, isAudio ? 0x0100 : 0, 0), // layer, alternate_group, volume, reserved
    IDENTITY_MATRIX,
    u16(track.width ?? 0, 0, track.height ?? 0, 0), // 16.16 fixed point
  );
  return box('trak', trackHeader, mediaBox(track));
}

function mediaBox(track: Track): Uint8Array {
  const handler = HANDLERS[track.kind];
  const mediaHeader = fullBox('mdhd', 0, 0, u32(0, 0, track.timescale, 0), u16(LANGUAGE_UNDETERMINED, 0));
  const handlerBox = fullBox('hdlr', 0, 0, u32(0), fourCc(handler.type), zeros(12), cString(handler.name));
  const dataInThisFile = fullBox('url ', 0, 1);
  const dataInformation = box('dinf', fullBox('dref', 0, 0, u32(1), dataInThisFile));
  const sampleTable = box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), writeSampleEntry(track)),
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0, 0)),
    fullBox('stco', 0, 0, u32(0)),
  );
  return box('mdia', mediaHeader, handlerBox, box('minf', handler.header, dataInformation, sampleTable));
}

/** Defaults for the track's fragments: sample description 1, all else said in each `moof`. */
function trackExtends(track: Track): Uint8Array {
  return fullBox('trex', 0, 0, u32(track.id, 1, 0, 0, 0));
}
