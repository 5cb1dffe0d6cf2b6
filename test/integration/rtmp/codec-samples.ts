import { dac3FromFrame } from '../../../fragments/media/ac3.ts';
import { describeTrack } from '../../../fragments/media/describe-track.ts';
import type { Track } from '../../../fragments/media/track.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const video = { id: 1, kind: 'video', timescale: 90_000, width: 64, height: 64 } as const;
const audio = { id: 1, kind: 'audio', timescale: 48_000 } as const;
const STREAM_INFO = '8000002210001000 00000e0010c4 0ac442f000000000 00000000000000000000000000000000';
const AC3_FRAME = hex('0b77 a0c0 08 40 43e1 06');

/** A track of each codec whose frames say so much of themselves that few bytes make a believable one. */
export const CODEC_SAMPLES: readonly { readonly track: Track; readonly data: Buffer }[] = [
  {
    track: describeTrack({ ...video, codec: 'vp9', config: hex('01000000 000a82020202 0000') }),
    // An intra frame of 64x64: frame marker, profile 0, sync code, colour BT.601.
    data: hex('82498342 2003f003f0 00'),
  },
  {
    track: describeTrack({ ...video, codec: 'vp8', config: hex('01000000 000a82020202 0000') }),
    data: hex('1000009d012a 40004000 00'),
  },
  {
    track: describeTrack({ ...audio, codec: 'opus', config: hex('00 02 0138 0000bb80 0000 00') }),
    data: hex('f801'),
  },
  {
    track: describeTrack({ ...audio, codec: 'aac', config: hex('1190') }),
    data: hex('21100450'),
  },
  {
    track: describeTrack({ ...audio, codec: 'flac', config: hex(`00000000 ${STREAM_INFO}`) }),
    data: hex('fff8c9a8'),
  },
  {
    track: describeTrack({ ...audio, codec: 'ac3', config: dac3FromFrame(AC3_FRAME) }),
    data: AC3_FRAME,
  },
  {
    track: describeTrack({ ...audio, codec: 'mp3', config: hex(''), sampleRateHz: 44_100, channels: 2 }),
    data: hex('fffb9064'),
  },
  {
    track: describeTrack({ ...audio, codec: 'pcmu', timescale: 8000, config: hex(''), channels: 1 }),
    data: hex('ffffffff'),
  },
  {
    track: describeTrack({ ...audio, codec: 'pcma', timescale: 8000, config: hex(''), channels: 2 }),
    data: hex('d5d5d5d5'),
  },
];
