import { readInitSegment } from '../../../fragments/cmaf/init-segment.ts';
import type { SampleLocation } from '../../../fragments/cmaf/moof.ts';
import type { Sample, Track } from '../../../fragments/media/track.ts';
import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import { LogReadError } from '../../../fragments/stream/fragment-log.ts';
import type { LiveFragment } from '../../../fragments/stream/live-window.ts';
import type { ReadSource } from '../../../fragments/stream/stream-reader.ts';
import { readFragmentHeads } from '../stored/fragment-heads.ts';

/** Times of a sample, without its bytes. */
export type SampleTimes = Pick<Sample, 'dtsTicks' | 'compositionOffsetTicks' | 'isSync'>;

/** The pictures of one fragment: their times are known, their bytes are read when they are wanted. */
export interface FragmentPictures {
  readonly info: FragmentInfo;
  readonly track: Track;
  /** Of the video track, in decode order. Never empty. */
  readonly times: readonly SampleTimes[];
  /** Bytes of the samples `[from, to)`. Throws LogReadError. */
  read(from: number, to: number): Promise<Uint8Array[]>;
}

/**
 * The pictures of a fragment, from memory where it is in the live window, else from the log; `undefined` when it has none. Throws
 * LogReadError, Mp4Error, CodecError.
 */
export async function picturesOf(
  source: ReadSource,
  info: FragmentInfo,
): Promise<FragmentPictures | undefined> {
  const live = source.window.byOrdinal(info.ordinal);
  return live === undefined ? storedPictures(source, info) : livePictures(live);
}

function livePictures(live: LiveFragment): FragmentPictures | undefined {
  const track = videoOf(live.tracks);
  const samples = live.samples.filter(({ trackId }) => trackId === track?.id);
  if (track === undefined || samples.length === 0) return undefined;
  return {
    info: live.info,
    track,
    times: samples,
    read: async (from, to) => samples.slice(from, to).map(({ data }) => data),
  };
}

async function storedPictures(
  { log }: ReadSource,
  info: FragmentInfo,
): Promise<FragmentPictures | undefined> {
  const init = await log.init(info.initId);
  if (init === undefined) throw new LogReadError('gone', `the init segment of ${info.number} is gone`);
  const track = videoOf(readInitSegment(init.bytes));
  if (track === undefined) return undefined;
  const stored = await log.open(info.ordinal);
  let locations: SampleLocation[];
  try {
    const heads = await readFragmentHeads(stored);
    locations = heads
      .flatMap(({ tracks }) => tracks)
      .filter(({ trackId }) => trackId === track.id)
      .flatMap(({ samples }) => samples);
  } finally {
    stored.close();
  }
  if (locations.length === 0) return undefined;
  return {
    info,
    track,
    times: locations,
    read: async (from, to) => {
      const bytes = await log.open(info.ordinal);
      try {
        const samples: Uint8Array[] = [];
        for (const { offsetBytes, sizeBytes } of locations.slice(from, to)) {
          const sample = Buffer.allocUnsafe(sizeBytes);
          await bytes.read(sample, offsetBytes, sizeBytes);
          samples.push(sample);
        }
        return samples;
      } finally {
        bytes.close();
      }
    },
  };
}

function videoOf(tracks: readonly Track[]): Track | undefined {
  return tracks.find(({ kind }) => kind === 'video');
}
