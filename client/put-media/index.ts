import type { PutMediaAck } from './ack.ts';
import type { PutMediaOptions, PutMediaProgress } from './put-media-options.ts';
import { Upload } from './upload.ts';

/**
 * A producer for Kinesis Video Streams, of Framelog or of AWS: sends a file or live samples with PutMedia, and sends again what was
 * not acknowledged when the connection breaks.
 */

export type { ErrorAck, FragmentAck, IdleAck, PutMediaAck } from './ack.ts';
export type { LiveSource, MediaItem, PutMediaSource, TracksDeclared } from './media-source.ts';
export { PutMediaError, type PutMediaErrorDetails } from './put-media-error.ts';
export type { PutMediaOptions, PutMediaProgress } from './put-media-options.ts';
export type { Credentials } from './sigv4.ts';

/**
 * Sends all of a source and yields acknowledgements as they come; returns once every fragment is PERSISTED (RECEIVED where
 * the stream is not archived). Broken sessions are replaced, and what was not acknowledged is sent again under the same times, so a fragment
 * may be acknowledged twice. Whoever stops iterating stops the upload.
 *
 *     for await (const ack of putMedia({ controlEndpoint, region, credentials, streamName: 'door', source: 'door.mp4' })) …
 *
 * Throws PutMediaError; what the source throws (files: Mp4Error, CodecError, MatroskaError and those of the file system);
 * the signal's reason.
 */
export async function* putMedia(
  options: PutMediaOptions,
): AsyncGenerator<PutMediaAck, PutMediaProgress, undefined> {
  const upload = new Upload(options);
  yield* upload.run();
  return upload.progress;
}
