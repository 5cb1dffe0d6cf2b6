import { CodecError } from '../../../fragments/media/codec-error.ts';
import { withInBandParameterSets } from '../../../fragments/media/decoder-change.ts';
import { describeTrack } from '../../../fragments/media/describe-track.ts';
import {
  buildHvcC,
  hevcParameterSetsOf,
  hevcPpsId,
  hevcVpsId,
  isHevcSync,
  parseHvcC,
} from '../../../fragments/media/hevc.ts';
import { hevcSpsId, parseHevcSps } from '../../../fragments/media/hevc-sps.ts';
import { joinLengthPrefixed } from '../../../fragments/media/nal-units.ts';
import { casesOf } from '../../unit/fragments/media/codec-fixtures.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

/** hvcC as a config, its sets as a sample; every seed is one hvcC. */
export const target: FuzzTarget = {
  name: 'codec-hevc',
  seeds: () => casesOf('h265').map((one) => one.config),
  isTyped: (error) => error instanceof CodecError,
  run(input) {
    isHevcSync(input, 4);
    hevcParameterSetsOf(input.subarray(26), 2);
    const hvcC = parseHvcC(input);
    for (const vps of hvcC.vps) hevcVpsId(vps);
    for (const pps of hvcC.pps) hevcPpsId(pps);
    for (const sps of hvcC.sps) {
      hevcSpsId(sps);
      const { reorderFrames } = parseHevcSps(sps);
      if (!(reorderFrames >= 0 && reorderFrames <= 16))
        throw new RangeError(`reorder depth ${reorderFrames}`);
    }
    const track = describeTrack({ id: 1, kind: 'video', codec: 'h265', timescale: 90000, config: input });
    buildHvcC(hvcC.vps, hvcC.sps, hvcC.pps);
    const sample = joinLengthPrefixed([...hvcC.vps, ...hvcC.sps, ...hvcC.pps], hvcC.lengthSize);
    withInBandParameterSets(track, sample);
  },
};
