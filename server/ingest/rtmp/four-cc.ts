import type { Codec } from '../../../fragments/media/track.ts';

/** The four-character codes of Enhanced RTMP v2 that Framelog stores, and their codecs. */
const VIDEO = { av01: 'av1', vp09: 'vp9', vp08: 'vp8', hvc1: 'h265', avc1: 'h264' } as const;
const AUDIO = { Opus: 'opus', mp4a: 'aac', 'ac-3': 'ac3', '.mp3': 'mp3', fLaC: 'flac' } as const;

export const VIDEO_FOUR_CCS: readonly string[] = Object.keys(VIDEO);
export const AUDIO_FOUR_CCS: readonly string[] = Object.keys(AUDIO);

const VIDEO_CODECS = byNumber(VIDEO);
const AUDIO_CODECS = byNumber(AUDIO);
const FOUR_CCS = new Map<Codec, number>(
  [...VIDEO_CODECS, ...AUDIO_CODECS].map(([fourCc, codec]) => [codec, fourCc]),
);

/** `undefined`: none that we store. `fourCc` is the big-endian number of the four characters. */
export function videoCodecOf(fourCc: number): Codec | undefined {
  return VIDEO_CODECS.get(fourCc);
}

export function audioCodecOf(fourCc: number): Codec | undefined {
  return AUDIO_CODECS.get(fourCc);
}

/** The number of a codec's four characters; `undefined` for codecs that Enhanced RTMP has none for (G.711). */
export function fourCcOf(codec: Codec): number | undefined {
  return FOUR_CCS.get(codec);
}

/** The four characters, for messages; unprintable ones as question marks. */
export function fourCcText(fourCc: number): string {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(fourCc >>> 0);
  return bytes.toString('latin1').replace(/[^\x20-\x7e]/g, '?');
}

function byNumber(names: Readonly<Record<string, Codec>>): Map<number, Codec> {
  return new Map(Object.entries(names).map(([name, codec]) => [Buffer.from(name).readUInt32BE(0), codec]));
}
