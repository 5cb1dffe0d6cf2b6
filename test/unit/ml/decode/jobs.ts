import type { DecodeJob, JobSample, PictureFormat } from '../../../../ml/decode/decode-job.ts';
import { clipPath } from '../../../e2e/support/media.ts';
import { mediaOf } from '../../../integration/clip/recordings.ts';

/** Jobs made of the shared clips, or of any file. */
export async function jobOf(
  path: string,
  wantedIndexes: readonly number[],
  format: PictureFormat = { type: 'png' },
): Promise<DecodeJob> {
  const { tracks, samples } = await mediaOf(path);
  const track = tracks.find(({ kind }) => kind === 'video');
  if (track === undefined) throw new Error(`${path} has no pictures`);
  const us = (ticks: number) => Math.round((ticks * 1_000_000) / track.timescale);
  const own: JobSample[] = samples
    .filter(({ trackId }) => trackId === track.id)
    .slice(0, 50)
    .map(({ dtsTicks, compositionOffsetTicks, isSync, data }) => ({
      dtsUs: us(dtsTicks),
      ptsUs: us(dtsTicks + compositionOffsetTicks),
      isSync,
      data,
    }));
  const inOrder = own.map(({ ptsUs }) => ptsUs).toSorted((a, b) => a - b);
  const wantedUs = wantedIndexes.map((index) => inOrder[index] ?? -1);
  return { track, samples: own, wantedUs, format };
}

export const clip = (name: string): string => clipPath(name);
