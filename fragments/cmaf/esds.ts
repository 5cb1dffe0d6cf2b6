import { fullBox, u8, u16 } from './box-writer.ts';
import { type Box, bodyOf } from './boxes.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { Mp4Error } from './mp4-error.ts';

/** The `esds` box: MPEG-4 elementary stream descriptors (ISO 14496-1 §7.2.6), for AAC and MP3. */

const ES_DESCRIPTOR = 0x03;
const DECODER_CONFIG_DESCRIPTOR = 0x04;
const DECODER_SPECIFIC_INFO = 0x05;
const SL_CONFIG_DESCRIPTOR = 0x06;
/** AudioStream (5) << 2, upStream 0, reserved 1. */
const AUDIO_STREAM = 0x15;

/** What Framelog needs of it. */
export interface ElementaryStream {
  /** ISO 14496-1 objectTypeIndication: 0x40 MPEG-4 audio, 0x6B MPEG-1 audio, 0x69 MPEG-2 audio. */
  readonly objectType: number;
  /** DecoderSpecificInfo: the AudioSpecificConfig of AAC; empty when there is none. */
  readonly config: Uint8Array;
}

export function writeEsds(stream: ElementaryStream): Uint8Array {
  const specificInfo = stream.config.length > 0 ? descriptor(DECODER_SPECIFIC_INFO, stream.config) : u8();
  const bufferAndBitrates = new Uint8Array(11); // "0: not known"
  const decoderConfig = descriptor(
    DECODER_CONFIG_DESCRIPTOR,
    u8(stream.objectType, AUDIO_STREAM),
    bufferAndBitrates,
    specificInfo,
  );
  // ISO 14496-14 §3.1.2: ES_ID is 0 in a file, and the SLConfigDescriptor is predefined type 2.
  const body = descriptor(
    ES_DESCRIPTOR,
    u16(0),
    u8(0),
    decoderConfig,
    descriptor(SL_CONFIG_DESCRIPTOR, u8(2)),
  );
  return fullBox('esds', 0, 0, body);
}

/** Throws Mp4Error `truncated`, `invalid`. */
export function readEsds(esds: Box): ElementaryStream {
  const cursor = bodyOf(esds);
  cursor.skip(4);
  enter(cursor, ES_DESCRIPTOR);
  cursor.skip(2);
  const flags = cursor.u8();
  if (flags & 0x80) cursor.skip(2);
  if (flags & 0x40) cursor.skip(cursor.u8());
  if (flags & 0x20) cursor.skip(2);
  const configEnd = enter(cursor, DECODER_CONFIG_DESCRIPTOR) + cursor.position;
  const objectType = cursor.u8();
  cursor.skip(12);
  if (cursor.position >= configEnd) return { objectType, config: u8() };
  return { objectType, config: cursor.bytes(enter(cursor, DECODER_SPECIFIC_INFO)) };
}

/** Reads a descriptor's head, which must have this tag; answers the length of its body. */
function enter(cursor: ByteCursor, tag: number): number {
  const found = cursor.u8();
  if (found !== tag) throw new Mp4Error('invalid', `esds: descriptor ${tag} expected, ${found} found`);
  // "expandable" size: 7 bits a byte, at most four bytes
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const byte = cursor.u8();
    length = (length << 7) | (byte & 0x7f);
    if (byte < 0x80) return length;
  }
  throw new Mp4Error('invalid', 'esds: descriptor size of more than four bytes');
}

function descriptor(tag: number, ...body: Uint8Array[]): Uint8Array {
  const length = body.reduce((sum, part) => sum + part.length, 0);
  // The four-byte form of the size, as most writers use it.
  const size = u8((length >> 21) | 0x80, (length >> 14) | 0x80, (length >> 7) | 0x80, length & 0x7f);
  return Buffer.concat([u8(tag), size, ...body]);
}
