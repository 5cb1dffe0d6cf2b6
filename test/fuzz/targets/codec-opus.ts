import { CodecError } from '../../../fragments/media/codec-error.ts';
import { describeTrack } from '../../../fragments/media/describe-track.ts';
import {
  dOpsFromOpusHead,
  isOpusHead,
  opusHeadFromDOps,
  opusPacketSamples,
} from '../../../fragments/media/opus.ts';
import { casesOf, opusHeadOf } from '../../unit/fragments/media/codec-fixtures.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

/** One dOps, OpusHead or packet. */
export const target: FuzzTarget = {
  name: 'codec-opus',
  seeds: () => casesOf('opus').flatMap(({ name, config, frame }) => [config, opusHeadOf(name), frame]),
  isTyped: (error) => error instanceof CodecError,
  run(input) {
    if (isOpusHead(input)) dOpsFromOpusHead(input);
    else opusHeadFromDOps(input);
    describeTrack({ id: 1, kind: 'audio', codec: 'opus', timescale: 48000, config: input });
    opusPacketSamples(input);
  },
};
