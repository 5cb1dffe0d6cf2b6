import { DecodeError } from '../../../ml/decode/decode-job.ts';
import type { DetectionEvent } from '../../../ml/events/detection-event.ts';
import type { ImageService } from '../../playback/images/image-service.ts';
import { StreamError, type StreamService } from '../../streams/stream-service.ts';

export interface EventPictureOptions {
  readonly streams: Pick<StreamService, 'open'>;
  readonly images: Pick<ImageService, 'ofFragment' | 'fragmentNamed'>;
  readonly width: number;
}

/**
 * The picture of an event's frame, JPEG; `undefined` when its media is gone, or cannot be decoded now: a picture beside the event, not
 * the event itself.
 */
export async function eventPicture(
  { streams, images, width }: EventPictureOptions,
  { stream, fragmentNumber, frameOffsetMs }: DetectionEvent,
): Promise<Uint8Array | undefined> {
  try {
    const source = await streams.open(stream);
    const found = await images.fragmentNamed(source, fragmentNumber);
    if (found === undefined) return undefined;
    const { ordinal, producerMs } = found.info;
    const [answer] = await images.ofFragment(source, ordinal, {
      clock: 'producer',
      instants: [producerMs + frameOffsetMs],
      format: { type: 'jpeg', width },
    });
    return answer !== undefined && 'image' in answer ? answer.image.bytes : undefined;
  } catch (error) {
    if (error instanceof DecodeError || error instanceof StreamError) return undefined;
    throw error;
  }
}
