import type { Track } from '../../../fragments/media/track.ts';

/** Ticks of a Matroska document. */

const NS_PER_SECOND = 1e9;
const NS_PER_MS = 1e6;
/** A block's time is a signed 16-bit number; a little is left for samples that are shown later than the last one is decoded. */
const MS_AT_ONE_MS = 30_000;

/**
 * TimecodeScale of documents that are made here. A cluster is a whole fragment, so 16 bits must span it: a millisecond is
 * the finest round scale that spans the 20 s of KVS (0.5 ms spans 16 s). It is what WebM prescribes and all players know,
 * and exact for RTMP, which counts milliseconds. Where fragments are longer, as many milliseconds as it takes.
 */
export function timecodeScaleNsFor(longestFragmentMs: number): number {
  return NS_PER_MS * Math.max(1, Math.ceil(longestFragmentMs / MS_AT_ONE_MS));
}

/** Media time of tracks in ticks of one document. Exact where the track counts in the document's own ticks. */
export class BlockClock {
  readonly #trackTicksPerTick: ReadonlyMap<number, number>;

  constructor(tracks: readonly Track[], timecodeScaleNs: number) {
    this.#trackTicksPerTick = new Map(
      tracks.map(({ id, timescale }) => [id, (timescale * timecodeScaleNs) / NS_PER_SECOND]),
    );
  }

  /** `undefined` for tracks that the document does not have. */
  ticks(trackId: number, mediaTicks: number): number | undefined {
    const perTick = this.#trackTicksPerTick.get(trackId);
    return perTick === undefined ? undefined : Math.round(mediaTicks / perTick);
  }
}

const MIN_RELATIVE = -0x8000;
const MAX_RELATIVE = 0x7fff;

/** What a block says of its time. One that is further from the cluster's than 16 bits tell stands at the furthest they tell. */
export function relativeTicks(ticks: number, clusterTicks: number): number {
  return Math.max(MIN_RELATIVE, Math.min(MAX_RELATIVE, ticks - clusterTicks));
}
