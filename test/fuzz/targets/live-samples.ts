import { CodecError } from '../../../fragments/media/codec-error.ts';
import { needsEarlierGroup, showsPicture, startsClosedGroup } from '../../../ml/decode/coded-picture.ts';
import { requireModestChange, requireModestSize } from '../../../ml/decode/declared-size.ts';
import { DecodeError } from '../../../ml/decode/decode-job.ts';
import { TINY_PICTURES } from '../../../ml/decode/tiny-pictures.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

/** What is read of samples before a decoder is given them. A seed: number of the codec, length of the config, config, sample. */
export const target: FuzzTarget = {
  name: 'live-samples',
  seeds: () =>
    TINY_PICTURES.map(({ track, sample }, i) =>
      Buffer.concat([Buffer.from([i, track.config.length]), track.config, sample.data]),
    ),
  isTyped: (error) => error instanceof CodecError || error instanceof DecodeError,
  run(input) {
    const [codec = 0, configLength = 0] = input;
    const tiny = TINY_PICTURES[codec % TINY_PICTURES.length];
    if (tiny === undefined) return;
    const config = input.subarray(2, 2 + configLength);
    const sample = input.subarray(2 + configLength);
    // With the config as it should be, and as it came.
    for (const track of [tiny.track, { ...tiny.track, config }]) {
      showsPicture(track, sample);
      startsClosedGroup(track, sample);
      needsEarlierGroup(track, tiny.sample.data, sample);
      requireModestChange(track, sample);
      requireModestSize(track, sample);
    }
  },
};
