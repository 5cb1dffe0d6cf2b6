import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import type { OpenStream } from '../../streams/stream-service.ts';
import { newestFragments } from './complete-fragments.ts';
import { selectFragments } from './fragment-selection.ts';
import { type InitTracks, initOf } from './init-tracks.ts';
import { producerPrivateData } from './producer-private-data.ts';
import { noFragments } from './session-error.ts';
import type { SessionFacts, SessionRequest } from './session-facts.ts';
import { sessionTracks } from './session-tracks.ts';

/**
 * Settles what a session plays: where it begins, and which tracks. Throws SessionError (no fragments, or media that it
 * cannot play) and LogReadError. `endsMs`: when the right behind it ends, if that is before the session would.
 */
export async function openSession(
  stream: OpenStream,
  inits: InitTracks,
  request: SessionRequest,
  nowMs: number,
  endsMs = Number.POSITIVE_INFINITY,
): Promise<SessionFacts> {
  const first = await firstFragment(stream, request, nowMs);
  if (first === undefined) throw noFragments();
  const { tracks } = await inits.of(stream, first);
  const { bytes } = await initOf(stream, first);
  const { expiresS, ...asked } = request;
  return {
    ...asked,
    stream: stream.record.name,
    streamCreatedMs: stream.record.createdMs,
    startedMs: nowMs,
    expiresMs: Math.min(endsMs, nowMs + expiresS * 1000),
    firstOrdinal: first.ordinal,
    endOrdinal: stream.log.end.nextOrdinal,
    tracks: sessionTracks(tracks, request, ({ id }) => producerPrivateData(bytes, id)),
  };
}

async function firstFragment(
  stream: OpenStream,
  { mode, clock, startMs, endMs, maxFragments }: SessionRequest,
  nowMs: number,
): Promise<FragmentInfo | undefined> {
  if (mode === 'LIVE') return (await newestFragments(stream, maxFragments, nowMs))[0];
  const range = { clock, fromMs: startMs ?? 0, toMs: endMs ?? Number.POSITIVE_INFINITY };
  return (await selectFragments(stream.log, range, 1))[0];
}
