import { hash } from 'node:crypto';
import { DecodeError, type PictureFormat } from '../../../ml/decode/decode-job.ts';
import { parseInstant } from '../../http/instant.ts';
import type { MediaSender } from '../../http/media-sender.ts';
import { PlaybackError } from '../hls/playback-error.ts';
import { requireAnything, requireFragment, requireLive, requireRange } from '../hls/viewers.ts';
import type { PlayCall } from '../play-route.ts';
import type { ImageAt, ImageService } from './image-service.ts';

const MAX_WIDTH = 3840;
const MAX_HEIGHT = 2160;
const MAX_MEDIA_BYTES = 100_000_000;

/**
 * `GET /play/<stream>/image.jpg?at=&width=&height=`: the picture that was shown at an instant by the producer's clock; without
 * `at`, the newest key frame. `fragment=<number>&offset=<ms>` names a frame as events do. One side keeps the shape of the picture,
 * both stretch it.
 */
export async function answerImage(images: ImageService, sender: MediaSender, call: PlayCall): Promise<void> {
  const { params, principal, request, response } = call;
  const format = {
    type: 'jpeg' as const,
    ...sizeOf(params, 'width', MAX_WIDTH),
    ...sizeOf(params, 'height', MAX_HEIGHT),
  };
  const found = await orRefusal(() => ask(images, call, format));
  if (found === undefined || ('error' in found && found.error === 'no-media')) {
    throw new PlaybackError(404, 'no-media', 'Nothing is recorded there.');
  }
  if ('error' in found)
    throw new PlaybackError(422, 'media-error', 'The media of this instant cannot be decoded.');
  const { bytes } = found.image;
  const head = {
    contentType: 'image/jpeg',
    cacheControl: `${principal.kind === 'open' ? 'public' : 'private'}, no-cache`,
    etag: `"${hash('sha256', bytes).slice(0, 32)}"`,
  };
  sender.sendBytes(request, response, head, [bytes], bytes.length);
}

async function ask(
  images: ImageService,
  call: PlayCall,
  format: PictureFormat,
): Promise<ImageAt | undefined> {
  const { params, principal, stream } = call;
  if (params.has('fragment')) return askFragment(images, call, format);
  const atMs = instantOf(params);
  if (atMs === undefined) requireLive(principal, stream);
  else requireRange(principal, stream, atMs, atMs);
  const open = await call.open();
  if (atMs === undefined) return images.newest(open, format);
  const question = { clock: 'producer' as const, instants: [atMs], format, maxMediaBytes: MAX_MEDIA_BYTES };
  return (await images.images(open, question))[0];
}

async function askFragment(
  images: ImageService,
  { params, principal, stream, open }: PlayCall,
  format: PictureFormat,
): Promise<ImageAt | undefined> {
  const number = params.get('fragment') ?? '';
  const offset = params.get('offset') ?? '0';
  if (!/^\d{47}$/.test(number) || !/^\d{1,9}(\.\d{1,6})?$/.test(offset)) {
    throw new PlaybackError(400, 'bad-fragment', 'fragment is a fragment number, offset is in milliseconds.');
  }
  requireAnything(principal, stream);
  const source = await open();
  const found = await images.fragmentNamed(source, number);
  if (found === undefined) return undefined;
  const { info, isLive } = found;
  requireFragment(principal, stream, info, isLive);
  const instants = [info.producerMs + Number(offset)];
  return (await images.ofFragment(source, info.ordinal, { clock: 'producer', instants, format }))[0];
}

async function orRefusal(ask: () => Promise<ImageAt | undefined>): Promise<ImageAt | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    if (error.code === 'unsupported') throw new PlaybackError(501, 'no-decoder', error.message);
    throw new PlaybackError(503, error.code, 'No decoder is free; try again.', { retryAfterS: 2 });
  }
}

function sizeOf(params: URLSearchParams, name: 'width' | 'height', maximum: number) {
  const text = params.get(name);
  if (text === null) return {};
  const pixels = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (pixels < 1 || pixels > maximum) {
    throw new PlaybackError(400, 'bad-size', `${name} is a whole number from 1 to ${maximum}.`);
  }
  return { [name]: pixels };
}

function instantOf(params: URLSearchParams): number | undefined {
  const text = params.get('at');
  if (text === null) return undefined;
  // The `+` of an offset is a space to those who read query strings, if it was not escaped.
  const atMs = parseInstant(text.replace(' ', '+'));
  if (atMs !== undefined) return atMs;
  throw new PlaybackError(400, 'bad-time', 'at is ISO 8601 with a zone, or epoch milliseconds.');
}
