import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import { cacheScope, type HlsCall, type HlsServices, waitFor } from './hls-call.ts';
import type { HlsStream } from './hls-stream.ts';
import { joined } from './joined-bytes.ts';
import { PlaybackError } from './playback-error.ts';
import { requireAnything, requireFragment, requireLive } from './viewers.ts';

const MEDIA_TYPE = 'video/mp4';
const FOREVER = 'max-age=31536000, immutable';
/**
 * Long enough for viewers behind one cache to share a part, shorter than it takes until its name could mean another one: part names
 * count fragments, and those that a crash kept from the disk are counted again.
 */
const PART_MAX_AGE = 'max-age=2';

/** Answers `init/<id>.mp4`. The name is a digest of the content. */
export async function answerInit(services: HlsServices, call: HlsCall, initId: string): Promise<void> {
  requireAnything(call.principal, call.stream);
  const hls = await services.streams.get(call.stream);
  const init = hls.init(initId) ?? (await hls.log.init(initId));
  if (init === undefined)
    throw new PlaybackError(404, 'not-found', 'No fragment of this stream has this init.');
  services.counters.inits += 1;
  const head = { contentType: MEDIA_TYPE, cacheControl: forever(call), etag: `"${initId}"` };
  services.sender.sendBytes(call.request, call.response, head, [init.bytes], init.bytes.length);
}

/** Answers `segment/<number>.m4s`: from memory at the live edge, else from the log. */
export async function answerSegment(services: HlsServices, call: HlsCall, number: string): Promise<void> {
  const hls = await services.streams.get(call.stream);
  const inMemory = hls.fragment(number);
  const row = hls.liveRow(number);
  const info = inMemory?.info ?? row ?? (await findStored(hls, number));
  if (info === undefined) throw gone();
  requireFragment(call.principal, call.stream, info, row !== undefined);
  const head = { contentType: MEDIA_TYPE, cacheControl: forever(call), etag: `"${number}"` };
  if (inMemory !== undefined) {
    services.counters.hotSegments += 1;
    const bytes = joined(inMemory, inMemory.segment);
    services.sender.sendBytes(call.request, call.response, head, [bytes], bytes.length);
    return;
  }
  const stored = await hls.log.open(info.ordinal);
  services.counters.coldSegments += 1;
  await services.sender.sendStored(call.request, call.response, head, stored);
}

/**
 * Answers `part/<ordinal>.<index>.m4s`. The part that the playlist hints at is waited for: "the server MUST NOT send any byte
 * of it until all of it can go at line speed".
 */
export async function answerPart(
  services: HlsServices,
  call: HlsCall,
  ordinal: number,
  index: number,
): Promise<void> {
  requireLive(call.principal, call.stream);
  const hls = await services.streams.get(call.stream);
  if (hls.part(ordinal, index) === undefined && hls.isLive && isHinted(hls, ordinal, index)) {
    const timeoutMs = 3000 * hls.targetDurationS;
    const isSettled = () => hls.part(ordinal, index) !== undefined || !isHinted(hls, ordinal, index);
    if (!(await waitFor(services, hls, call, timeoutMs, isSettled))) return;
  }
  const part = hls.part(ordinal, index);
  // It was the last but one, the stream ended before it, or it is too old.
  if (part === undefined) throw gone();
  services.counters.parts += 1;
  const head = { contentType: MEDIA_TYPE, cacheControl: `${cacheScope(call)}, ${PART_MAX_AGE}` };
  const bytes = joined(part, part.buffers);
  services.sender.sendBytes(call.request, call.response, head, [bytes], bytes.length);
}

function isHinted(hls: HlsStream, ordinal: number, index: number): boolean {
  const { nextMsn, nextParts } = hls.edge;
  return ordinal === nextMsn && index === nextParts;
}

/** A fragment in the log; what is still being received may be there in part, and is not served. */
async function findStored(hls: HlsStream, number: string): Promise<FragmentInfo | undefined> {
  if (hls.growing?.info.number === number) return undefined;
  const info = await hls.log.find({ by: 'number', number });
  return info?.number === number ? info : undefined;
}

function forever(call: HlsCall): string {
  return `${cacheScope(call)}, ${FOREVER}`;
}

function gone(): PlaybackError {
  return new PlaybackError(404, 'gone', 'This is not recorded, or not any more.');
}
