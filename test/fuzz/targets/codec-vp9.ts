import { CodecError } from '../../../fragments/media/codec-error.ts';
import { withInBandParameterSets } from '../../../fragments/media/decoder-change.ts';
import { describeTrack } from '../../../fragments/media/describe-track.ts';
import { isVp8Sync, parseVp8KeyFrame, vpcCFromVp8KeyFrame } from '../../../fragments/media/vp8.ts';
import { isVp9Sync, parseVp9KeyFrame, vpcCFromVp9KeyFrame } from '../../../fragments/media/vp9.ts';
import { caseOf, casesOf } from '../../unit/fragments/media/codec-fixtures.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const { config: known } = caseOf('vp9 profile 0');
const CONFIG_BYTES = known.length;

/** A vpcC with a VP9 or VP8 frame behind it. */
export const target: FuzzTarget = {
  name: 'codec-vp9',
  seeds: () =>
    [...casesOf('vp9'), ...casesOf('vp8')].map(({ config, frame }) =>
      Buffer.concat([config.length === 0 ? known : config, frame]),
    ),
  isTyped: (error) => error instanceof CodecError,
  run(input) {
    const config = input.subarray(0, CONFIG_BYTES);
    const frame = input.subarray(CONFIG_BYTES);
    isVp9Sync(frame);
    isVp8Sync(frame);
    for (const [codec, isKey, toConfig] of [
      ['vp9', parseVp9KeyFrame, vpcCFromVp9KeyFrame],
      ['vp8', parseVp8KeyFrame, vpcCFromVp8KeyFrame],
    ] as const) {
      const track = describeTrack({
        id: 1,
        kind: 'video',
        codec,
        timescale: 90000,
        config,
        width: 2,
        height: 2,
      });
      if (isKey(frame)) toConfig(frame);
      withInBandParameterSets(track, frame);
    }
  },
};
