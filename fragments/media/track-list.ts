import type { Track } from './track.ts';

/** The track that tells a fragment's time and where it may begin: the first video, else the first audio, else the first. */
export function leadTrack(tracks: readonly Track[]): Track | undefined {
  return (
    tracks.find((track) => track.kind === 'video') ??
    tracks.find((track) => track.kind === 'audio') ??
    tracks[0]
  );
}
