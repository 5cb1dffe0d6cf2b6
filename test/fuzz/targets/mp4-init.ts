import { readInitSegment, writeInitSegment } from '../../../fragments/cmaf/init-segment.ts';
import type { FuzzTarget } from '../fuzz-target.ts';
import { initSegments, isTyped } from '../mp4-seeds.ts';

export const target: FuzzTarget = {
  name: 'mp4-init',
  seeds: initSegments,
  run(input) {
    const tracks = readInitSegment(input);
    if (tracks.length > 0) writeInitSegment(tracks);
  },
  isTyped,
};
