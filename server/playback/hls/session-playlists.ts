import { fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { RenditionFacts } from '../session/rendition-facts.ts';
import type { SessionFacts } from '../session/session-facts.ts';
import type { ListedFragment } from '../session/session-timeline.ts';
import { targetDurationFor } from './target-durations.ts';

/**
 * Playlists of streaming sessions, in the line order and with the names of kvs.md §4.3: programs parse these lines.
 */

/** The multivariant playlist. `token`: the session's, which is safe in a URL. */
export function masterPlaylist(
  renditions: readonly RenditionFacts[],
  { container }: Pick<SessionFacts, 'container'>,
  token: string,
): string {
  const video = renditions.find(({ track }) => track.kind === 'video');
  const audio = renditions.find(({ track }) => track.kind === 'audio');
  const main = video ?? audio;
  if (main === undefined) throw new Error('a session without tracks');
  const hasGroup = container === 'mp4' && video !== undefined && audio !== undefined;
  let text = '#EXTM3U\n#EXT-X-VERSION:1\n';
  if (hasGroup) {
    const uri = mediaPlaylistUri(token, audio.track.id);
    text += `#EXT-X-MEDIA:AUTOSELECT=YES,FORCED=NO,TYPE=AUDIO,URI="${uri}",GROUP-ID="audio",DEFAULT=NO,NAME="audio"\n`;
  }
  const attributes = [`CODECS="${renditions.map(({ track }) => track.codecString).join(',')}"`];
  if (video?.track.width !== undefined && video.track.height !== undefined) {
    attributes.push(`RESOLUTION=${video.track.width}x${video.track.height}`);
  }
  if (video?.frameRate !== undefined) attributes.push(`FRAME-RATE=${decimal(video.frameRate, 2)}`);
  attributes.push(`BANDWIDTH=${renditions.reduce((sum, { bandwidthBps }) => sum + bandwidthBps, 0)}`);
  if (hasGroup) attributes.push('AUDIO="audio"');
  return `${text}#EXT-X-STREAM-INF:${attributes.join(',')}\n${mediaPlaylistUri(token, main.track.id)}\n`;
}

export interface MediaPlaylist {
  readonly facts: Pick<SessionFacts, 'mode' | 'container' | 'clock' | 'discontinuity' | 'showTimestamps'>;
  readonly fragments: readonly ListedFragment[];
  readonly isOver: boolean;
  /** Of the longest fragment that the session has listed so far. */
  readonly longestMs: number;
  readonly token: string;
  readonly trackId: number;
}

/** The media playlist of one track, or with MPEG-TS of all of them. */
export function mediaPlaylist(playlist: MediaPlaylist): string {
  const { facts, fragments, isOver, longestMs } = playlist;
  const [first] = fragments;
  const isVod = facts.mode === 'ON_DEMAND';
  let text = `#EXTM3U\n#EXT-X-VERSION:${facts.container === 'ts' ? 3 : 7}\n`;
  if (isVod) text += '#EXT-X-PLAYLIST-TYPE:VOD\n';
  // Live it must not change (target-durations.ts); of a complete list it is known.
  const targetS = isVod ? Math.max(1, Math.ceil(longestMs / 1000)) : targetDurationFor(longestMs);
  text += `#EXT-X-TARGETDURATION:${targetS}\n#EXT-X-MEDIA-SEQUENCE:${first?.index ?? 0}\n`;
  const breaksBefore = first === undefined ? 0 : first.breakCount - (first.breaks ? 1 : 0);
  if (breaksBefore > 0) text += `#EXT-X-DISCONTINUITY-SEQUENCE:${breaksBefore}\n`;
  if (fragments.every(({ info }) => info.independent)) text += '#EXT-X-INDEPENDENT-SEGMENTS\n';
  let version: number | undefined;
  for (const listed of fragments) {
    text += segmentLines(playlist, listed, listed.version !== version);
    version = listed.version;
  }
  if (isVod && facts.discontinuity === 'ALWAYS') text += '#EXT-X-DISCONTINUITY\n';
  return isOver ? `${text}#EXT-X-ENDLIST\n` : text;
}

function segmentLines(playlist: MediaPlaylist, listed: ListedFragment, isNewVersion: boolean): string {
  const { facts, token, trackId } = playlist;
  const { info } = listed;
  const isTs = facts.container === 'ts';
  let lines = listed.breaks ? '#EXT-X-DISCONTINUITY\n' : '';
  if (!isTs && isNewVersion) {
    lines += `#EXT-X-MAP:URI="getMP4InitFragment.mp4?SessionToken=${token}&TrackNumber=${trackId}&SequenceNumber=${listed.version}"\n`;
  }
  if (facts.showTimestamps) {
    lines += `#EXT-X-PROGRAM-DATE-TIME:${dateTime(facts.clock === 'server' ? info.serverMs : info.producerMs)}\n`;
  }
  lines += `#EXTINF:${decimal(fragmentDurationMs(info) / 1000, 6)},\n`;
  return isTs
    ? `${lines}getTSFragment.ts?FragmentNumber=${info.number}&SessionToken=${token}\n`
    : `${lines}getMP4MediaFragment.mp4?FragmentNumber=${info.number}&SessionToken=${token}&TrackNumber=${trackId}\n`;
}

function mediaPlaylistUri(token: string, trackId: number): string {
  return `getHLSMediaPlaylist.m3u8?SessionToken=${token}&TrackNumber=${trackId}`;
}

/** Up to `digits` decimals and at least one: some parsers take "2" for a wrong number. */
function decimal(value: number, digits: number): string {
  const text = String(Number(value.toFixed(digits)));
  return text.includes('.') ? text : `${text}.0`;
}

/** Producers may claim any time; one that no calendar holds is told as the nearest that it has. */
function dateTime(ms: number): string {
  return new Date(Math.round(Math.max(-8.64e15, Math.min(8.64e15, ms)))).toISOString();
}
