import { BitReader } from './bit-reader.ts';
import { CodecError } from './codec-error.ts';

/**
 * Opus: the decoder config as `dOps` (Opus in ISOBMFF §4.3.2, big endian) and as `OpusHead` (RFC 7845 §5.1, little
 * endian: Ogg, Matroska, enhanced RTMP), and the duration of packets (RFC 6716 §3.1).
 */

/** Opus always decodes to this rate; media time of Opus counts it (Opus in ISOBMFF §4.3). */
export const OPUS_SAMPLE_RATE_HZ = 48000;

const MAGIC = Buffer.from('OpusHead', 'latin1');
/** RFC 6716 §3.4, R5: no packet lasts longer than 120 ms. */
const MAX_PACKET_SAMPLES = 5760;

export interface OpusConfig {
  readonly channels: number;
  /** Samples at 48 kHz to drop at the start. */
  readonly preSkip: number;
  /** Rate of the original input; information only. */
  readonly inputSampleRateHz: number;
  /** Q7.8 dB. */
  readonly outputGain: number;
  readonly mappingFamily: number;
  /** stream_count, coupled_count and the channel mapping, where the family is not 0. */
  readonly mapping: Uint8Array;
}

/** Parses the payload of a dOps box. Throws CodecError. */
export function parseDOps(config: Uint8Array): OpusConfig {
  const reader = new BitReader(config);
  const version = reader.bits(8);
  if (version !== 0) throw new CodecError('unsupported', `dOps version ${version}`);
  const channels = reader.bits(8);
  const preSkip = reader.bits(16);
  const inputSampleRateHz = reader.bits(32);
  const outputGain = (reader.bits(16) << 16) >> 16;
  return { channels, preSkip, inputSampleRateHz, outputGain, ...readMapping(reader, channels) };
}

/** Parses an OpusHead packet with its magic. Throws CodecError. */
export function parseOpusHead(head: Uint8Array): OpusConfig {
  if (!isOpusHead(head)) throw new CodecError('invalid', 'no OpusHead magic');
  const reader = new BitReader(head);
  reader.skip(MAGIC.length * 8);
  const version = reader.bits(8);
  // RFC 7845 §5.1: the upper four bits are the major version; minor ones are compatible.
  if (version > 15) throw new CodecError('unsupported', `OpusHead version ${version}`);
  const channels = reader.bits(8);
  const fields = Buffer.from(reader.bytes(8));
  return {
    channels,
    preSkip: fields.readUInt16LE(0),
    inputSampleRateHz: fields.readUInt32LE(2),
    outputGain: fields.readInt16LE(6),
    ...readMapping(reader, channels),
  };
}

function readMapping(reader: BitReader, channels: number): Pick<OpusConfig, 'mappingFamily' | 'mapping'> {
  if (channels === 0) throw new CodecError('invalid', 'Opus without channels');
  const mappingFamily = reader.bits(8);
  if (mappingFamily === 0 && channels > 2) {
    throw new CodecError('invalid', `${channels} Opus channels in mapping family 0`);
  }
  return { mappingFamily, mapping: reader.bytes(mappingFamily === 0 ? 0 : 2 + channels) };
}

export function isOpusHead(bytes: Uint8Array): boolean {
  return MAGIC.equals(bytes.subarray(0, MAGIC.length));
}

/** Writes the payload of a dOps box. */
export function buildDOps(config: OpusConfig): Uint8Array {
  const out = Buffer.alloc(11 + config.mapping.length);
  out.writeUInt8(config.channels, 1);
  out.writeUInt16BE(config.preSkip, 2);
  out.writeUInt32BE(config.inputSampleRateHz, 4);
  out.writeInt16BE(config.outputGain, 8);
  out.writeUInt8(config.mappingFamily, 10);
  out.set(config.mapping, 11);
  return out;
}

/** Writes an OpusHead packet. */
export function buildOpusHead(config: OpusConfig): Uint8Array {
  const out = Buffer.alloc(19 + config.mapping.length);
  out.set(MAGIC, 0);
  out.writeUInt8(1, 8);
  out.writeUInt8(config.channels, 9);
  out.writeUInt16LE(config.preSkip, 10);
  out.writeUInt32LE(config.inputSampleRateHz, 12);
  out.writeInt16LE(config.outputGain, 16);
  out.writeUInt8(config.mappingFamily, 18);
  out.set(config.mapping, 19);
  return out;
}

export function dOpsFromOpusHead(head: Uint8Array): Uint8Array {
  return buildDOps(parseOpusHead(head));
}

export function opusHeadFromDOps(config: Uint8Array): Uint8Array {
  return buildOpusHead(parseDOps(config));
}

/** Samples at 48 kHz in one Opus packet, from its TOC byte (RFC 6716 §3.1 table 2, §3.2). Throws CodecError. */
export function opusPacketSamples(packet: Uint8Array): number {
  const [toc, second] = packet;
  if (toc === undefined) throw new CodecError('truncated', 'empty Opus packet');
  const config = toc >> 3;
  const code = toc & 3;
  let frames = code === 0 ? 1 : 2;
  if (code === 3) {
    if (second === undefined)
      throw new CodecError('truncated', 'Opus packet of code 3 without a frame count');
    frames = second & 63;
  }
  const samples = frames * frameSamples(config);
  if (frames === 0 || samples > MAX_PACKET_SAMPLES) {
    throw new CodecError('invalid', `Opus packet of ${samples} samples`);
  }
  return samples;
}

function frameSamples(config: number): number {
  if (config >= 16) return 120 << (config & 3); // CELT: 2.5, 5, 10, 20 ms
  if (config >= 12) return 480 << (config & 1); // hybrid: 10, 20 ms
  return (config & 3) === 3 ? 2880 : 480 << (config & 3); // SILK: 10, 20, 40, 60 ms
}
