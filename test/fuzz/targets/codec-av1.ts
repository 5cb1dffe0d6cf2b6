import {
  av1CFromKeyFrame,
  isAv1Sync,
  parseAv1C,
  parseAv1SequenceHeader,
} from '../../../fragments/media/av1.ts';
import { withoutTemporalDelimiters } from '../../../fragments/media/av1-obu.ts';
import { CodecError } from '../../../fragments/media/codec-error.ts';
import { withInBandParameterSets } from '../../../fragments/media/decoder-change.ts';
import { describeTrack } from '../../../fragments/media/describe-track.ts';
import { casesOf } from '../../unit/fragments/media/codec-fixtures.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const configs = casesOf('av1').map((one) => one.config);

/** av1C as a config and its OBUs as a temporal unit; every seed is one av1C. */
export const target: FuzzTarget = {
  name: 'codec-av1',
  seeds: () => configs,
  isTyped: (error) => error instanceof CodecError,
  run(input) {
    const unit = input.subarray(4);
    isAv1Sync(unit);
    withoutTemporalDelimiters(unit);
    const { sequenceHeader } = parseAv1C(input);
    if (sequenceHeader) parseAv1SequenceHeader(sequenceHeader);
    describeTrack({
      id: 1,
      kind: 'video',
      codec: 'av1',
      timescale: 90000,
      config: input,
      width: 2,
      height: 2,
    });
    av1CFromKeyFrame(unit);
    const [known] = configs;
    if (known === undefined) return;
    const track = describeTrack({ id: 1, kind: 'video', codec: 'av1', timescale: 90000, config: known });
    withInBandParameterSets(track, unit);
  },
};
