import { readFileSync } from 'node:fs';
import { CodecError } from '../../../../fragments/media/codec-error.ts';

/** One encoder output as other software describes it; see test/fixtures/codec/make-fixtures.ts. */
export interface CodecCase {
  readonly name: string;
  /** Payload of the config box that ffmpeg wrote. */
  readonly config: Uint8Array;
  /** First bytes of the first packet. */
  readonly frame: Uint8Array;
  /** As mediabunny names it. */
  readonly codecString: string;
  readonly width?: number;
  readonly height?: number;
  readonly pixels?: string;
  readonly profile?: string;
  readonly level?: number;
  readonly reorderFrames?: number;
  readonly sampleRateHz?: number;
  readonly channels?: number;
}

interface RawCase extends Omit<CodecCase, 'name' | 'config' | 'frame'> {
  readonly config: string;
  readonly frame: string;
}

interface Raw {
  readonly cases: Readonly<Record<string, RawCase>>;
  readonly adts: Readonly<Record<string, string>>;
  readonly opusHeads: Readonly<Record<string, string>>;
  readonly sync: Readonly<Record<string, readonly { isKey: boolean; nals: string }[]>>;
}

const file = new URL('../../../fixtures/codec/codec-fixtures.json', import.meta.url);
const raw = JSON.parse(readFileSync(file, 'utf8')) as Raw;

export const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
export const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

/** The cases of a codec, by its Framelog name. */
export function casesOf(codec: string): CodecCase[] {
  return Object.entries(raw.cases)
    .filter(([name]) => name.startsWith(`${codec} `))
    .map(([name, fields]) => ({ ...fields, name, config: bytes(fields.config), frame: bytes(fields.frame) }));
}

export function caseOf(name: string): CodecCase {
  const found = casesOf(name.split(' ')[0] ?? '').find((one) => one.name === name);
  if (found === undefined) throw new Error(`no codec fixture ${name}`);
  return found;
}

/** First ADTS header of the same encoding as the AAC case. */
export const adtsOf = (name: string): Uint8Array => bytes(raw.adts[name] ?? '');
/** OpusHead of the same encoding, from an Ogg file. */
export const opusHeadOf = (name: string): Uint8Array => bytes(raw.opusHeads[name] ?? '');

/** Samples of cut NAL units behind 4-byte lengths, and whether ffmpeg takes them for key frames. */
export function syncSamples(name: string): { isKey: boolean; sample: Uint8Array }[] {
  return (raw.sync[name] ?? []).map(({ isKey, nals }) => ({
    isKey,
    sample: lengthPrefixed(nals.split(' ').map(bytes)),
  }));
}

/** Written apart from the product's own, which is under test. */
export function lengthPrefixed(nals: readonly Uint8Array[], lengthSize = 4): Uint8Array {
  return Buffer.concat(
    nals.flatMap((nal) => {
      const length = Buffer.alloc(lengthSize);
      length.writeUIntBE(nal.length, 0, lengthSize);
      return [length, nal];
    }),
  );
}

/** A matcher for assert.throws: a CodecError with this code. */
export const codecError = (code: string): { name: string; code: string } => ({ name: 'CodecError', code });

/** What a parser answers, or the code of its CodecError; any other error goes through. */
export function valueOrCode<T>(parse: () => T): T | string {
  try {
    return parse();
  } catch (error) {
    if (error instanceof CodecError) return error.code;
    throw error;
  }
}
