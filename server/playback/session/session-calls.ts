import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeInitSegment } from '../../../fragments/cmaf/init-segment.ts';
import type { Track } from '../../../fragments/media/track.ts';
import type { MediaHead } from '../../http/media-reply.ts';
import type { MediaSender } from '../../http/media-sender.ts';
import { dashManifest } from '../dash/manifest.ts';
import { acceptsGzip, playlistBytes } from '../hls/rendered-playlist.ts';
import { masterPlaylist, mediaPlaylist } from '../hls/session-playlists.ts';
import { openSegment } from './fragment-segment.ts';
import { renditionFacts } from './rendition-facts.ts';
import type { SessionApi, SessionCounters } from './session-counters.ts';
import { noFragments, SessionError } from './session-error.ts';
import type { SessionQuery } from './session-query.ts';
import type { ListedFragment } from './session-timeline.ts';
import { mainTracks } from './session-tracks.ts';
import type { Session, Sessions } from './sessions.ts';
import { TrackSegment } from './track-segment.ts';
import { MAX_WHOLE_BYTES, type TsSegments } from './ts-segments.ts';

/** What all calls share. */
export interface SessionServices {
  readonly sessions: Sessions;
  readonly sender: MediaSender;
  readonly segments: TsSegments;
  readonly counters: SessionCounters;
}

/** A request for a child of a session that was found. */
export interface SessionCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: SessionQuery;
  readonly session: Session;
  readonly nowMs: number;
}

const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';
const MANIFEST_TYPE = 'application/dash+xml';
/** The token is in the URL: nothing of it is for shared caches. What a URL names never changes. */
const FOREVER = 'private, max-age=31536000, immutable';

/** Answers the children, one method a call, named as the service names them. Each throws SessionError, LogReadError, Mp4Error. */
export const SESSION_CALLS: Readonly<
  Record<SessionApi, (services: SessionServices, call: SessionCall) => Promise<void>>
> = {
  async GetHLSMasterPlaylist(services, call) {
    const { fragments } = call.session;
    const newest = requireFragments(fragments.visible(call.nowMs)).at(-1) as ListedFragment;
    const renditions = await renditionFacts(
      fragments.stream,
      newest.info,
      await tracksOf(services, call, newest),
    );
    const text = masterPlaylist(renditions, call.session.facts, call.query.token);
    sendText(services, call, PLAYLIST_TYPE, text);
  },

  async GetHLSMediaPlaylist(services, call) {
    const { session, nowMs } = call;
    const { facts, fragments } = session;
    fragments.stream.countViewer(`session ${session.id}`, nowMs);
    const text = mediaPlaylist({
      facts,
      fragments: requireFragments(fragments.visible(nowMs)),
      isOver: fragments.isOver(nowMs),
      longestMs: fragments.longestMs,
      token: call.query.token,
      trackId: trackIdOf(call),
    });
    sendText(services, call, PLAYLIST_TYPE, text);
  },

  async GetDASHManifest(services, call) {
    const { session, nowMs } = call;
    const { facts, fragments } = session;
    fragments.stream.countViewer(`session ${session.id}`, nowMs);
    const visible = requireFragments(fragments.visible(nowMs));
    const newest = visible.at(-1) as ListedFragment;
    const text = dashManifest({
      facts,
      renditions: await renditionFacts(fragments.stream, newest.info, await tracksOf(services, call, newest)),
      fragments: visible,
      isOver: fragments.isOver(nowMs),
      longestMs: fragments.longestMs,
      token: call.query.token,
      nowMs,
      availabilityStartMs: fragments.availabilityStartMs,
    });
    sendText(services, call, MANIFEST_TYPE, text);
  },

  async GetMP4InitFragment(services, call) {
    const listed = call.session.fragments.byVersion(call.query.sequenceNumber ?? 0);
    if (listed === undefined) throw unknownFragment();
    const bytes = writeInitSegment([trackOf(call, await tracksOf(services, call, listed))]);
    send(services, call, mediaHead('video/mp4'), [bytes], bytes.length);
  },

  async GetMP4MediaFragment(services, call) {
    const { fragments } = call.session;
    const listed = requireListed(call);
    const track = trackOf(call, await tracksOf(services, call, listed));
    const source = await openSegment(fragments.stream, listed.info);
    const segment = await TrackSegment.of(source, track, listed);
    const head = mediaHead(track.kind === 'video' ? 'video/mp4' : 'audio/mp4');
    const { buffers } = segment;
    if (buffers !== undefined) send(services, call, head, buffers, segment.sizeBytes);
    else await services.sender.sendStored(call.request, call.response, head, segment);
  },

  async GetTSFragment(services, call) {
    const { fragments } = call.session;
    const listed = requireListed(call);
    if (call.session.facts.container !== 'ts') {
      throw new SessionError('InvalidArgumentException', 'This is not a session of MPEG_TS.');
    }
    const tracks = await tracksOf(services, call, listed);
    const head = mediaHead('video/mp2t');
    if (listed.info.sizeBytes <= MAX_WHOLE_BYTES) {
      const bytes = await services.segments.whole(fragments.stream, listed, tracks);
      send(services, call, head, [bytes], bytes.length);
    } else {
      const blocks = services.segments.blocks(fragments.stream, listed, tracks);
      await services.sender.sendBlocks(call.request, call.response, head, blocks);
    }
  },
};

/** The tracks that the session plays, as the fragment has them. */
async function tracksOf(
  { sessions }: SessionServices,
  { session }: SessionCall,
  { info }: ListedFragment,
): Promise<Track[]> {
  return mainTracks((await sessions.inits.of(session.fragments.stream, info)).tracks);
}

/** The track that the request names; the first one when it names none. */
function trackIdOf({ query, session: { facts } }: SessionCall): number {
  const id = query.trackNumber ?? facts.tracks[0]?.id;
  if (id !== undefined && facts.tracks.some((track) => track.id === id)) return id;
  throw new SessionError('InvalidArgumentException', 'The session plays no track of this number.');
}

/** The same track as a fragment has it: its number may be another one in another of the producer's documents. */
function trackOf(call: SessionCall, tracks: readonly Track[]): Track {
  const wanted = call.session.facts.tracks.findIndex(({ id }) => id === trackIdOf(call));
  const track = tracks[wanted];
  if (track === undefined) throw unknownFragment();
  return track;
}

function requireListed({ query, session: { fragments, facts } }: SessionCall): ListedFragment {
  const { fragmentNumber } = query;
  if (fragmentNumber === undefined) {
    throw new SessionError('InvalidArgumentException', 'The request names no FragmentNumber.');
  }
  const listed =
    facts.protocol === 'hls'
      ? fragments.byNumber(fragmentNumber)
      : fragments.byIndex(Number(fragmentNumber) - 1);
  if (listed === undefined) throw unknownFragment();
  return listed;
}

function requireFragments(visible: readonly ListedFragment[]): readonly ListedFragment[] {
  if (visible.length === 0) throw noFragments();
  return visible;
}

function unknownFragment(): SessionError {
  return new SessionError('ResourceNotFoundException', 'The session has no such fragment, or not any more.');
}

function mediaHead(contentType: string): MediaHead {
  return { contentType, cacheControl: FOREVER };
}

function sendText(services: SessionServices, call: SessionCall, contentType: string, text: string): void {
  const playlist = playlistBytes(Buffer.from(text));
  const gzip = acceptsGzip(call.request) ? playlist.gzip() : undefined;
  const body = gzip ?? playlist.plain;
  const encoding = gzip === undefined ? {} : { contentEncoding: 'gzip' as const };
  const head = { contentType, cacheControl: 'no-store', vary: 'Accept-Encoding', ...encoding };
  send(services, call, head, [body], body.length);
}

function send(
  { sender }: SessionServices,
  { request, response }: SessionCall,
  head: MediaHead,
  buffers: readonly Uint8Array[],
  sizeBytes: number,
): void {
  sender.sendBytes(request, response, head, buffers, sizeBytes);
}
