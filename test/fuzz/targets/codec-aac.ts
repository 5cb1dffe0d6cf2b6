import { parseAudioSpecificConfig } from '../../../fragments/media/aac.ts';
import { adtsConfig, isAdts, parseAdtsHeader, stripAdts } from '../../../fragments/media/adts.ts';
import { CodecError } from '../../../fragments/media/codec-error.ts';
import { describeTrack } from '../../../fragments/media/describe-track.ts';
import { adtsOf, bytes, casesOf } from '../../unit/fragments/media/codec-fixtures.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

/** One AudioSpecificConfig, or a run of ADTS frames. */
export const target: FuzzTarget = {
  name: 'codec-aac',
  seeds: () => [
    ...casesOf('aac').flatMap(({ name, config }) => [config, adtsOf(name)]),
    ...['2b920800', 'eb8a0800', '139056e5a0', '138856e5a54880', '1194', 'f8e63000', '11800c8048840000'].map(
      bytes,
    ),
    bytes('fff14c80015ffcaabbcc fff04c80019ffc1234aabbcc'),
  ],
  isTyped: (error) => error instanceof CodecError,
  run(input) {
    if (isAdts(input)) {
      const header = parseAdtsHeader(input);
      stripAdts(input);
      parseAudioSpecificConfig(adtsConfig(header));
      return;
    }
    parseAudioSpecificConfig(input);
    describeTrack({ id: 1, kind: 'audio', codec: 'aac', timescale: 48000, config: input });
  },
};
