import type { FrameRef } from '../../ml/watch/frame.ts';

const THUMBNAIL_WIDTH = 320;

/** Path on this server of the picture of a frame (image-route.ts). */
export function picturePath(stream: string, { fragmentNumber, offsetMs }: FrameRef): string {
  const query = `fragment=${fragmentNumber}&offset=${roundMs(offsetMs)}`;
  return `/play/${encodeURIComponent(stream)}/image.jpg?${query}`;
}

/** Path on this server of a small picture of a frame. */
export function thumbnailPath(stream: string, frame: FrameRef): string {
  return `${picturePath(stream, frame)}&width=${THUMBNAIL_WIDTH}`;
}

/** Frames are further apart than a microsecond. */
function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
