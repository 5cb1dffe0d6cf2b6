import type { Codec } from '../../../fragments/media/track.ts';
import { need, readModifiers, readTracks } from './flv-ex-header.ts';
import { fourCcText, videoCodecOf } from './four-cc.ts';

/** Video tags: FLV (Adobe FLV 10.1 annex E.4.3) and enhanced (Enhanced RTMP v2, "Enhanced Video"). */

export type VideoPacket =
  /** The decoder configuration record of what follows. */
  | { readonly type: 'config'; readonly trackId: number; readonly codec: Codec; readonly config: Buffer }
  | {
      readonly type: 'frame';
      readonly trackId: number;
      readonly codec: Codec;
      readonly isKey: boolean;
      /** Signed. */
      readonly compositionMs: number;
      /** Nanoseconds to add to the message's timestamp. */
      readonly nanos: number;
      readonly data: Buffer;
    }
  /** Nothing to store: end of sequence, seek commands, HDR metadata, empty messages. */
  | { readonly type: 'ignored' }
  /** Media that Framelog cannot store; `what` names it. */
  | { readonly type: 'unsupported'; readonly what: string };

const FrameType = { key: 1, generatedKey: 4, command: 5 } as const;
const PacketType = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  codedFramesX: 3,
  metadata: 4,
  mpeg2TsSequenceStart: 5,
  multitrack: 6,
} as const;
const AvcPacketType = { config: 0, frame: 1 } as const;
const IGNORED: readonly VideoPacket[] = [{ type: 'ignored' }];

/** CodecID of legacy tags. 12 is no part of FLV, but what encoders used for H.265 before there were FourCCs. */
const LEGACY_CODECS: Readonly<Record<number, Codec>> = { 7: 'h264', 12: 'h265' };

/** Takes a video message apart. Throws RtmpError `bad-tag`. */
export function readVideoTag(payload: Buffer): readonly VideoPacket[] {
  // "RTMP includes a previously undocumented ... message ... identified [by] a zero-length payload".
  if (payload.length === 0) return IGNORED;
  const first = payload.readUInt8(0);
  const isEnhanced = first >= 0x80;
  const frameType = (first >> 4) & 7;
  return isEnhanced
    ? readEnhanced(payload, frameType, first & 0x0f)
    : readLegacy(payload, frameType, first & 0x0f);
}

function isKeyFrame(frameType: number): boolean {
  return frameType === FrameType.key || frameType === FrameType.generatedKey;
}

function readLegacy(payload: Buffer, frameType: number, codecId: number): readonly VideoPacket[] {
  if (frameType === FrameType.command) return IGNORED;
  const codec = LEGACY_CODECS[codecId];
  if (codec === undefined) return [{ type: 'unsupported', what: `FLV video codec ${codecId}` }];
  const packetType = need(payload, 1, 4).readUInt8(1);
  const data = payload.subarray(5);
  if (packetType === AvcPacketType.config) return [{ type: 'config', trackId: 0, codec, config: data }];
  if (packetType !== AvcPacketType.frame || data.length === 0) return IGNORED;
  const compositionMs = payload.readIntBE(2, 3);
  return [{ type: 'frame', trackId: 0, codec, isKey: isKeyFrame(frameType), compositionMs, nanos: 0, data }];
}

function readEnhanced(payload: Buffer, frameType: number, firstPacketType: number): readonly VideoPacket[] {
  const { packetType: modified, nanos, at } = readModifiers(payload, 1, firstPacketType);
  // "if (videoPacketType != VideoPacketType.Metadata && videoFrameType == VideoFrameType.Command)": no payload.
  if (modified !== PacketType.metadata && frameType === FrameType.command) return IGNORED;
  const { packetType, tracks } = readTracks(payload, at, modified, PacketType.multitrack);
  return tracks.map(({ trackId, fourCc, body }): VideoPacket => {
    if (packetType === PacketType.sequenceEnd || packetType === PacketType.metadata)
      return { type: 'ignored' };
    const codec = videoCodecOf(fourCc);
    if (codec === undefined) return { type: 'unsupported', what: `video codec ${fourCcText(fourCc)}` };
    if (packetType === PacketType.mpeg2TsSequenceStart) {
      return { type: 'unsupported', what: `${fourCcText(fourCc)} in MPEG-2 TS form` };
    }
    if (packetType === PacketType.sequenceStart) return { type: 'config', trackId, codec, config: body };
    // "Body contains ... full frames": only H.264 and H.265 have a composition time, and only in CodedFrames.
    const hasComposition = packetType === PacketType.codedFrames && (codec === 'h264' || codec === 'h265');
    if (packetType !== PacketType.codedFrames && packetType !== PacketType.codedFramesX) {
      return { type: 'unsupported', what: `video packet type ${packetType}` };
    }
    const compositionMs = hasComposition ? need(body, 0, 3).readIntBE(0, 3) : 0;
    const data = hasComposition ? body.subarray(3) : body;
    if (data.length === 0) return { type: 'ignored' };
    return { type: 'frame', trackId, codec, isKey: isKeyFrame(frameType), compositionMs, nanos, data };
  });
}
