import { readBoxes, requireBox } from '../../../fragments/cmaf/boxes.ts';
import { chunkHeads } from '../../../fragments/cmaf/chunk-heads.ts';
import { readMoof } from '../../../fragments/cmaf/moof.ts';
import type { Track } from '../../../fragments/media/track.ts';
import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { OpenStream } from '../../streams/stream-service.ts';
import { openSegment } from './fragment-segment.ts';

/** What manifests say of a track. */
export interface RenditionFacts {
  readonly track: Track;
  /** Media bits a second. */
  readonly bandwidthBps: number;
  /** Of video: pictures a second. */
  readonly frameRate: number | undefined;
}

/** Looks at one fragment for what manifests say of its tracks. Throws LogReadError and Mp4Error. */
export async function renditionFacts(
  stream: OpenStream,
  info: FragmentInfo,
  tracks: readonly Track[],
): Promise<RenditionFacts[]> {
  const totals = new Map(tracks.map(({ id }) => [id, { bytes: 0, samples: 0 }]));
  const segment = await openSegment(stream, info);
  try {
    for await (const { moof } of chunkHeads(segment)) {
      const box = requireBox(readBoxes(moof), 'moof');
      for (const { trackId, samples } of readMoof(box, { moofOffsetBytes: 0 }).tracks) {
        const total = totals.get(trackId);
        if (total === undefined) continue;
        total.samples += samples.length;
        for (const { sizeBytes } of samples) total.bytes += sizeBytes;
      }
    }
  } finally {
    segment.close();
  }
  const seconds = Math.max(0.001, fragmentDurationMs(info) / 1000);
  return tracks.map((track) => {
    const { bytes = 0, samples = 0 } = totals.get(track.id) ?? {};
    return {
      track,
      bandwidthBps: Math.max(1, Math.round((bytes * 8) / seconds)),
      frameRate: track.kind === 'video' ? samples / seconds : undefined,
    };
  });
}
