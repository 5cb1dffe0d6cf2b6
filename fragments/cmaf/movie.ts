import { describeTrack } from '../media/describe-track.ts';
import type { Track } from '../media/track.ts';
import { type Box, bodyOf, childrenOf, findBox, requireBox } from './boxes.ts';
import { Mp4Error } from './mp4-error.ts';
import { readSampleEntry, type SampleDescription } from './sample-entries.ts';

/** Reads `moov`: the tracks, and what is needed to find their samples. */

const MAX_TRACKS = 64;

/** What a `moof` may leave unsaid of a track's samples (`trex`, ISO 14496-12 §8.8.3). */
export interface SampleDefaults {
  readonly durationTicks: number;
  readonly sizeBytes: number;
  readonly flags: number;
}

export interface MovieTrack {
  readonly track: Track;
  readonly defaults: SampleDefaults;
  /** Movie time minus media time, in seconds, by the edit list: what is to be added so that tracks stay aligned. */
  readonly startOffsetSeconds: number;
  /** Children of `stbl`, for sample-table.ts. */
  readonly sampleTable: readonly Box[];
}

/** A track that Framelog cannot store, and its sample entry type, for messages. */
export interface SkippedTrack {
  readonly id: number;
  readonly entryType: string;
}

export interface Movie {
  readonly tracks: readonly MovieTrack[];
  readonly skipped: readonly SkippedTrack[];
}

const NO_DEFAULTS: SampleDefaults = { durationTicks: 0, sizeBytes: 0, flags: 0 };

/** Throws Mp4Error, and CodecError for a damaged decoder configuration. */
export function readMovie(moov: Box): Movie {
  const boxes = childrenOf(moov);
  const movieTimescale = readTimescale(requireBox(boxes, 'mvhd'));
  const trackBoxes = boxes.filter((box) => box.type === 'trak');
  if (trackBoxes.length > MAX_TRACKS) throw new Mp4Error('limit-exceeded', `more than ${MAX_TRACKS} tracks`);
  const defaults = readTrackExtends(findBox(boxes, 'mvex'));

  const tracks: MovieTrack[] = [];
  const skipped: SkippedTrack[] = [];
  const ids = new Set<number>();
  for (const trackBox of trackBoxes) {
    const trackChildren = childrenOf(trackBox);
    const id = readTrackId(requireBox(trackChildren, 'tkhd'));
    if (id === 0 || ids.has(id)) throw new Mp4Error('invalid', `track id ${id} is zero or used twice`);
    ids.add(id);
    const media = childrenOf(requireBox(trackChildren, 'mdia'));
    const timescale = readTimescale(requireBox(media, 'mdhd'));
    const handler = readHandler(requireBox(media, 'hdlr'));
    const sampleTable = childrenOf(requireBox(childrenOf(requireBox(media, 'minf')), 'stbl'));
    const entry = firstSampleEntry(requireBox(sampleTable, 'stsd'));
    const description = entry === undefined ? undefined : readSampleEntry(entry);
    const track = description === undefined ? undefined : toTrack(id, handler, timescale, description);
    if (track === undefined) {
      skipped.push({ id, entryType: entry?.type ?? '' });
      continue;
    }
    tracks.push({
      track,
      defaults: defaults.get(id) ?? NO_DEFAULTS,
      startOffsetSeconds: readStartOffsetSeconds(trackChildren, timescale, movieTimescale),
      sampleTable,
    });
  }
  return { tracks, skipped };
}

/** The Track, or `undefined` when handler and sample entry do not go together (a thumbnail track, say). */
function toTrack(
  id: number,
  handler: string,
  timescale: number,
  description: SampleDescription,
): Track | undefined {
  const { codec, config, width, height, sampleRateHz, channels, contentType } = description;
  const common = { id, codec, timescale, config };
  if (handler === 'vide' && width !== undefined && height !== undefined) {
    return describeTrack({ ...common, kind: 'video', width, height });
  }
  if (handler === 'soun' && sampleRateHz !== undefined && channels !== undefined) {
    return describeTrack({ ...common, kind: 'audio', sampleRateHz, channels });
  }
  if (codec !== 'opaque') return undefined;
  return describeTrack({ ...common, kind: 'data', ...(contentType === undefined ? {} : { contentType }) });
}

/** `timescale` of `mvhd` or `mdhd`, which begin alike. */
function readTimescale(header: Box): number {
  const cursor = bodyOf(header);
  const version = cursor.u8();
  cursor.skip(3 + (version === 1 ? 16 : 8));
  const timescale = cursor.u32();
  if (timescale === 0) throw new Mp4Error('invalid', `${header.type} has timescale 0`);
  return timescale;
}

function readTrackId(trackHeader: Box): number {
  const cursor = bodyOf(trackHeader);
  const version = cursor.u8();
  cursor.skip(3 + (version === 1 ? 16 : 8));
  return cursor.u32();
}

function readHandler(handlerBox: Box): string {
  const cursor = bodyOf(handlerBox);
  cursor.skip(8);
  return cursor.fourCc();
}

function firstSampleEntry(stsd: Box): Box | undefined {
  return childrenOf(stsd, 8)[0];
}

function readTrackExtends(movieExtends: Box | undefined): Map<number, SampleDefaults> {
  const defaults = new Map<number, SampleDefaults>();
  if (movieExtends === undefined) return defaults;
  for (const trex of childrenOf(movieExtends)) {
    if (trex.type !== 'trex') continue;
    const cursor = bodyOf(trex);
    cursor.skip(4);
    const id = cursor.u32();
    cursor.skip(4); // sample description index
    defaults.set(id, { durationTicks: cursor.u32(), sizeBytes: cursor.u32(), flags: cursor.u32() });
  }
  return defaults;
}

/**
 * The start offset that an edit list gives (ISO 14496-12 §8.6.6): empty edits delay the track, and the first edit that
 * is not empty names the media time shown first (encoder priming, or the delay that B-frames cause). Later edits
 * cut the media itself, which a stream of samples cannot say; they are passed over.
 */
function readStartOffsetSeconds(
  trackChildren: readonly Box[],
  timescale: number,
  movieTimescale: number,
): number {
  const edts = findBox(trackChildren, 'edts');
  const elst = edts === undefined ? undefined : findBox(childrenOf(edts), 'elst');
  if (elst === undefined) return 0;
  const cursor = bodyOf(elst);
  const version = cursor.u8();
  cursor.skip(3);
  const entries = cursor.u32();
  cursor.requireEntries(entries, version === 1 ? 20 : 12);
  let delaySeconds = 0;
  for (let i = 0; i < entries; i++) {
    const durationTicks = version === 1 ? cursor.u64() : cursor.u32();
    const mediaTicks = version === 1 ? cursor.i64() : cursor.i32();
    cursor.skip(4); // media_rate
    if (mediaTicks >= 0) return delaySeconds - mediaTicks / timescale;
    delaySeconds += durationTicks / movieTimescale;
  }
  return delaySeconds;
}
