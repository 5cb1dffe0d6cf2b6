import type { RenditionFacts } from '../session/rendition-facts.ts';
import type { SessionFacts } from '../session/session-facts.ts';
import { type ListedFragment, TIMELINE_START_S } from '../session/session-timeline.ts';

/** The namespace of `kvs:ts` and `kvs:fn`; which URI the service uses is not known (kvs.md §4.4). */
const KVS_NAMESPACE = 'https://kinesisvideo.amazonaws.com/doc/2017-09-30/';
/** "Players poll the manifest about once a second" (kvs.md §4.4). */
const UPDATE_PERIOD_S = 1;
/** Fragments that a player keeps ahead of it. */
const DELAY_FRAGMENTS = 3;

export interface DashManifest {
  readonly facts: Pick<
    SessionFacts,
    'mode' | 'clock' | 'showTimestamps' | 'showNumbers' | 'startedMs' | 'maxFragments'
  >;
  readonly renditions: readonly RenditionFacts[];
  readonly fragments: readonly ListedFragment[];
  readonly isOver: boolean;
  readonly longestMs: number;
  readonly token: string;
  readonly nowMs: number;
  /** Wall clock of the beginning of the session's timeline. */
  readonly availabilityStartMs: number;
}

/**
 * The manifest of a session: one Period, an AdaptationSet a track with its SegmentTemplate, and one S for each fragment
 * (kvs.md §4.4: downloaders count them).
 */
export function dashManifest(manifest: DashManifest): string {
  const { renditions, facts } = manifest;
  const sets = renditions.map((rendition, id) => adaptationSet(manifest, rendition, id)).join('');
  const kvs = facts.showTimestamps || facts.showNumbers ? ` xmlns:kvs="${KVS_NAMESPACE}"` : '';
  return `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"${kvs} profiles="urn:mpeg:dash:profile:isoff-live:2011" ${timing(manifest)} minBufferTime="${duration(manifest.longestMs / 1000)}">
  <Period id="0" start="PT0S">
${sets}  </Period>
${facts.mode === 'ON_DEMAND' ? '' : serverClock(manifest.nowMs)}</MPD>
`;
}

/** Tells players what time it is here: they find the live edge by it, and their own clock may be wrong. */
function serverClock(nowMs: number): string {
  return `  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="${dateTime(nowMs)}"/>\n`;
}

/** What is said of time for the whole presentation. */
function timing(manifest: DashManifest): string {
  const { facts, fragments, isOver, longestMs, nowMs } = manifest;
  const first = fragments[0]?.startS ?? TIMELINE_START_S;
  const last = fragments.at(-1)?.endS ?? TIMELINE_START_S;
  const available = `availabilityStartTime="${dateTime(manifest.availabilityStartMs)}"`;
  const longest = `maxSegmentDuration="${duration(longestMs / 1000)}"`;
  if (facts.mode === 'ON_DEMAND') {
    return `type="static" ${available} mediaPresentationDuration="${duration(last - TIMELINE_START_S)}" ${longest}`;
  }
  const attributes = [
    `type="dynamic" ${available} publishTime="${dateTime(nowMs)}"`,
    `timeShiftBufferDepth="${duration(last - first)}"`,
    `suggestedPresentationDelay="${duration((Math.min(DELAY_FRAGMENTS, facts.maxFragments) * longestMs) / 1000)}"`,
    longest,
    // Without it the manifest "is not to be updated": what it lists is all there is.
    isOver
      ? `mediaPresentationDuration="${duration(last - TIMELINE_START_S)}"`
      : `minimumUpdatePeriod="${duration(UPDATE_PERIOD_S)}"`,
  ];
  return attributes.join(' ');
}

function adaptationSet(
  manifest: DashManifest,
  { track, bandwidthBps, frameRate }: RenditionFacts,
  id: number,
): string {
  const { fragments, token } = manifest;
  const isVideo = track.kind === 'video';
  const query = `SessionToken=${token}&amp;TrackNumber=${track.id}`;
  const size = isVideo ? ` width="${track.width ?? 0}" height="${track.height ?? 0}"` : '';
  const rate =
    frameRate === undefined ? '' : ` frameRate="${Math.max(1, Math.round(frameRate * 1000))}/1000"`;
  const sampling = isVideo ? '' : ` audioSamplingRate="${track.sampleRateHz ?? 0}"`;
  const channels = isVideo
    ? ''
    : `\n        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="${track.channels ?? 0}"/>\n      `;
  const representation = `<Representation id="${track.id}" bandwidth="${bandwidthBps}"${size}${rate}${sampling}`;
  return `    <AdaptationSet id="${id}" contentType="${track.kind}" mimeType="${isVideo ? 'video' : 'audio'}/mp4" codecs="${track.codecString}" segmentAlignment="true" startWithSAP="1">
      <SegmentTemplate timescale="${track.timescale}" presentationTimeOffset="${TIMELINE_START_S * track.timescale}" startNumber="${(fragments[0]?.index ?? 0) + 1}" initialization="getMP4InitFragment.mp4?${query}" media="getMP4MediaFragment.mp4?FragmentNumber=$Number$&amp;${query}">
        <SegmentTimeline>
${fragments.map((listed, i) => segment(manifest, track.timescale, listed, fragments[i + 1])).join('')}        </SegmentTimeline>
      </SegmentTemplate>
      ${channels === '' ? `${representation}/>` : `${representation}>${channels}</Representation>`}
    </AdaptationSet>
`;
}

/** One S. It lasts until the next one begins: players need no holes, and rounding makes none. */
function segment(
  { facts }: DashManifest,
  timescale: number,
  listed: ListedFragment,
  next: ListedFragment | undefined,
): string {
  const startTicks = Math.round(listed.startS * timescale);
  const endTicks = Math.round((next?.startS ?? listed.endS) * timescale);
  const { info } = listed;
  const clockMs = facts.clock === 'server' ? info.serverMs : info.producerMs;
  const timestamp = facts.showTimestamps ? ` kvs:ts="${(clockMs / 1000).toFixed(3)}"` : '';
  const number = facts.showNumbers ? ` kvs:fn="${info.number}"` : '';
  return `          <S t="${startTicks}" d="${Math.max(1, endTicks - startTicks)}"${timestamp}${number}/>\n`;
}

/** xs:duration in seconds. */
function duration(seconds: number): string {
  return `PT${Number(Math.max(0, seconds).toFixed(3))}S`;
}

function dateTime(ms: number): string {
  return new Date(Math.round(ms)).toISOString();
}
