import type { DetectionEvent } from '../../ml/events/detection-event.ts';
import type { FrameRef } from '../../ml/watch/frame.ts';

const THUMBNAIL_WIDTH = 320;

/** Path on this server of the picture of a frame (image-route.ts). */
export function picturePath(stream: string, { fragmentNumber, offsetMs }: FrameRef): string {
  const query = `fragment=${fragmentNumber}&offset=${roundMs(offsetMs)}`;
  return `/play/${encodeURIComponent(stream)}/image.jpg?${query}`;
}

/** The event with the path of a small picture of its frame. */
export function withThumbnail(event: DetectionEvent): DetectionEvent {
  const { stream, fragmentNumber, frameOffsetMs, producerMs, serverMs } = event;
  const frame = { fragmentNumber, offsetMs: frameOffsetMs, producerMs, serverMs };
  return { ...event, thumbnail: `${picturePath(stream, frame)}&width=${THUMBNAIL_WIDTH}` };
}

/** Frames are further apart than a microsecond. */
function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
