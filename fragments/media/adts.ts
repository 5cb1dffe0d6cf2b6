import { AAC_SAMPLE_RATES, buildAudioSpecificConfig } from './aac.ts';
import { CodecError } from './codec-error.ts';

/** ADTS (ISO/IEC 14496-3 §1.A.3.2): AAC frames with a header each, as in MPEG-TS and raw files. */
export interface AdtsHeader {
  readonly objectType: number;
  readonly sampleRateHz: number;
  readonly channelConfiguration: number;
  /** 7, or 9 with a CRC. */
  readonly headerBytes: number;
  /** Header and payload. */
  readonly frameBytes: number;
  /** Raw data blocks (1024 sample frames each) in the frame, 1 to 4. */
  readonly blocks: number;
}

const HEADER_BYTES = 7;

/** Parses the header at `offset`. Throws CodecError. */
export function parseAdtsHeader(bytes: Uint8Array, offset = 0): AdtsHeader {
  const [b0, b1, b2, b3, b4, b5, b6] = bytes.subarray(offset, offset + HEADER_BYTES);
  if (
    b0 === undefined ||
    b1 === undefined ||
    b2 === undefined ||
    b3 === undefined ||
    b4 === undefined ||
    b5 === undefined ||
    b6 === undefined
  ) {
    throw new CodecError('truncated', 'ADTS header is cut off');
  }
  // syncword 0xfff, layer 0
  if (b0 !== 0xff || (b1 & 0xf6) !== 0xf0) throw new CodecError('invalid', 'no ADTS syncword');
  const sampleRateHz = AAC_SAMPLE_RATES[(b2 >> 2) & 15];
  if (sampleRateHz === undefined) throw new CodecError('invalid', 'ADTS sampling frequency index');
  const headerBytes = (b1 & 1) === 1 ? HEADER_BYTES : HEADER_BYTES + 2;
  const frameBytes = ((b3 & 3) << 11) | (b4 << 3) | (b5 >> 5);
  if (frameBytes < headerBytes) throw new CodecError('invalid', `ADTS frame of ${frameBytes} bytes`);
  return {
    objectType: (b2 >> 6) + 1,
    sampleRateHz,
    channelConfiguration: ((b2 & 1) << 2) | (b3 >> 6),
    headerBytes,
    frameBytes,
    blocks: (b6 & 3) + 1,
  };
}

/** Does it begin like an ADTS frame? Raw AAC cannot: 0xfff would be a fill of reserved elements. */
export function isAdts(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xf6) === 0xf0;
}

/**
 * The raw AAC frames of a run of ADTS frames, as views. Throws CodecError: `truncated` when the last frame is cut
 * off, `unsupported` for frames of several raw data blocks, which cannot be split without decoding.
 */
export function stripAdts(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let position = 0; position < bytes.length; ) {
    const header = parseAdtsHeader(bytes, position);
    const end = position + header.frameBytes;
    if (end > bytes.length) throw new CodecError('truncated', 'ADTS frame runs past the end');
    if (header.blocks > 1)
      throw new CodecError('unsupported', `ADTS frame of ${header.blocks} raw data blocks`);
    frames.push(bytes.subarray(position + header.headerBytes, end));
    position = end;
  }
  return frames;
}

/** The AudioSpecificConfig that says what an ADTS header says. Throws CodecError (see buildAudioSpecificConfig). */
export function adtsConfig(header: AdtsHeader): Uint8Array {
  return buildAudioSpecificConfig(header);
}
