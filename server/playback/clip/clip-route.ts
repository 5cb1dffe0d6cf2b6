import { hash } from 'node:crypto';
import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { FragmentLog } from '../../../fragments/stream/fragment-log.ts';
import type { MediaSender } from '../../http/media-sender.ts';
import { PlaybackError } from '../hls/playback-error.ts';
import { requireRange } from '../hls/viewers.ts';
import type { PlayCall } from '../play-route.ts';
import { selectFragments } from '../session/fragment-selection.ts';
import { ClipError } from './clip-error.ts';
import { type ClipMaker, ClipsBusyError } from './clip-maker.ts';

/** Longest fragment there may be: one that began this long before the range may reach into it. */
const MAX_FRAGMENT_MS = 60_000;
/** Twelve hours of fragments of two seconds; their sample tables are some ten megabytes. */
const MAX_FRAGMENTS = 21_600;

/**
 * `GET /play/<stream>/clip.mp4?start=&end=`: all fragments that reach into the range, by producer time, as one file. Unlike
 * GetClip it is never short: a range that is too long is refused.
 */
export async function answerClip(maker: ClipMaker, sender: MediaSender, call: PlayCall): Promise<void> {
  const { query, principal, stream, request, response } = call;
  const { startMs, endMs } = query;
  if (startMs === undefined || endMs === undefined) {
    throw new PlaybackError(400, 'bad-time', 'A clip needs ?start= and ?end=.');
  }
  requireRange(principal, stream, startMs, endMs);
  const { log } = await call.open();
  const clip = await make(maker, log, await fragmentsOf(log, startMs, endMs));
  const head = {
    contentType: 'video/mp4',
    // What is still being recorded may reach into the range a moment later.
    cacheControl: `${principal.kind === 'open' ? 'public' : 'private'}, no-cache`,
    etag: `"${hash('sha256', clip.fragments.map(({ number }) => number).join()).slice(0, 32)}"`,
    contentDisposition: `attachment; filename="${fileName(stream, startMs)}"`,
  };
  await sender.sendStored(request, response, head, clip);
}

async function fragmentsOf(log: FragmentLog, startMs: number, endMs: number): Promise<FragmentInfo[]> {
  const range = { clock: 'producer' as const, fromMs: startMs - MAX_FRAGMENT_MS, toMs: Math.ceil(endMs) };
  const found = await selectFragments(log, range, MAX_FRAGMENTS + 1);
  if (found.length > MAX_FRAGMENTS) {
    throw new PlaybackError(
      400,
      'range-too-long',
      'The range is too long for one file; ask for a shorter one.',
    );
  }
  return found.filter(
    (info) => info.producerMs < endMs && info.producerMs + fragmentDurationMs(info) > startMs,
  );
}

async function make(maker: ClipMaker, log: FragmentLog, fragments: readonly FragmentInfo[]) {
  try {
    return await maker.make(log, fragments, {
      maxBytes: Number.POSITIVE_INFINITY,
      maxFragments: MAX_FRAGMENTS,
    });
  } catch (error) {
    if (error instanceof ClipsBusyError) {
      throw new PlaybackError(503, 'too-many-clips', error.message, { retryAfterS: 2 });
    }
    if (!(error instanceof ClipError)) throw error;
    if (error.code === 'no-media')
      throw new PlaybackError(404, 'no-media', 'Nothing is recorded in this range.');
    throw new PlaybackError(409, error.code, error.message);
  }
}

/** `front-door_2026-03-01T12-00-00Z.mp4`: stream names have no character that a header or a disk could mind. */
function fileName(stream: string, startMs: number): string {
  return `${stream}_${new Date(startMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z.mp4`;
}
