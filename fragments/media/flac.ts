import { BitReader } from './bit-reader.ts';
import { CodecError } from './codec-error.ts';

/** FLAC: STREAMINFO (RFC 9639 §8.2) and the `dfLa` box (FLAC in ISOBMFF §3.3.2: version, flags, metadata blocks). */

const STREAMINFO_BYTES = 34;
const BLOCK_STREAMINFO = 0;
const MAGIC = Buffer.from('fLaC', 'latin1');

export interface FlacConfig {
  readonly minBlockSize: number;
  readonly maxBlockSize: number;
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly bitsPerSample: number;
}

/** Parses the 34 bytes of a STREAMINFO block. Throws CodecError. */
export function parseFlacStreamInfo(info: Uint8Array): FlacConfig {
  const reader = new BitReader(info);
  const minBlockSize = reader.bits(16);
  const maxBlockSize = reader.bits(16);
  reader.skip(48); // frame sizes
  const sampleRateHz = reader.bits(20);
  const channels = reader.bits(3) + 1;
  const bitsPerSample = reader.bits(5) + 1;
  reader.skip(36 + 128); // total samples, MD5
  if (sampleRateHz === 0) throw new CodecError('invalid', 'FLAC sample rate 0');
  return { minBlockSize, maxBlockSize, sampleRateHz, channels, bitsPerSample };
}

/** Parses the payload of a dfLa box. Throws CodecError. */
export function parseDfLa(config: Uint8Array): FlacConfig {
  if (config.length < 4) throw new CodecError('truncated', `dfLa of ${config.length} bytes`);
  if (config[0] !== 0) throw new CodecError('unsupported', `dfLa version ${config[0]}`);
  return parseFlacStreamInfo(streamInfoOf(config.subarray(4)));
}

/**
 * The payload of a dfLa box from what other containers carry: `fLaC` and metadata blocks (Matroska, enhanced RTMP),
 * the blocks alone, or a bare STREAMINFO. Only STREAMINFO is kept. Throws CodecError.
 */
export function buildDfLa(header: Uint8Array): Uint8Array {
  const info =
    header.length === STREAMINFO_BYTES
      ? header
      : streamInfoOf(isFlacHeader(header) ? header.subarray(4) : header);
  parseFlacStreamInfo(info);
  const lastBlock = 0x80 | BLOCK_STREAMINFO;
  return Buffer.concat([Uint8Array.of(0, 0, 0, 0, lastBlock, 0, 0, STREAMINFO_BYTES), info]);
}

export function isFlacHeader(bytes: Uint8Array): boolean {
  return MAGIC.equals(bytes.subarray(0, MAGIC.length));
}

/** RFC 9639 §8.2: STREAMINFO is the first metadata block. */
function streamInfoOf(blocks: Uint8Array): Uint8Array {
  const reader = new BitReader(blocks);
  reader.skip(1); // last-metadata-block flag
  const type = reader.bits(7);
  const length = reader.bits(24);
  if (type !== BLOCK_STREAMINFO || length !== STREAMINFO_BYTES) {
    throw new CodecError('invalid', `FLAC metadata begins with block ${type} of ${length} bytes`);
  }
  return reader.bytes(length);
}
