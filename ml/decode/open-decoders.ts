import type { DecodableTrack } from './declared-size.ts';
import type { DecoderChoice } from './decode-job.ts';
import { DecodeError } from './decode-job.ts';
import type { LiveDecoder, LiveDecoderFactory } from './live-decoder.ts';
import { LiveFfmpegDecoder } from './live-ffmpeg-decoder.ts';
import { StreamDecoder } from './stream-decoder.ts';
import { TINY_PICTURES, type TinyPicture } from './tiny-pictures.ts';

/** Ways to decode that have shown that they work. */
export interface LiveDecoders {
  /** What decodes most: `native` or `ffmpeg`. */
  readonly name: string;
  /** For StreamDecoder. */
  readonly factories: readonly LiveDecoderFactory[];
  /** What does not work, for the log. */
  readonly problems: readonly string[];
}

/** White is 235; encoders may be a little off. */
const MIN_WHITE = 225;

/**
 * The live decoders of this machine, each tried with a picture of each codec: what the native one cannot do, ffmpeg is asked for.
 * Throws DecodeError `unsupported` when nothing decodes.
 */
export async function openLiveDecoders(choice: DecoderChoice): Promise<LiveDecoders> {
  const problems: string[] = [];
  const native = choice === 'ffmpeg' ? undefined : await openNative(problems);
  const ffmpeg: LiveDecoderFactory = (sink) => new LiveFfmpegDecoder(sink);
  if (native !== undefined) {
    return { name: 'native', factories: choice === 'native' ? [native] : [native, ffmpeg], problems };
  }
  const [first] = TINY_PICTURES;
  const problem = first === undefined || choice === 'native' ? undefined : await problemOf(ffmpeg, first);
  if (choice === 'native' || problem !== undefined) {
    if (problem !== undefined) problems.push(`ffmpeg: ${problem}`);
    throw new DecodeError('unsupported', `no decoder works on this machine (${problems.join('; ')})`);
  }
  return { name: 'ffmpeg', factories: [ffmpeg], problems };
}

/** Its platform may have no prebuilt binding: then it is not there. */
async function openNative(problems: string[]): Promise<LiveDecoderFactory | undefined> {
  let open: LiveDecoderFactory;
  try {
    const { LiveWebcodecsDecoder } = await import('./live-webcodecs-decoder.ts');
    open = (sink) => new LiveWebcodecsDecoder(sink);
  } catch (error) {
    problems.push(`the native decoder cannot be loaded: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
  const broken = new Set<string>();
  for (const picture of TINY_PICTURES) {
    const problem = await problemOf(open, picture);
    if (problem === undefined) continue;
    broken.add(picture.track.codec);
    problems.push(`native ${picture.track.codec}: ${problem}`);
  }
  if (broken.size === TINY_PICTURES.length) return undefined;
  return (sink) => withoutCodecs(open(sink), broken);
}

function withoutCodecs(decoder: LiveDecoder, broken: ReadonlySet<string>): LiveDecoder {
  if (broken.size === 0) return decoder;
  return {
    start: (track: DecodableTrack) => {
      if (broken.has(track.codec)) throw new DecodeError('unsupported', `${track.codec} does not work here`);
      decoder.start(track);
    },
    decode: (samples) => decoder.decode(samples),
    flush: () => decoder.flush(),
    close: () => decoder.close(),
  };
}

async function problemOf(
  factory: LiveDecoderFactory,
  { track, sample }: TinyPicture,
): Promise<string | undefined> {
  const decoder = new StreamDecoder([factory]);
  try {
    const run = { track, samples: [sample], startsAnew: true, flush: true, wantedUs: [sample.ptsUs] };
    const { pictures, error } = await decoder.decode(run);
    const [picture] = pictures;
    if (picture === undefined) return error?.message ?? 'no picture comes out';
    const isRight = picture.width === track.width && picture.height === track.height;
    return isRight && (picture.i420[0] ?? 0) >= MIN_WHITE ? undefined : 'another picture comes out';
  } finally {
    decoder.close();
  }
}
