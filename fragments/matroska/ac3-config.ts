import { BitWriter } from '../media/bit-writer.ts';
import { CodecError } from '../media/codec-error.ts';
import type { MatroskaTrack } from './matroska-event.ts';

/** The rates of fscod 0, 1, 2 (ETSI TS 102 366 table 4.1). */
const SAMPLE_RATES_HZ = [48000, 44100, 32000];
/** acmod by channels without the LFE: mono, stereo, 3/0, 2/2, 3/2. */
const ACMOD = [0, 1, 2, 3, 6, 7];
const BSID = 8;
/** bit_rate_code of 192, and of 448 kbit/s: usual of two channels, and of more. */
const STEREO_RATE_CODE = 10;
const SURROUND_RATE_CODE = 15;

/** A dac3 payload for an AC-3 track: Matroska has none, only rate and channels. Throws CodecError for those AC-3 has not. */
export function ac3ConfigOf(track: MatroskaTrack): Uint8Array {
  const fscod = SAMPLE_RATES_HZ.indexOf(Math.round(track.sampleRateHz ?? 0));
  const channels = track.channels ?? 1;
  const hasLfe = channels === 6;
  const acmod = ACMOD[hasLfe ? 5 : channels];
  if (fscod < 0 || acmod === undefined || channels < 1) {
    throw new CodecError('unsupported', `AC-3 of ${channels} channels at ${track.sampleRateHz} Hz`);
  }
  return new BitWriter()
    .bits(2, fscod)
    .bits(5, BSID)
    .bits(3, 0)
    .bits(3, acmod)
    .flag(hasLfe)
    .bits(5, channels > 2 ? SURROUND_RATE_CODE : STEREO_RATE_CODE)
    .bits(5, 0)
    .finish();
}
