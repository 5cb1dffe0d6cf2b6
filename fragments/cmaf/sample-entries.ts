import type { Codec, Track } from '../media/track.ts';
import { box, cString, u16, u32, zeros } from './box-writer.ts';
import { type Box, bodyBytes, bodyOf, childrenOf, findBox, requireBox } from './boxes.ts';
import { readEsds, writeEsds } from './esds.ts';
import { Mp4Error } from './mp4-error.ts';

/**
 * Sample entries (ISO 14496-12 §8.5.2 and each codec's own mapping): the box in `stsd` that says how a track is coded.
 * One table serves both directions.
 */

/** What a sample entry says of its track. */
export interface SampleDescription {
  readonly codec: Codec;
  readonly config: Uint8Array;
  readonly width?: number;
  readonly height?: number;
  readonly sampleRateHz?: number;
  readonly channels?: number;
  readonly contentType?: string;
}

interface EntryForm {
  readonly codec: Codec;
  readonly kind: 'video' | 'audio';
  /** The box that carries Track.config; `esds` wraps it; `undefined` where there is no config. */
  readonly configBox?: string;
}

/** By entry type. The first entry of a codec is the one written; the others are read as well. */
const FORMS: ReadonlyMap<string, EntryForm> = new Map<string, EntryForm>([
  ['avc1', { codec: 'h264', kind: 'video', configBox: 'avcC' }],
  ['avc3', { codec: 'h264', kind: 'video', configBox: 'avcC' }],
  ['hvc1', { codec: 'h265', kind: 'video', configBox: 'hvcC' }],
  ['hev1', { codec: 'h265', kind: 'video', configBox: 'hvcC' }],
  ['av01', { codec: 'av1', kind: 'video', configBox: 'av1C' }],
  ['vp09', { codec: 'vp9', kind: 'video', configBox: 'vpcC' }],
  ['vp08', { codec: 'vp8', kind: 'video', configBox: 'vpcC' }],
  ['mp4a', { codec: 'aac', kind: 'audio', configBox: 'esds' }],
  ['.mp3', { codec: 'mp3', kind: 'audio' }],
  ['Opus', { codec: 'opus', kind: 'audio', configBox: 'dOps' }],
  ['fLaC', { codec: 'flac', kind: 'audio', configBox: 'dfLa' }],
  ['ac-3', { codec: 'ac3', kind: 'audio', configBox: 'dac3' }],
  ['ulaw', { codec: 'pcmu', kind: 'audio' }],
  ['alaw', { codec: 'pcma', kind: 'audio' }],
]);
const ENTRY_TYPES: ReadonlyMap<Codec, string> = new Map(
  [...FORMS].reverse().map(([entryType, form]) => [form.codec, entryType]),
);

const OBJECT_TYPE_AAC = 0x40;
/** MPEG-2 AAC main, low complexity, scalable: the AudioSpecificConfig reads as MPEG-4's. */
const OBJECT_TYPES_MPEG2_AAC = [0x66, 0x67, 0x68];
const OBJECT_TYPE_MP3 = 0x6b;
/** MPEG-2 layer 3, at half the sampling rates. */
const OBJECT_TYPE_MP3_LOW_RATE = 0x69;

/** Writes the sample entry of a track. Throws Mp4Error `unsupported` for sizes that the format cannot hold. */
export function writeSampleEntry(track: Track): Uint8Array {
  if (track.kind === 'data' && track.codec === 'opaque') return textMetadataEntry(track.contentType ?? '');
  if (track.codec === 'mp3') {
    return audioEntry('mp4a', track, writeEsds({ objectType: OBJECT_TYPE_MP3, config: track.config }));
  }
  const entryType = ENTRY_TYPES.get(track.codec);
  const form = entryType === undefined ? undefined : FORMS.get(entryType);
  if (entryType === undefined || form?.kind !== track.kind) {
    throw new Mp4Error('unsupported', `there is no sample entry for a ${track.kind} track of ${track.codec}`);
  }
  if (form.kind === 'video') return visualEntry(entryType, track, configBoxes(form, track));
  return audioEntry(entryType, track, configBoxes(form, track));
}

function configBoxes(form: EntryForm, track: Track): Uint8Array {
  if (form.configBox === undefined) return zeros(0);
  if (form.configBox === 'esds') return writeEsds({ objectType: OBJECT_TYPE_AAC, config: track.config });
  return box(form.configBox, track.config);
}

function visualEntry(entryType: string, track: Track, config: Uint8Array): Uint8Array {
  return box(
    entryType,
    entryHead(),
    zeros(16),
    u16(track.width ?? 0, track.height ?? 0),
    u32(0x0048_0000, 0x0048_0000, 0), // 72 dpi
    u16(1), // frame_count
    zeros(32), // compressorname
    u16(0x0018, 0xffff), // depth, pre_defined = -1
    config,
  );
}

function audioEntry(entryType: string, track: Track, config: Uint8Array): Uint8Array {
  return box(
    entryType,
    entryHead(),
    zeros(8),
    u16(track.channels ?? 0, 16, 0, 0),
    u32(entryRateHz(track.sampleRateHz ?? 0) * 0x1_0000),
    config,
  );
}

/**
 * FLAC-in-ISOBMFF §3.3.1: above 65,535 Hz "the samplerate field shall hold the greatest expressible regular division
 * of that rate". The true rate is in the codec's config.
 */
function entryRateHz(sampleRateHz: number): number {
  let rateHz = sampleRateHz;
  while (rateHz > 0xffff && rateHz % 2 === 0) rateHz /= 2;
  return rateHz > 0xffff ? 0 : rateHz;
}

/** TextMetaDataSampleEntry (ISO 14496-12 §12.3.3): content_encoding, mime_format. */
function textMetadataEntry(contentType: string): Uint8Array {
  return box('mett', entryHead(), cString(''), cString(contentType));
}

/** SampleEntry: reserved, data_reference_index 1. */
function entryHead(): Uint8Array {
  return u16(0, 0, 0, 1);
}

/**
 * Reads a sample entry; `undefined` for a coding that Framelog does not know (and for encrypted ones).
 * Throws Mp4Error for a known one that is damaged.
 */
export function readSampleEntry(entry: Box): SampleDescription | undefined {
  if (entry.type === 'mett') return readTextMetadataEntry(entry);
  const form = FORMS.get(entry.type);
  if (form === undefined) return undefined;
  return form.kind === 'video' ? readVisualEntry(entry, form) : readAudioEntry(entry, form);
}

function readVisualEntry(entry: Box, form: EntryForm): SampleDescription {
  const cursor = bodyOf(entry);
  cursor.skip(24);
  const width = cursor.u16();
  const height = cursor.u16();
  const config =
    form.configBox === undefined ? zeros(0) : bodyBytes(requireBox(childrenOf(entry, 78), form.configBox));
  return { codec: form.codec, config, width, height };
}

function readAudioEntry(entry: Box, form: EntryForm): SampleDescription | undefined {
  const cursor = bodyOf(entry);
  cursor.skip(8);
  const quickTimeVersion = cursor.u16();
  cursor.skip(6);
  const channels = cursor.u16();
  cursor.skip(6);
  const sampleRateHz = cursor.u32() / 0x1_0000;
  const known = { channels, sampleRateHz: Math.floor(sampleRateHz) };
  if (form.configBox === undefined) return { ...known, codec: form.codec, config: zeros(0) };

  // QuickTime's sound descriptions 1 and 2 have more fields, and may wrap the config in a `wave` box.
  let boxes = childrenOf(entry, 28 + ([0, 16, 36][quickTimeVersion] ?? 0));
  const wave = findBox(boxes, 'wave');
  if (wave !== undefined && findBox(boxes, form.configBox) === undefined) boxes = childrenOf(wave);
  const configBox = requireBox(boxes, form.configBox);
  if (form.configBox !== 'esds') return { ...known, codec: form.codec, config: bodyBytes(configBox) };

  const { objectType, config } = readEsds(configBox);
  if (objectType === OBJECT_TYPE_AAC || OBJECT_TYPES_MPEG2_AAC.includes(objectType)) {
    return { ...known, codec: 'aac', config };
  }
  if (objectType === OBJECT_TYPE_MP3 || objectType === OBJECT_TYPE_MP3_LOW_RATE) {
    return { ...known, codec: 'mp3', config };
  }
  return undefined;
}

function readTextMetadataEntry(entry: Box): SampleDescription {
  const cursor = bodyOf(entry);
  cursor.skip(8);
  cursor.cString();
  const contentType = cursor.cString();
  return { codec: 'opaque', config: zeros(0), ...(contentType === '' ? {} : { contentType }) };
}
