import type { Sample, Track } from '../media/track.ts';

/** A sample on its way from the timeline to its fragment: placed on the run's media timeline, its duration still open. */
export interface TimedSample extends Sample {
  /** Filled in when the next sample of the track is there; 0 until then. */
  durationTicks: number;
  /** `dtsTicks` in seconds, to compare tracks of different timescales. */
  readonly dtsSeconds: number;
  /** When it reached us, epoch ms, never falling within a stream. */
  readonly serverMs: number;
  /** When it happened by the producer's clock, epoch ms. */
  readonly producerMs: number;
  /** It is the first of a new run: everything before it must be finished first. */
  readonly startsRun: boolean;
}

const USUAL_FRAME_SECONDS = { video: 1 / 25, audio: 0.02, data: 0 } as const;

/** Duration of a sample of the track when nothing better is known, in ticks; at least 1. */
export function usualDurationTicks(track: Track): number {
  const seconds =
    track.frameLength !== undefined && track.sampleRateHz !== undefined && track.sampleRateHz > 0
      ? track.frameLength / track.sampleRateHz
      : USUAL_FRAME_SECONDS[track.kind];
  return Math.max(1, Math.round(seconds * track.timescale));
}

/** The track whose samples give fragments their time: video, or else the first audio, or else the first. */
export function leadTrack(tracks: readonly Track[]): Track | undefined {
  return (
    tracks.find(({ kind }) => kind === 'video') ?? tracks.find(({ kind }) => kind === 'audio') ?? tracks[0]
  );
}
