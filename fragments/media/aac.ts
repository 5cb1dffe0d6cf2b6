import { BitReader } from './bit-reader.ts';
import { BitWriter } from './bit-writer.ts';
import { CodecError } from './codec-error.ts';

/** AAC: AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1), which is the decoder config of MP4, RTMP and Matroska. */

/** samplingFrequencyIndex 0..12 (table 1.18). */
export const AAC_SAMPLE_RATES: readonly number[] = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];

/** Channels by channelConfiguration (table 1.19); 0 means "look into the program_config_element". */
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8] as const;

const EXPLICIT_RATE = 15;
const AOT_SBR = 5;
const AOT_ER_BSAC = 22;
const AOT_ER_AAC_LD = 23;
const AOT_PS = 29;
const AOT_ELD = 39;
/** Object types whose config goes on with GASpecificConfig (§1.6.2.1). */
const GENERAL_AUDIO = new Set([1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23]);

export interface AacConfig {
  /** The type that is signalled first: 2 LC, 5 HE (explicit SBR), 29 HEv2, 42 xHE... */
  readonly signalledObjectType: number;
  /** The type of the core coder: 2 for HE-AAC made of LC. */
  readonly objectType: number;
  /** Rate of the core coder; with SBR the decoder puts out `outputSampleRateHz`. */
  readonly coreSampleRateHz: number;
  readonly outputSampleRateHz: number;
  /** Channels put out (parametric stereo makes two of one). 0 when the config leaves it to the bit stream. */
  readonly channels: number;
  readonly channelConfiguration: number;
  readonly hasSbr: boolean;
  readonly hasPs: boolean;
  /** Sample frames put out for one access unit, at `outputSampleRateHz`; unknown for types without GASpecificConfig. */
  readonly frameLength: number | undefined;
}

/** Parses an AudioSpecificConfig with explicit (hierarchical or backward compatible) SBR and PS. Throws CodecError. */
export function parseAudioSpecificConfig(config: Uint8Array): AacConfig {
  const reader = new BitReader(config);
  const signalledObjectType = readObjectType(reader);
  let objectType = signalledObjectType;
  let hasSbr = objectType === AOT_SBR || objectType === AOT_PS;
  let hasPs = objectType === AOT_PS;
  const coreSampleRateHz = readSampleRate(reader);
  const channelConfiguration = reader.bits(4);
  let outputSampleRateHz = coreSampleRateHz;
  if (hasSbr) {
    outputSampleRateHz = readSampleRate(reader);
    objectType = readObjectType(reader);
    if (objectType === AOT_ER_BSAC) reader.skip(4); // extensionChannelConfiguration
  }

  let channels: number = CHANNELS[channelConfiguration] ?? 0;
  let frameLength: number | undefined;
  if (GENERAL_AUDIO.has(objectType)) {
    const isShort = reader.flag();
    frameLength = objectType === AOT_ER_AAC_LD ? (isShort ? 480 : 512) : isShort ? 960 : 1024;
    if (reader.flag()) reader.skip(14); // coreCoderDelay
    const hasExtension = reader.flag();
    if (channelConfiguration === 0) channels = optional(() => readProgramConfigChannels(reader)) ?? 0;
    else if (!hasSbr) {
      const extension = optional(() => readSyncExtension(reader, objectType, hasExtension));
      if (extension !== undefined) {
        hasSbr = true;
        hasPs = extension.hasPs;
        outputSampleRateHz = extension.sampleRateHz;
      }
    }
  } else if (objectType === AOT_ELD) {
    frameLength = reader.flag() ? 480 : 512;
  }
  if (hasPs && channels === 1) channels = 2;
  if (hasSbr && outputSampleRateHz !== coreSampleRateHz) {
    // §4.6.18: SBR doubles the rate, or leaves it when downsampled. Other ratios are nonsense that some decoders play.
    const isDoubled = outputSampleRateHz === 2 * coreSampleRateHz;
    frameLength = isDoubled && frameLength !== undefined ? 2 * frameLength : undefined;
  }
  return {
    signalledObjectType,
    objectType,
    coreSampleRateHz,
    outputSampleRateHz,
    channels,
    channelConfiguration,
    hasSbr,
    hasPs,
    frameLength,
  };
}

/**
 * Writes the shortest AudioSpecificConfig of an object type without SBR. Throws CodecError for channel configuration
 * 0 or a reserved one, which needs a program_config_element that ADTS headers do not have.
 */
export function buildAudioSpecificConfig(of: {
  readonly objectType: number;
  readonly sampleRateHz: number;
  readonly channelConfiguration: number;
}): Uint8Array {
  if ((CHANNELS[of.channelConfiguration] ?? 0) === 0) {
    throw new CodecError('unsupported', `AAC channel configuration ${of.channelConfiguration}`);
  }
  const writer = new BitWriter();
  if (of.objectType < 31) writer.bits(5, of.objectType);
  else writer.bits(5, 31).bits(6, of.objectType - 32);
  const rateIndex = AAC_SAMPLE_RATES.indexOf(of.sampleRateHz);
  if (rateIndex >= 0) writer.bits(4, rateIndex);
  else writer.bits(4, EXPLICIT_RATE).bits(24, of.sampleRateHz);
  // GASpecificConfig: 1024 samples a frame, no core coder, no extension.
  return writer.bits(4, of.channelConfiguration).bits(3, 0).finish();
}

/** RFC 6381 §3.3: `mp4a.40.` and the object type that is signalled first. */
export function aacCodecString(config: AacConfig): string {
  return `mp4a.40.${config.signalledObjectType}`;
}

/** GetAudioObjectType() (table 1.16). */
function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  const objectType = type === 31 ? 32 + reader.bits(6) : type;
  if (objectType === 0) throw new CodecError('invalid', 'AAC audio object type 0');
  return objectType;
}

function readSampleRate(reader: BitReader): number {
  const index = reader.bits(4);
  const rate = index === EXPLICIT_RATE ? reader.bits(24) : AAC_SAMPLE_RATES[index];
  if (rate === undefined || rate === 0)
    throw new CodecError('invalid', `AAC sampling frequency index ${index}`);
  return rate;
}

/** Counts the channels of a program_config_element (§4.4.1.1); LFEs count, coupling channels do not. */
function readProgramConfigChannels(reader: BitReader): number {
  reader.skip(10); // element_instance_tag, object_type, sampling_frequency_index
  const counts = [reader.bits(4), reader.bits(4), reader.bits(4)]; // front, side and back elements
  const lfe = reader.bits(2);
  reader.skip(7); // num_assoc_data_elements, num_valid_cc_elements
  if (reader.flag()) reader.skip(4); // mono mixdown
  if (reader.flag()) reader.skip(4); // stereo mixdown
  if (reader.flag()) reader.skip(3); // matrix mixdown
  let channels = lfe;
  for (const count of counts) {
    for (let i = 0; i < count; i++) {
      channels += reader.flag() ? 2 : 1; // element_is_cpe
      reader.skip(4);
    }
  }
  return channels;
}

/** The backward compatible signalling of SBR and PS behind the config (§1.6.5.3, syncExtensionType 0x2b7 and 0x548). */
function readSyncExtension(
  reader: BitReader,
  objectType: number,
  hasExtension: boolean,
): { sampleRateHz: number; hasPs: boolean } | undefined {
  if (objectType === 6 || objectType === 20) reader.skip(3); // layerNr
  if (hasExtension) {
    if (objectType === AOT_ER_BSAC) reader.skip(16); // numOfSubFrame, layer_length
    if (objectType === 17 || objectType === 19 || objectType === 20 || objectType === 23) reader.skip(3);
    reader.skip(1); // extensionFlag3
  }
  if (objectType >= 17) reader.skip(2); // epConfig
  if (reader.bitsLeft < 16 || reader.bits(11) !== 0x2b7) return undefined;
  if (readObjectType(reader) !== AOT_SBR || !reader.flag()) return undefined;
  const sampleRateHz = readSampleRate(reader);
  const hasPs = reader.bitsLeft >= 12 && reader.bits(11) === 0x548 && reader.flag();
  return { sampleRateHz, hasPs };
}

/** What stands behind the essential fields is often cut off or garbled by encoders, and no reason to refuse a stream. */
function optional<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
