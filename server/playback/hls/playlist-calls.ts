import type { PlaylistRange } from './archive-playlist.ts';
import { isPresent, isTooFarAhead } from './blocking-reload.ts';
import { cacheScope, type HlsCall, type HlsServices, waitFor } from './hls-call.ts';
import type { HlsStream } from './hls-stream.ts';
import { PlaybackError } from './playback-error.ts';
import { acceptsGzip, type PlaylistBytes } from './rendered-playlist.ts';
import { requireLive, requireRange } from './viewers.ts';

const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';

/**
 * Answers `live.m3u8`. A stream whose camera is away keeps its last fragments in a playlist without ENDLIST, without parts and
 * without blocking: players stand still at its end, ask again every target duration, and go on behind a
 * discontinuity when the camera comes back. A stream that never had a fragment is a 404, which players try again.
 */
export async function answerLive(services: HlsServices, call: HlsCall): Promise<void> {
  requireLive(call.principal, call.stream);
  const hls = await services.streams.get(call.stream);
  countViewer(hls, call);
  if (!(await untilReloadable(services, hls, call))) return;
  const playlist = hls.livePlaylist();
  if (playlist === undefined) throw noMedia();
  sendPlaylist(services, call, playlist.for(suffixOf(call)), 'no-cache');
}

/** Answers `dvr.m3u8?start=`: from a past moment up to the live edge, with its parts. */
export async function answerDvr(services: HlsServices, call: HlsCall): Promise<void> {
  const startMs = requireStart(call);
  requireLive(call.principal, call.stream);
  requireRange(call.principal, call.stream, startMs, Math.max(startMs, call.nowMs));
  const hls = await services.streams.get(call.stream);
  countViewer(hls, call);
  if (!(await untilReloadable(services, hls, call))) return;
  await answerRange(services, hls, call, { kind: 'dvr', startMs, endMs: undefined, suffix: suffixOf(call) });
}

/** Answers `archive.m3u8?start=&end=`. */
export async function answerArchive(services: HlsServices, call: HlsCall): Promise<void> {
  const startMs = requireStart(call);
  const { endMs } = call.query;
  requireRange(call.principal, call.stream, startMs, endMs ?? Number.POSITIVE_INFINITY);
  const hls = await services.streams.get(call.stream);
  await answerRange(services, hls, call, { kind: 'archive', startMs, endMs, suffix: suffixOf(call) });
}

async function answerRange(
  services: HlsServices,
  hls: HlsStream,
  call: HlsCall,
  range: PlaylistRange,
): Promise<void> {
  const playlist = await services.streams.archive(hls, range).render(call.nowMs);
  if (playlist === undefined) {
    throw new PlaybackError(404, 'nothing-recorded', 'Nothing is recorded in this range.');
  }
  // Even what is over may be deleted by the retention.
  const cacheControl = playlist.isOver ? `${cacheScope(call)}, max-age=10` : 'no-cache';
  sendPlaylist(services, call, playlist.bytes, cacheControl);
}

/**
 * Holds the request until the playlist has what `_HLS_msn` and `_HLS_part` name, or until there is a playlist at all.
 * False: the client has gone.
 */
async function untilReloadable(services: HlsServices, hls: HlsStream, call: HlsCall): Promise<boolean> {
  // Without a producer the playlist does not offer blocking reload, so the directives mean nothing.
  if (!hls.isLive) return true;
  if (hls.rows.length === 0) {
    const { firstFragmentWaitMs } = services.settings;
    const hasCome = await waitForFirst(services, hls, call, firstFragmentWaitMs);
    if (!hasCome) return false;
  }
  const { reload } = call.query;
  if (reload === undefined || !hls.isLive) return true;
  const { edge, targets } = hls;
  if (isTooFarAhead(reload, edge, targets.partTargetS)) {
    throw new PlaybackError(400, 'too-far-ahead', 'The stream is not so far yet.');
  }
  if (isPresent(reload, edge)) return true;
  // "The server SHOULD return 503 if it blocked for longer than three Target Durations."
  return waitFor(services, hls, call, 3000 * targets.targetDurationS, (now) => isPresent(reload, now));
}

async function waitForFirst(
  services: HlsServices,
  hls: HlsStream,
  call: HlsCall,
  timeoutMs: number,
): Promise<boolean> {
  try {
    return await waitFor(services, hls, call, timeoutMs, (edge) => edge.lastMsn >= 0);
  } catch (error) {
    // Nothing came: that is no overload, there just is nothing to see yet.
    if (error instanceof PlaybackError && error.code === 'blocked-too-long') throw noMedia();
    throw error;
  }
}

function sendPlaylist(
  services: HlsServices,
  call: HlsCall,
  playlist: PlaylistBytes,
  cacheControl: string,
): void {
  services.counters.playlists += 1;
  const gzip = acceptsGzip(call.request) ? playlist.gzip() : undefined;
  const body = gzip ?? playlist.plain;
  const head = {
    contentType: PLAYLIST_TYPE,
    cacheControl,
    vary: 'Accept-Encoding',
    ...(gzip === undefined ? {} : { contentEncoding: 'gzip' as const }),
  };
  services.sender.sendBytes(call.request, call.response, head, [body], body.length);
}

function countViewer(hls: HlsStream, call: HlsCall): void {
  const { id } = call.principal;
  hls.stream.countViewer(`${id}@${call.request.socket.remoteAddress}`, call.nowMs);
}

function suffixOf(call: HlsCall): string {
  const { token } = call.query;
  return token === undefined ? '' : `?token=${encodeURIComponent(token)}`;
}

function requireStart(call: HlsCall): number {
  const { startMs } = call.query;
  if (startMs !== undefined) return startMs;
  throw new PlaybackError(400, 'bad-time', 'Say from when: ?start= in ISO 8601 or epoch milliseconds.');
}

function noMedia(): PlaybackError {
  return new PlaybackError(404, 'no-media', 'This stream has no fragment yet.', { retryAfterS: 1 });
}
