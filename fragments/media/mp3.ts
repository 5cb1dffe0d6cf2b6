import { CodecError } from './codec-error.ts';

/** MP3: the frame header (ISO/IEC 11172-3 §2.4.1.3 and 13818-3), the only configuration there is. */
export interface Mp3Header {
  /** 2.5 is the unofficial extension to 8-12 kHz. */
  readonly version: 1 | 2 | 2.5;
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Sample frames in one frame: 1152, or 576 for versions 2 and 2.5. */
  readonly frameLength: number;
  /** Header and payload; `undefined` for free format. */
  readonly frameBytes: number | undefined;
}

const MPEG1_RATES_HZ = [44100, 48000, 32000] as const;
const MPEG1_KBPS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320] as const;
const MPEG2_KBPS = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160] as const;

/** Parses the header at the start of a layer III frame. Throws CodecError. */
export function parseMp3Header(frame: Uint8Array): Mp3Header {
  const [b0, b1, b2, b3] = frame;
  if (b0 === undefined || b1 === undefined || b2 === undefined || b3 === undefined) {
    throw new CodecError('truncated', 'MP3 frame header is cut off');
  }
  if (b0 !== 0xff || (b1 & 0xe0) !== 0xe0) throw new CodecError('invalid', 'no MP3 syncword');
  if ((b1 & 6) !== 2) throw new CodecError('unsupported', 'MPEG audio of another layer than III');
  const versionBits = (b1 >> 3) & 3;
  const mpeg1Rate = MPEG1_RATES_HZ[(b2 >> 2) & 3];
  const isMpeg1 = versionBits === 3;
  const kbps = (isMpeg1 ? MPEG1_KBPS : MPEG2_KBPS)[b2 >> 4];
  if (versionBits === 1 || mpeg1Rate === undefined || kbps === undefined) {
    throw new CodecError('invalid', 'reserved value in an MP3 header');
  }
  const version = isMpeg1 ? 1 : versionBits === 2 ? 2 : 2.5;
  const sampleRateHz = mpeg1Rate / { 1: 1, 2: 2, 2.5: 4 }[version];
  const frameLength = mp3FrameLength(sampleRateHz);
  const padding = (b2 >> 1) & 1;
  return {
    version,
    sampleRateHz,
    channels: b3 >> 6 === 3 ? 1 : 2,
    frameLength,
    frameBytes:
      kbps === 0 ? undefined : Math.floor(((frameLength / 8) * kbps * 1000) / sampleRateHz) + padding,
  };
}

/** Sample frames in a layer III frame: rates under 32 kHz are MPEG-2 and 2.5, with half the frame. */
export function mp3FrameLength(sampleRateHz: number): number {
  return sampleRateHz >= 32000 ? 1152 : 576;
}

/** objectTypeIndication of the `esds` (ISO/IEC 14496-1 table 5): 0x6b is 11172-3 audio, 0x69 13818-3. */
export function mp3ObjectTypeIndication(sampleRateHz: number): 0x6b | 0x69 {
  return sampleRateHz >= 32000 ? 0x6b : 0x69;
}

/** RFC 6381 §3.3: `mp4a.` and the object type indication. */
export function mp3CodecString(sampleRateHz: number): string {
  return `mp4a.${mp3ObjectTypeIndication(sampleRateHz).toString(16).toUpperCase()}`;
}
