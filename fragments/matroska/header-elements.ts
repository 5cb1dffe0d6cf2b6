import { ElementCursor, MAX_ID_LENGTH, MAX_SIZE_LENGTH } from './ebml.ts';
import * as Id from './element-ids.ts';
import { MatroskaError, type MatroskaTrack } from './matroska-event.ts';

/** The payloads of the EBML header, Info and Tracks (RFC 8794 §11.2, RFC 9559 §5.1.2 and §5.1.4). */

/** Nanoseconds a tick where TimestampScale is absent. */
export const DEFAULT_TIMECODE_SCALE_NS = 1_000_000;

const DOC_TYPES = new Set(['matroska', 'webm']);
const MAX_TRACKS = 64;
/** Ids of tracks have 32 bits in ISO BMFF. */
const MAX_TRACK_NUMBER = 0xffff_ffff;
/** kvs.md §8: codec private data up to 1 MiB. */
const MAX_PRIVATE_BYTES = 1 << 20;

export interface EbmlHeader {
  readonly docType: string;
  readonly maxSizeLength: number;
}

/** `offset`: of the payload in the stream. Throws MatroskaError. */
export function readEbmlHeader(payload: Uint8Array, offset: number): EbmlHeader {
  const cursor = new ElementCursor(payload, offset);
  let docType = '';
  let readVersion = 1;
  let maxIdLength = MAX_ID_LENGTH;
  let maxSizeLength = MAX_SIZE_LENGTH;
  while (cursor.next()) {
    if (cursor.id === Id.DOC_TYPE) docType = cursor.text();
    else if (cursor.id === Id.EBML_READ_VERSION) readVersion = cursor.uint();
    else if (cursor.id === Id.EBML_MAX_ID_LENGTH) maxIdLength = cursor.uint();
    else if (cursor.id === Id.EBML_MAX_SIZE_LENGTH) maxSizeLength = cursor.uint();
  }
  if (!DOC_TYPES.has(docType) || readVersion !== 1) {
    throw new MatroskaError(
      'not-matroska',
      offset,
      `document type "${docType}", EBML version ${readVersion}`,
    );
  }
  if (maxIdLength !== MAX_ID_LENGTH || maxSizeLength < 1 || maxSizeLength > MAX_SIZE_LENGTH) {
    throw new MatroskaError(
      'not-matroska',
      offset,
      `ids of ${maxIdLength} and sizes of ${maxSizeLength} bytes`,
    );
  }
  return { docType, maxSizeLength };
}

/** TimestampScale of an Info payload, in nanoseconds a tick. Throws MatroskaError. */
export function readTimecodeScale(payload: Uint8Array, offset: number): number {
  const cursor = new ElementCursor(payload, offset);
  let scaleNs = DEFAULT_TIMECODE_SCALE_NS;
  while (cursor.next()) {
    if (cursor.id !== Id.TIMECODE_SCALE) continue;
    scaleNs = cursor.uint();
    if (scaleNs === 0) throw cursor.error('bad-element', 'TimestampScale 0');
  }
  return scaleNs;
}

/** The entries of a Tracks payload; their private data are views of it. Throws MatroskaError. */
export function readTracks(payload: Uint8Array, offset: number): MatroskaTrack[] {
  const cursor = new ElementCursor(payload, offset);
  const tracks: MatroskaTrack[] = [];
  const numbers = new Set<number>();
  while (cursor.next()) {
    if (cursor.id !== Id.TRACK_ENTRY) continue;
    if (tracks.length === MAX_TRACKS) throw cursor.error('too-many', `more than ${MAX_TRACKS} tracks`);
    const track = readTrackEntry(cursor);
    if (numbers.has(track.number)) throw cursor.error('bad-element', `two tracks of number ${track.number}`);
    numbers.add(track.number);
    tracks.push(track);
  }
  return tracks;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function readTrackEntry(entry: ElementCursor): MatroskaTrack {
  const track: Mutable<MatroskaTrack> = {
    number: 0,
    uid: undefined,
    type: 0,
    codecId: '',
    codecPrivate: undefined,
    name: undefined,
    defaultDurationNs: undefined,
    pixelWidth: undefined,
    pixelHeight: undefined,
    sampleRateHz: undefined,
    channels: undefined,
    bitDepth: undefined,
  };
  const cursor = entry.children();
  while (cursor.next()) {
    switch (cursor.id) {
      case Id.TRACK_NUMBER:
        track.number = cursor.uint();
        break;
      case Id.TRACK_UID:
        track.uid = cursor.bigUint();
        break;
      case Id.TRACK_TYPE:
        track.type = cursor.uint();
        break;
      case Id.TRACK_NAME:
        track.name = cursor.text();
        break;
      case Id.CODEC_ID:
        track.codecId = cursor.text();
        break;
      case Id.CODEC_PRIVATE:
        track.codecPrivate = cursor.data();
        if (track.codecPrivate.length > MAX_PRIVATE_BYTES) {
          throw cursor.error('too-large', `codec private data of ${track.codecPrivate.length} bytes`);
        }
        break;
      case Id.DEFAULT_DURATION:
        track.defaultDurationNs = cursor.uint() || undefined;
        break;
      case Id.VIDEO:
        readVideo(cursor.children(), track);
        break;
      case Id.AUDIO:
        readAudio(cursor.children(), track);
        break;
    }
  }
  if (track.number === 0 || track.number > MAX_TRACK_NUMBER) {
    throw entry.error('bad-element', `a track of number ${track.number}`);
  }
  return track;
}

function readVideo(cursor: ElementCursor, track: Mutable<MatroskaTrack>): void {
  while (cursor.next()) {
    if (cursor.id === Id.PIXEL_WIDTH) track.pixelWidth = cursor.uint();
    else if (cursor.id === Id.PIXEL_HEIGHT) track.pixelHeight = cursor.uint();
  }
}

function readAudio(cursor: ElementCursor, track: Mutable<MatroskaTrack>): void {
  while (cursor.next()) {
    if (cursor.id === Id.SAMPLING_FREQUENCY) track.sampleRateHz = cursor.float();
    else if (cursor.id === Id.CHANNELS) track.channels = cursor.uint();
    else if (cursor.id === Id.BIT_DEPTH) track.bitDepth = cursor.uint();
  }
}
