import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { LiveFragment, LivePart } from '../../../fragments/stream/live-window.ts';
import { gapUri, initUri, partUri, segmentUri } from './play-path.ts';

/**
 * The lines of one media segment in a playlist. All playlists of a stream are put together from these, so a fragment is
 * told in the same words in each of them.
 */

/** More lost runs than this between two fragments is damage, not history. */
const MAX_DISCONTINUITIES = 100;

export interface SegmentLinesOptions {
  /** The segment before it in the playlist; none: it is the first. */
  readonly previous: FragmentInfo | undefined;
  /** `?token=...` or empty, put behind every URI. */
  readonly suffix: string;
  /** Its parts, where the playlist still names them. */
  readonly parts?: readonly LivePart[];
  /** Its bytes were lost on the way to the disk. */
  readonly isLost?: boolean;
}

/** A complete fragment as a media segment, and before it the segments that are missing between it and its predecessor. */
export function segmentLines(info: FragmentInfo, options: SegmentLinesOptions): string {
  const { suffix, isLost = false } = options;
  const uri = isLost
    ? `#EXT-X-GAP\n${extinf(info)}${gapUri(info.ordinal)}\n`
    : `${extinf(info)}${segmentUri(info.number, suffix)}\n`;
  return openingLines(info, options) + partLines(info, options.parts ?? [], suffix) + uri;
}

/** The fragment being received: its parts, without a segment yet. */
export function growingLines(fragment: LiveFragment, options: SegmentLinesOptions): string {
  // Before its first part there is nothing that these lines could say.
  if (fragment.parts.length === 0) return '';
  return openingLines(fragment.info, options) + partLines(fragment.info, fragment.parts, options.suffix);
}

/**
 * What must stand before the first part of a segment: "DISCONTINUITY, MAP and PROGRAM-DATE-TIME tags MUST appear before
 * the first EXT-X-PART of their Parent Segment."
 */
function openingLines(info: FragmentInfo, { previous, suffix }: SegmentLinesOptions): string {
  let lines = '';
  if (previous !== undefined) {
    // A segment's discontinuity sequence number is EXT-X-DISCONTINUITY-SEQUENCE plus the tags before it: as that is the
    // run, there must be as many tags as runs went by, also of runs of which nothing is left.
    lines += '#EXT-X-DISCONTINUITY\n'.repeat(
      Math.min(MAX_DISCONTINUITIES, Math.max(0, info.run - previous.run)),
    );
    lines += missingLines(previous, info);
  }
  // A MAP applies to all segments until the next one. hls.js tells init segments by their URL: each has its own.
  if (previous?.initId !== info.initId) lines += `#EXT-X-MAP:URI="${initUri(info.initId, suffix)}"\n`;
  return `${lines}#EXT-X-PROGRAM-DATE-TIME:${dateTime(info.producerMs, info.serverMs)}\n`;
}

/**
 * Segments that were lost between two others. Media sequence numbers count without holes, so each of them must stand in
 * the playlist; EXT-X-GAP "indicates that the segment is absent" and players pass over it.
 */
function missingLines(previous: FragmentInfo, next: FragmentInfo): string {
  const count = next.ordinal - previous.ordinal - 1;
  if (count <= 0) return '';
  const startMs = previous.producerMs + fragmentDurationMs(previous);
  const betweenMs = Math.max(0, next.producerMs - startMs) / count;
  // No longer than a segment of this playlist: the rest of the time is the discontinuity's.
  const durationMs = Math.max(1, Math.min(betweenMs, fragmentDurationMs(previous)));
  let lines = '';
  for (let i = 0; i < count; i++) {
    const atMs = startMs + i * durationMs;
    lines += `#EXT-X-PROGRAM-DATE-TIME:${dateTime(atMs, atMs)}\n#EXT-X-GAP\n`;
    lines += `#EXTINF:${(durationMs / 1000).toFixed(6)},\n${gapUri(previous.ordinal + 1 + i)}\n`;
  }
  return lines;
}

function partLines(info: FragmentInfo, parts: readonly LivePart[], suffix: string): string {
  let lines = '';
  for (const part of parts) {
    const seconds = (part.durationTicks / info.timescale).toFixed(6);
    const independent = part.independent ? ',INDEPENDENT=YES' : '';
    lines += `#EXT-X-PART:DURATION=${seconds},URI="${partUri(info.ordinal, part.index, suffix)}"${independent}\n`;
  }
  return lines;
}

/** EXTINF is the sum of the sample durations; six decimals are finer than a tick of 90 kHz. */
function extinf(info: FragmentInfo): string {
  return `#EXTINF:${(info.durationTicks / info.timescale).toFixed(6)},\n`;
}

/** Producers may claim any time; one that no calendar holds is told by ours. */
function dateTime(producerMs: number, serverMs: number): string {
  const isDate = Math.abs(producerMs) < 8.64e15;
  return new Date(Math.round(isDate ? producerMs : serverMs)).toISOString();
}
