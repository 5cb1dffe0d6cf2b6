import { MatroskaError } from '../../../fragments/matroska/matroska-event.ts';
import { MatroskaReader } from '../../../fragments/matroska/matroska-reader.ts';
import { MatroskaSamples } from '../../../fragments/matroska/matroska-samples.ts';
import { fileDocument, mkvgenSession } from '../../unit/fragments/matroska/ebml-bytes.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

/** A live stream in two pieces, down to tracks and samples. */
export const target: FuzzTarget = {
  name: 'matroska',
  seeds: () => [mkvgenSession(), fileDocument()],
  run(input) {
    const reader = new MatroskaReader();
    const samples = new MatroskaSamples();
    const half = input.length >> 1;
    for (const piece of [input.subarray(0, half), input.subarray(half)]) {
      for (const event of reader.push(piece)) {
        if (event.type === 'header') samples.setHeader(event);
        else if (event.type === 'frame') samples.sampleOf(event);
      }
    }
    for (const event of reader.end()) if (event.type === 'frame') samples.sampleOf(event);
  },
  isTyped: (error) => error instanceof MatroskaError,
};
