import { RtmpError } from './rtmp-error.ts';

/**
 * The header that enhanced audio and video tags share (Enhanced RTMP v2, ExAudioTagHeader and ExVideoTagHeader): packet
 * modifiers first, then either one track or several.
 */

/** One track's part of an enhanced tag. */
export interface ExTrack {
  readonly trackId: number;
  /** Big-endian number of the four characters. */
  readonly fourCc: number;
  readonly body: Buffer;
}

/** Packet type 7 in audio and in video. */
const MOD_EX = 7;
const TIMESTAMP_OFFSET_NANO = 0;
const NANOS_PER_MS = 1_000_000;
const ONE_TRACK = 0;
const MANY_TRACKS_MANY_CODECS = 2;
/** Track ids have 8 bits; more tracks in one message are a mistake or an attack. */
const MAX_TRACKS = 256;
const MAX_MODIFIERS = 16;

/** What the packet modifiers say, and where the header goes on. Throws RtmpError `bad-tag`. */
export function readModifiers(
  payload: Buffer,
  from: number,
  firstPacketType: number,
): { readonly packetType: number; readonly nanos: number; readonly at: number } {
  let packetType = firstPacketType;
  let at = from;
  let nanos = 0;
  for (let count = 0; packetType === MOD_EX; count++) {
    if (count === MAX_MODIFIERS)
      throw new RtmpError('bad-tag', `more than ${MAX_MODIFIERS} packet modifiers`);
    let size = need(payload, at, 1).readUInt8(at) + 1;
    at += 1;
    // "If maximum 8-bit size is not sufficient, use a 16-bit value"
    if (size === 256) {
      size = need(payload, at, 2).readUInt16BE(at) + 1;
      at += 2;
    }
    need(payload, at, size + 1);
    const type = payload.readUInt8(at + size);
    // "modExData MUST be at least 3 bytes, storing values up to 999,999 ns."
    if (type >> 4 === TIMESTAMP_OFFSET_NANO && size >= 3) {
      nanos = Math.min(payload.readUIntBE(at, 3), NANOS_PER_MS - 1);
    }
    packetType = type & 0x0f;
    at += size + 1;
  }
  return { packetType, nanos, at };
}

/**
 * The tracks of a tag, from its FourCC or multitrack byte on. `multitrackType` is the packet type that says multitrack:
 * 5 in audio, 6 in video. Throws RtmpError `bad-tag`.
 */
export function readTracks(
  payload: Buffer,
  from: number,
  packetType: number,
  multitrackType: number,
): { readonly packetType: number; readonly tracks: readonly ExTrack[] } {
  let at = from;
  if (packetType !== multitrackType) {
    const fourCc = need(payload, at, 4).readUInt32BE(at);
    return { packetType, tracks: [{ trackId: 0, fourCc, body: payload.subarray(at + 4) }] };
  }
  const layout = need(payload, at, 1).readUInt8(at);
  at += 1;
  const kind = layout >> 4;
  const innerType = layout & 0x0f;
  // "This fetch MUST not result in a VideoPacketType.Multitrack"
  if (innerType === multitrackType) throw new RtmpError('bad-tag', 'multitrack inside multitrack');
  if (kind > MANY_TRACKS_MANY_CODECS) throw new RtmpError('bad-tag', `multitrack kind ${kind}`);
  let fourCc = 0;
  if (kind !== MANY_TRACKS_MANY_CODECS) {
    fourCc = need(payload, at, 4).readUInt32BE(at);
    at += 4;
  }
  const tracks: ExTrack[] = [];
  do {
    if (tracks.length === MAX_TRACKS)
      throw new RtmpError('bad-tag', `more than ${MAX_TRACKS} tracks in a tag`);
    if (kind === MANY_TRACKS_MANY_CODECS) {
      fourCc = need(payload, at, 4).readUInt32BE(at);
      at += 4;
    }
    const trackId = need(payload, at, 1).readUInt8(at);
    at += 1;
    let end = payload.length;
    if (kind !== ONE_TRACK) {
      end = at + 3 + need(payload, at, 3).readUIntBE(at, 3);
      at += 3;
      need(payload, at, end - at);
    }
    tracks.push({ trackId, fourCc, body: payload.subarray(at, end) });
    at = end;
  } while (at < payload.length);
  return { packetType: innerType, tracks };
}

/** The payload again, when it has so many bytes there. Throws RtmpError `bad-tag`. */
export function need(payload: Buffer, at: number, count: number): Buffer {
  if (at + count > payload.length) throw new RtmpError('bad-tag', `tag of ${payload.length} bytes cut short`);
  return payload;
}
