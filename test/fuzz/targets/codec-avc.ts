import {
  avcParameterSetsOf,
  avcPpsId,
  buildAvcC,
  isAvcSync,
  parseAvcC,
} from '../../../fragments/media/avc.ts';
import { avcReorderDepth, avcSpsId, parseAvcSps } from '../../../fragments/media/avc-sps.ts';
import { CodecError } from '../../../fragments/media/codec-error.ts';
import { withInBandParameterSets } from '../../../fragments/media/decoder-change.ts';
import { describeTrack } from '../../../fragments/media/describe-track.ts';
import {
  annexBToLengthPrefixed,
  joinAnnexB,
  lengthPrefixedToAnnexB,
} from '../../../fragments/media/nal-units.ts';
import { casesOf } from '../../unit/fragments/media/codec-fixtures.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

/** avcC as a config, its sets as a sample of both forms; every seed is one avcC. */
export const target: FuzzTarget = {
  name: 'codec-avc',
  seeds: () => casesOf('h264').map((one) => one.config),
  isTyped: (error) => error instanceof CodecError,
  run(input) {
    isAvcSync(input, 4);
    isAvcSync(input.subarray(8), 2);
    avcParameterSetsOf(input.subarray(6), 2);
    annexBToLengthPrefixed(input);
    const avcC = parseAvcC(input);
    for (const pps of avcC.pps) avcPpsId(pps);
    for (const sps of avcC.sps) {
      avcSpsId(sps);
      const depth = avcReorderDepth(parseAvcSps(sps));
      if (!(depth >= 0 && depth <= 16)) throw new RangeError(`reorder depth ${depth}`);
    }
    const track = describeTrack({ id: 1, kind: 'video', codec: 'h264', timescale: 90000, config: input });
    buildAvcC(avcC.sps, avcC.pps);
    const sample = annexBToLengthPrefixed(joinAnnexB([...avcC.sps, ...avcC.pps]));
    lengthPrefixedToAnnexB(sample, 4);
    withInBandParameterSets(track, sample);
  },
};
