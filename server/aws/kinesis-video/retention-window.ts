import type { VideoStream } from './video-resources.ts';

const HOUR_MS = 3_600_000;
/** "the host buffer holds: 5 minutes or 200 MB" (kvs.md §1.2): what consumers get of a stream with retention 0. */
const HOST_BUFFER_MS = 5 * 60_000;

/** Server time, epoch ms, of the oldest media of the archive: fragments before it are no more, also where their file still is. */
export function archivedFromMs({ retentionHours }: VideoStream, nowMs: number): number {
  return nowMs - retentionHours * HOUR_MS;
}

/** The same for consumers of media as it comes, who also see what a stream without an archive holds for a while. */
export function consumableFromMs(video: VideoStream, nowMs: number): number {
  return Math.min(archivedFromMs(video, nowMs), nowMs - HOST_BUFFER_MS);
}
