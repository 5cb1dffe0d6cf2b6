import { AAC_SAMPLE_RATES, parseAudioSpecificConfig } from '../media/aac.ts';
import { parseAvcC } from '../media/avc.ts';
import { CodecError } from '../media/codec-error.ts';
import { parseHvcC } from '../media/hevc.ts';
import { NalCursor } from '../media/nal-units.ts';
import type { Sample, Track } from '../media/track.ts';
import type { AccessUnit } from './access-unit.ts';
import { TsError } from './ts-error.ts';

/** How one track is carried in a transport stream. */
export interface ElementaryStream {
  /** ISO 13818-1 table 2-34. */
  readonly streamType: number;
  /** Of its PES packets: table 2-22. */
  readonly streamId: number;
  /** Appends a sample in the form of the stream. */
  append(sample: Sample, unit: AccessUnit): void;
}

const VIDEO_STREAM_ID = 0xe0;
const AUDIO_STREAM_ID = 0xc0;
const STREAM_TYPE = { h264: 0x1b, h265: 0x24, adts: 0x0f, mpeg1Audio: 0x03, mpeg2Audio: 0x04 } as const;
const START_CODE = Buffer.from([0, 0, 0, 1]);

/** Describes how to carry a track. Throws TsError. */
export function elementaryStreamOf(track: Track): ElementaryStream {
  try {
    switch (track.codec) {
      case 'h264':
        return avcStream(track.config);
      case 'h265':
        return hevcStream(track.config);
      case 'aac':
        return adtsStream(track.config);
      case 'mp3':
        return mp3Stream(track.sampleRateHz ?? 0);
      default:
        throw new TsError(
          'unsupported-codec',
          `MPEG-TS carries H.264, H.265, AAC and MP3, not ${track.codec}`,
        );
    }
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new TsError('unsupported-config', `track ${track.id}: ${error.message}`, { cause: error });
  }
}

/** What is different in the NAL units of H.264 and H.265. */
interface NalFormat {
  readonly streamType: number;
  readonly lengthSize: number;
  /** An access unit delimiter with its start code, and its type. */
  readonly delimiter: Buffer;
  readonly delimiterType: number;
  /** Type of an SPS: a key frame that has its own gets no others. */
  readonly spsType: number;
  readonly parameterSets: readonly Uint8Array[];
  readonly typeOf: (header: number) => number;
}

function avcStream(config: Uint8Array): ElementaryStream {
  const { sps, pps, spsExtensions, lengthSize } = parseAvcC(config);
  return nalStream({
    streamType: STREAM_TYPE.h264,
    lengthSize,
    delimiter: Buffer.from([0, 0, 0, 1, 9, 0xf0]), // primary_pic_type 7: any slice
    delimiterType: 9,
    spsType: 7,
    parameterSets: [...sps, ...spsExtensions, ...pps],
    typeOf: (header) => header & 31,
  });
}

function hevcStream(config: Uint8Array): ElementaryStream {
  const { vps, sps, pps, lengthSize } = parseHvcC(config);
  return nalStream({
    streamType: STREAM_TYPE.h265,
    lengthSize,
    delimiter: Buffer.from([0, 0, 0, 1, 0x46, 1, 0x50]), // pic_type 2: any slice
    delimiterType: 35,
    spsType: 33,
    parameterSets: [...vps, ...sps, ...pps],
    typeOf: (header) => (header >> 1) & 63,
  });
}

/**
 * Annex B: a delimiter in front of each access unit ("shall be present" in a transport stream, ISO 13818-1 §2.14.1 and
 * §2.17.1), the parameter sets in front of each key frame.
 */
function nalStream(format: NalFormat): ElementaryStream {
  const { streamType, lengthSize, delimiter, delimiterType, spsType, typeOf } = format;
  const parameterSets = Buffer.concat(format.parameterSets.flatMap((set) => [START_CODE, set]));
  return {
    streamType,
    streamId: VIDEO_STREAM_ID,
    append({ data, isSync }, unit) {
      unit.append(delimiter);
      if (isSync && !hasNal(data, lengthSize, spsType, typeOf)) unit.append(parameterSets);
      const nals = new NalCursor(data, lengthSize);
      while (nals.next()) {
        if (typeOf(data[nals.start] ?? 0) === delimiterType) continue;
        unit.append(START_CODE);
        unit.append(data, nals.start, nals.end);
      }
    },
  };
}

function hasNal(
  data: Uint8Array,
  lengthSize: number,
  type: number,
  typeOf: (header: number) => number,
): boolean {
  const nals = new NalCursor(data, lengthSize);
  while (nals.next()) if (typeOf(data[nals.start] ?? 0) === type) return true;
  return false;
}

/** Raw AAC with an ADTS header in front of each frame (ISO 14496-3 §1.A.3.2). */
function adtsStream(config: Uint8Array): ElementaryStream {
  const { objectType, coreSampleRateHz, channelConfiguration } = parseAudioSpecificConfig(config);
  const rateIndex = AAC_SAMPLE_RATES.indexOf(coreSampleRateHz);
  // Two bits for the profile, four for the rate, three for the channels: what does not fit cannot be said.
  if (objectType > 4 || rateIndex < 0 || channelConfiguration < 1 || channelConfiguration > 7) {
    throw new TsError('unsupported-config', `ADTS has no header for AAC of object type ${objectType}`);
  }
  const header = Buffer.alloc(7);
  header[0] = 0xff;
  header[1] = 0xf1; // MPEG-4, layer 0, no CRC
  header[2] = ((objectType - 1) << 6) | (rateIndex << 2) | (channelConfiguration >> 2);
  return {
    streamType: STREAM_TYPE.adts,
    streamId: AUDIO_STREAM_ID,
    append({ data }, unit) {
      const frameBytes = header.length + data.length;
      // aac_frame_length has 13 bits; a frame of 1024 samples that long does not exist (§4.5.3.1).
      if (frameBytes > 0x1fff) return;
      header[3] = ((channelConfiguration & 3) << 6) | (frameBytes >> 11);
      header[4] = frameBytes >> 3;
      header[5] = ((frameBytes & 7) << 5) | 0x1f; // buffer fullness: variable rate
      header[6] = 0xfc;
      unit.append(header);
      unit.append(data);
    },
  };
}

function mp3Stream(sampleRateHz: number): ElementaryStream {
  return {
    streamType: sampleRateHz >= 32_000 ? STREAM_TYPE.mpeg1Audio : STREAM_TYPE.mpeg2Audio,
    streamId: AUDIO_STREAM_ID,
    append: ({ data }, unit) => unit.append(data),
  };
}
