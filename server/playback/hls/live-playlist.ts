import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import { fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { LiveFragment, LivePart } from '../../../fragments/stream/live-window.ts';
import { partUri } from './play-path.ts';
import { growingLines, segmentLines } from './segment-lines.ts';

/** The end of a playlist that is still growing: everything that changes from one version to the next. */
export interface LiveTail {
  /** Complete fragments in order. */
  readonly rows: readonly FragmentInfo[];
  /** Index in `rows` of the first that belongs to this text. */
  readonly fromIndex: number;
  /** The segment in front of this text, if the playlist has one. */
  readonly previous: FragmentInfo | undefined;
  /** The fragment being received. */
  readonly current: LiveFragment | undefined;
  /** Parts of a complete fragment, while they are in memory. */
  readonly partsOf: (ordinal: number) => readonly LivePart[] | undefined;
  readonly isLost: (ordinal: number) => boolean;
  readonly targets: PlaylistTargets;
  /** A producer is publishing: parts are listed and the next one is hinted at. */
  readonly isLive: boolean;
  /** What the hint names. */
  readonly nextMsn: number;
  readonly nextPart: number;
}

export interface PlaylistTargets {
  readonly targetDurationS: number;
  readonly partTargetS: number;
}

export interface PlaylistHeader extends PlaylistTargets {
  readonly first: FragmentInfo;
  /** Every segment starts with a sync sample. */
  readonly independent: boolean;
  readonly isLive: boolean;
  /** Seconds from the start of the playlist at which a player should begin. */
  readonly startOffsetS?: number;
  readonly isOver?: boolean;
}

/** The lines before the first segment. */
export function headerLines(header: PlaylistHeader): string {
  const { first, targetDurationS, partTargetS } = header;
  let lines = `#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:${targetDurationS}\n`;
  if (header.isLive) {
    // PART-HOLD-BACK "SHOULD be at least three times the Part Target Duration"; HOLD-BACK is "at least three times
    // the Target Duration".
    lines += `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${trim(3 * partTargetS)},HOLD-BACK=${3 * targetDurationS}\n`;
    lines += `#EXT-X-PART-INF:PART-TARGET=${trim(partTargetS)}\n`;
  }
  lines += `#EXT-X-MEDIA-SEQUENCE:${first.ordinal}\n#EXT-X-DISCONTINUITY-SEQUENCE:${first.run}\n`;
  if (header.isOver === true) lines += '#EXT-X-PLAYLIST-TYPE:VOD\n';
  if (header.independent) lines += '#EXT-X-INDEPENDENT-SEGMENTS\n';
  if (header.startOffsetS !== undefined && header.startOffsetS > 0) {
    lines += `#EXT-X-START:TIME-OFFSET=${trim(header.startOffsetS)},PRECISE=YES\n`;
  }
  return lines;
}

/** The segments and parts from `fromIndex` to the live edge, and the hint. `suffix`: see segment-lines.ts. */
export function tailLines(tail: LiveTail, suffix: string): string {
  const { rows, fromIndex, current } = tail;
  const partsFrom = tail.isLive ? firstWithParts(rows, current, tail.targets.targetDurationS) : rows.length;
  let { previous } = tail;
  let lines = '';
  for (let i = fromIndex; i < rows.length; i++) {
    const info = rows[i];
    if (info === undefined) break;
    const parts = i >= partsFrom ? (tail.partsOf(info.ordinal) ?? []) : [];
    // A lost fragment is still in memory for those at the live edge.
    const isLost = i < partsFrom && tail.isLost(info.ordinal);
    lines += segmentLines(info, { previous, suffix, parts, isLost });
    previous = info;
  }
  if (!tail.isLive) return lines;
  if (current !== undefined) lines += growingLines(current, { previous, suffix });
  // Always there while live: without it hls.js reloads in a loop (hls.md).
  return `${lines}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${partUri(tail.nextMsn, tail.nextPart, suffix)}"\n`;
}

/**
 * Index of the first fragment whose parts are listed: EXT-X-PART tags "SHOULD be removed from the Playlist after they
 * are greater than three Target Durations from the end".
 */
export function firstWithParts(
  rows: readonly FragmentInfo[],
  current: LiveFragment | undefined,
  targetDurationS: number,
): number {
  let fromEndMs = current === undefined ? 0 : fragmentDurationMs(current.info);
  let index = rows.length;
  for (; index > 0; index--) {
    const info = rows[index - 1];
    if (info === undefined) break;
    fromEndMs += fragmentDurationMs(info);
    if (fromEndMs > 3000 * targetDurationS) break;
  }
  return index;
}

/** A decimal number without trailing zeros, and never with an exponent. */
function trim(seconds: number): string {
  return String(Number(seconds.toFixed(3)));
}
