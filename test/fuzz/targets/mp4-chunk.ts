import { samplesOf } from '../../../fragments/cmaf/read-chunk.ts';
import { singleTrackView } from '../../../fragments/cmaf/single-track-view.ts';
import { wallClockOf } from '../../../fragments/cmaf/wall-clock.ts';
import type { FuzzTarget } from '../fuzz-target.ts';
import { chunks, isTyped, TRACKS } from '../mp4-seeds.ts';

export const target: FuzzTarget = {
  name: 'mp4-chunk',
  seeds: chunks,
  run(input) {
    wallClockOf(input);
    singleTrackView(input, 2);
    samplesOf(input, TRACKS);
  },
  isTyped,
};
