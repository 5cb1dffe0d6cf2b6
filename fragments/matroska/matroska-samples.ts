import { DecodeTimes, reorderDepth } from '../media/reorder.ts';
import type { Sample, Track } from '../media/track.ts';
import type { MatroskaEvent } from './matroska-event.ts';
import { ticksOfTimecode } from './timecode-scale.ts';
import { tracksOf } from './tracks-of.ts';

type Header = Extract<MatroskaEvent, { type: 'header' }>;
type Frame = Extract<MatroskaEvent, { type: 'frame' }>;

interface Lane {
  readonly track: Track;
  readonly times: DecodeTimes;
}

/** Makes tracks and samples of a document's events. Presentation times stay exactly the producer's. */
export class MatroskaSamples {
  #timecodeScaleNs = 1_000_000;
  #lanes: ReadonlyMap<number, Lane> = new Map();

  /** Takes a header event and answers its tracks. Decode times go on for tracks that are as they were. */
  setHeader(header: Header): Track[] {
    const tracks = tracksOf(header.tracks, header.timecodeScaleNs);
    const isSameClock = header.timecodeScaleNs === this.#timecodeScaleNs;
    this.#timecodeScaleNs = header.timecodeScaleNs;
    const lanes = new Map<number, Lane>();
    for (const [i, track] of tracks.entries()) {
      const before = isSameClock ? this.#lanes.get(track.id) : undefined;
      const depth = reorderDepth(track);
      const durationNs = header.tracks[i]?.defaultDurationNs;
      const frameTicks = durationNs === undefined ? undefined : durationNs / header.timecodeScaleNs;
      const goesOn = before !== undefined && before.times.depth >= depth;
      lanes.set(track.id, { track, times: goesOn ? before.times : new DecodeTimes(depth, frameTicks) });
    }
    this.#lanes = lanes;
    return tracks;
  }

  /** The sample of a frame, its duration not known yet; `undefined` when no track has the frame's number. */
  sampleOf(frame: Frame): Sample | undefined {
    const lane = this.#lanes.get(frame.trackNumber);
    if (lane === undefined) return undefined;
    const ptsTicks = ticksOfTimecode(frame.timecode, this.#timecodeScaleNs);
    const dtsTicks = lane.times.next(ptsTicks);
    return {
      trackId: lane.track.id,
      dtsTicks,
      compositionOffsetTicks: ptsTicks - dtsTicks,
      durationTicks: 0,
      isSync: lane.track.kind !== 'video' || frame.isKey,
      data: frame.data,
    };
  }

  /** Another timeline begins (a new document, a jump): decode times start anew. */
  restart(): void {
    for (const { times } of this.#lanes.values()) times.restart();
  }
}
