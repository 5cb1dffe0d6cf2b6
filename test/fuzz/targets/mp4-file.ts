import { readBoxes, requireBox } from '../../../fragments/cmaf/boxes.ts';
import { readMovie } from '../../../fragments/cmaf/movie.ts';
import { SampleTable } from '../../../fragments/cmaf/sample-table.ts';
import type { FuzzTarget } from '../fuzz-target.ts';
import { initSegments, isTyped } from '../mp4-seeds.ts';

/** Samples walked of each track: tables may claim any number, and are only walked as far as the data are read. */
const MAX_SAMPLES = 2000;

/** The head of an MP4 file and its sample tables; what openMp4 reads around them is only box headers. */
export const target: FuzzTarget = {
  name: 'mp4-file',
  seeds: initSegments,
  run(input) {
    for (const movieTrack of readMovie(requireBox(readBoxes(input), 'moov')).tracks) {
      const table = new SampleTable(movieTrack);
      for (let i = 0; i < MAX_SAMPLES && table.next() !== undefined; i++);
    }
  },
  isTyped,
};
