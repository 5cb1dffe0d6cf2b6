import { BitReader } from './bit-reader.ts';
import { BitWriter } from './bit-writer.ts';
import { CodecError } from './codec-error.ts';

/** AC-3: the sync frame (ETSI TS 102 366 §4.3) and the `dac3` box (annex F.4). */

/** Sample frames in every sync frame: six blocks of 256. */
export const AC3_FRAME_LENGTH = 1536;

const SAMPLE_RATES_HZ = [48000, 44100, 32000] as const;
/** Full-band channels by acmod (table 4.3). */
const CHANNELS = [2, 1, 2, 3, 3, 4, 4, 5] as const;
/** Bit rates by frmsizecod / 2 (table 4.13). */
const BIT_RATES = 19;
/** Streams above are E-AC-3, another codec. */
const MAX_BSID = 10;

export interface Ac3Config {
  readonly fscod: number;
  readonly bsid: number;
  readonly bsmod: number;
  readonly acmod: number;
  readonly hasLfe: boolean;
  readonly bitRateCode: number;
  readonly sampleRateHz: number;
  readonly channels: number;
}

/** Parses the payload of a dac3 box. Throws CodecError. */
export function parseDac3(config: Uint8Array): Ac3Config {
  const reader = new BitReader(config);
  const fscod = reader.bits(2);
  const bsid = reader.bits(5);
  const bsmod = reader.bits(3);
  const acmod = reader.bits(3);
  const hasLfe = reader.flag();
  return checked({ fscod, bsid, bsmod, acmod, hasLfe, bitRateCode: reader.bits(5) });
}

/** Parses the head of a sync frame: syncinfo and the bit stream information up to lfeon. Throws CodecError. */
export function parseAc3Frame(frame: Uint8Array): Ac3Config {
  const reader = new BitReader(frame);
  if (reader.bits(16) !== 0x0b77) throw new CodecError('invalid', 'no AC-3 syncword');
  reader.skip(16); // crc1
  const fscod = reader.bits(2);
  const bitRateCode = reader.bits(6) >> 1;
  const bsid = reader.bits(5);
  const bsmod = reader.bits(3);
  const acmod = reader.bits(3);
  if ((acmod & 1) !== 0 && acmod !== 1) reader.skip(2); // cmixlev
  if ((acmod & 4) !== 0) reader.skip(2); // surmixlev
  if (acmod === 2) reader.skip(2); // dsurmod
  return checked({ fscod, bsid, bsmod, acmod, hasLfe: reader.flag(), bitRateCode });
}

/** The payload of the dac3 box that describes a sync frame. Throws CodecError. */
export function dac3FromFrame(frame: Uint8Array): Uint8Array {
  const { fscod, bsid, bsmod, acmod, hasLfe, bitRateCode } = parseAc3Frame(frame);
  return new BitWriter()
    .bits(2, fscod)
    .bits(5, bsid)
    .bits(3, bsmod)
    .bits(3, acmod)
    .flag(hasLfe)
    .bits(5, bitRateCode)
    .bits(5, 0)
    .finish();
}

function checked(fields: Omit<Ac3Config, 'sampleRateHz' | 'channels'>): Ac3Config {
  const { fscod, bsid, acmod, hasLfe, bitRateCode } = fields;
  const rate = SAMPLE_RATES_HZ[fscod];
  if (bsid > MAX_BSID) throw new CodecError('unsupported', `AC-3 bit stream identification ${bsid}`);
  if (rate === undefined || bitRateCode >= BIT_RATES)
    throw new CodecError('invalid', 'reserved value in AC-3');
  return {
    ...fields,
    // bsid 9 and 10 halve and quarter the rate (the low-rate extension that decoders know).
    sampleRateHz: rate >> Math.max(0, bsid - 8),
    channels: (CHANNELS[acmod] ?? 0) + (hasLfe ? 1 : 0),
  };
}
