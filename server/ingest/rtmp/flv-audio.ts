import type { Codec } from '../../../fragments/media/track.ts';
import { need, readModifiers, readTracks } from './flv-ex-header.ts';
import { audioCodecOf, fourCcText } from './four-cc.ts';

/** Audio tags: FLV (Adobe FLV 10.1 annex E.4.2) and enhanced (Enhanced RTMP v2, "Enhanced Audio"). */

export type AudioPacket =
  /** AudioSpecificConfig, OpusHead, or `fLaC` with STREAMINFO. */
  | { readonly type: 'config'; readonly trackId: number; readonly codec: Codec; readonly config: Buffer }
  | {
      readonly type: 'frame';
      readonly trackId: number;
      readonly codec: Codec;
      /** What the tag says; means something for G.711 only, the other codecs say it themselves. */
      readonly channels: 1 | 2;
      /** Nanoseconds to add to the message's timestamp. */
      readonly nanos: number;
      readonly data: Buffer;
    }
  /** Nothing to store: silence messages, end of sequence, channel maps. */
  | { readonly type: 'ignored' }
  /** Media that Framelog cannot store; `what` names it. */
  | { readonly type: 'unsupported'; readonly what: string };

const EX_HEADER = 9;
const PacketType = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  multichannelConfig: 4,
  multitrack: 5,
} as const;
const IGNORED: readonly AudioPacket[] = [{ type: 'ignored' }];

/** SoundFormat of legacy tags. 14 is MP3 at 8 kHz, which its own header says as well. */
const LEGACY_CODECS: Readonly<Record<number, Codec>> = {
  2: 'mp3',
  7: 'pcma',
  8: 'pcmu',
  10: 'aac',
  14: 'mp3',
};

/** Takes an audio message apart. Throws RtmpError `bad-tag`. */
export function readAudioTag(payload: Buffer): readonly AudioPacket[] {
  // "This silence message is identified when an audio message contains a zero-length payload".
  if (payload.length === 0) return IGNORED;
  const first = payload.readUInt8(0);
  return first >> 4 === EX_HEADER ? readEnhanced(payload, first & 0x0f) : readLegacy(payload, first);
}

function readLegacy(payload: Buffer, first: number): readonly AudioPacket[] {
  const codec = LEGACY_CODECS[first >> 4];
  if (codec === undefined) return [{ type: 'unsupported', what: `FLV audio format ${first >> 4}` }];
  const channels = (first & 1) === 0 ? 1 : 2;
  if (codec !== 'aac') return frame(0, codec, channels, 0, payload.subarray(1));
  const packetType = need(payload, 1, 1).readUInt8(1);
  const data = payload.subarray(2);
  if (packetType === 0) return [{ type: 'config', trackId: 0, codec, config: data }];
  return frame(0, codec, channels, 0, data);
}

function readEnhanced(payload: Buffer, firstPacketType: number): readonly AudioPacket[] {
  const { packetType: modified, nanos, at } = readModifiers(payload, 1, firstPacketType);
  const { packetType, tracks } = readTracks(payload, at, modified, PacketType.multitrack);
  return tracks.flatMap(({ trackId, fourCc, body }): readonly AudioPacket[] => {
    if (packetType === PacketType.sequenceEnd || packetType === PacketType.multichannelConfig) return IGNORED;
    const codec = audioCodecOf(fourCc);
    if (codec === undefined) return [{ type: 'unsupported', what: `audio codec ${fourCcText(fourCc)}` }];
    if (packetType === PacketType.sequenceStart) return [{ type: 'config', trackId, codec, config: body }];
    if (packetType === PacketType.codedFrames) return frame(trackId, codec, 2, nanos, body);
    return [{ type: 'unsupported', what: `audio packet type ${packetType}` }];
  });
}

function frame(
  trackId: number,
  codec: Codec,
  channels: 1 | 2,
  nanos: number,
  data: Buffer,
): readonly AudioPacket[] {
  return data.length === 0 ? IGNORED : [{ type: 'frame', trackId, codec, channels, nanos, data }];
}
