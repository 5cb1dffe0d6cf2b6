import { dac3FromFrame, parseDac3 } from '../../../fragments/media/ac3.ts';
import { CodecError } from '../../../fragments/media/codec-error.ts';
import { describeTrack } from '../../../fragments/media/describe-track.ts';
import { buildDfLa, parseDfLa } from '../../../fragments/media/flac.ts';
import { parseMp3Header } from '../../../fragments/media/mp3.ts';
import { casesOf } from '../../unit/fragments/media/codec-fixtures.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

type Parse = (input: Uint8Array) => unknown;

const facts = { id: 1, kind: 'audio', timescale: 48000 } as const;
const PARSERS: readonly Parse[] = [
  parseMp3Header,
  (input) => describeTrack({ ...facts, codec: 'flac', config: input }),
  (input) => parseDfLa(buildDfLa(input)),
  (input) => describeTrack({ ...facts, codec: 'ac3', config: input }),
  (input) => parseDac3(dac3FromFrame(input)),
];

/** MP3, FLAC and AC-3 headers; the first byte names the parser. */
export const target: FuzzTarget = {
  name: 'codec-misc',
  seeds: () => {
    const seed = (parser: number, input: Uint8Array): Uint8Array =>
      Buffer.concat([Uint8Array.of(parser), input]);
    return [
      ...casesOf('mp3').map(({ frame }) => seed(0, frame.subarray(0, 8))),
      ...casesOf('flac').flatMap(({ config }) => [seed(1, config), seed(2, config.subarray(4))]),
      ...casesOf('ac3').flatMap(({ config, frame }) => [seed(3, config), seed(4, frame.subarray(0, 16))]),
    ];
  },
  isTyped: (error) => error instanceof CodecError,
  run(input) {
    const parse = PARSERS[(input[0] ?? 0) % PARSERS.length];
    parse?.(input.subarray(1));
  },
};
