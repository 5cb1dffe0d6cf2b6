import { createHash } from 'node:crypto';
import { DecodeError, type PictureFormat } from '../../../ml/decode/decode-job.ts';
import type { ConsumedFragments } from '../../playback/consumed-fragments.ts';
import type { ImageAt, ImageService } from '../../playback/images/image-service.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { requireRetention } from './archived-only.ts';
import { archivedFromMs } from './retention-window.ts';
import type { StreamReference, VideoResources } from './video-resources.ts';

interface GetImagesInput extends StreamReference {
  readonly ImageSelectorType: 'PRODUCER_TIMESTAMP' | 'SERVER_TIMESTAMP';
  readonly StartTimestamp: number;
  readonly EndTimestamp: number;
  readonly SamplingInterval?: number;
  readonly Format: 'JPEG' | 'PNG';
  readonly FormatConfig?: Readonly<Record<string, string>>;
  readonly WidthPixels?: number;
  readonly HeightPixels?: number;
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

const MAX_RANGE_MS = 300_000;
const MIN_SAMPLING_MS = 200;
const DEFAULT_SAMPLING_MS = 3000;
const DEFAULT_RESULTS = 25;
const MAX_WIDTH = 3840;
const MAX_HEIGHT = 2160;
/** "100 MB of media" a call (kvs.md §8): further images are on the next page. */
const MAX_MEDIA_BYTES = 100_000_000;
/** The model's bound of ImageContent. */
const MAX_CONTENT_CHARS = 6_291_456;
/** What a reply may hold in memory, base64 and all; further images are on the next page. */
const MAX_REPLY_CHARS = 64 * 1024 * 1024;

/**
 * GetImages (kvs.md §4.6): the first at StartTimestamp, then one every SamplingInterval; each is the frame shown at that instant,
 * the nearest at or before it. TimeStamp is the instant that was sampled.
 */
export function getImages(
  resources: VideoResources,
  images: ImageService,
  consumed: ConsumedFragments,
): OperationTable {
  return {
    handlers: {
      GetImages: async (call: AwsCall<GetImagesInput>): Promise<AwsOutput> => {
        const { input, principal, nowMs } = call;
        const { video, stream } = await resources.open(input, 'view', principal);
        const format = pictureFormatOf(input);
        checkTimes(input);
        const digest = digestOf(video.arn, input);
        const from = input.NextToken === undefined ? 0 : indexOfToken(input.NextToken, digest);
        requireRetention(video);
        const all = instantsOf(input);
        const limit = input.MaxResults ?? DEFAULT_RESULTS;
        const question = {
          clock: input.ImageSelectorType === 'SERVER_TIMESTAMP' ? ('server' as const) : ('producer' as const),
          instants: all.slice(from, from + limit),
          format,
          retainedFromMs: archivedFromMs(video, nowMs),
          maxMediaBytes: MAX_MEDIA_BYTES,
        };
        const answers = await images.images(stream, question).catch((error: unknown) => {
          throw translated(error);
        });
        const points = consumed.of(video.name);
        points.metadata += METADATA_POINTS + limit;
        points.media += answers.filter((answer) => 'image' in answer).length;
        const page = fitting(answers.map(imageOf));
        const next = from + page.length;
        // "If the last page is full a NextToken appears": a client asks once more, and finds nothing.
        const goesOn = next < all.length || page.length === limit;
        return { Images: page, ...(goesOn ? { NextToken: tokenOf(next, digest) } : {}) };
      },
    },
  };
}

interface Image {
  readonly TimeStamp: number;
  readonly Error?: 'NO_MEDIA' | 'MEDIA_ERROR';
  readonly ImageContent?: string;
}

function imageOf(answer: ImageAt): Image {
  if ('error' in answer) {
    return { TimeStamp: answer.atMs, Error: answer.error === 'no-media' ? 'NO_MEDIA' : 'MEDIA_ERROR' };
  }
  const { bytes } = answer.image;
  if (Math.ceil(bytes.length / 3) * 4 > MAX_CONTENT_CHARS) {
    return { TimeStamp: answer.atMs, Error: 'MEDIA_ERROR' };
  }
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return { TimeStamp: answer.atMs, ImageContent: content };
}

/** As many as a reply may hold; one at least. */
function fitting(images: readonly Image[]): readonly Image[] {
  let chars = 0;
  const end = images.findIndex(({ ImageContent }, i) => {
    chars += ImageContent?.length ?? 0;
    return i > 0 && chars > MAX_REPLY_CHARS;
  });
  return end < 0 ? images : images.slice(0, end);
}

function checkTimes({
  StartTimestamp,
  EndTimestamp,
  SamplingInterval = MIN_SAMPLING_MS,
}: GetImagesInput): void {
  if (EndTimestamp < StartTimestamp) throw invalid('The EndTimestamp must not be before the StartTimestamp.');
  if (EndTimestamp - StartTimestamp > MAX_RANGE_MS) {
    throw invalid(
      'IllegalArgumentException: The EndTimestamp must be within 300 seconds of the StartTimestamp.',
    );
  }
  if (SamplingInterval < MIN_SAMPLING_MS) {
    throw invalid(`The SamplingInterval must be at least ${MIN_SAMPLING_MS} ms.`);
  }
}

function instantsOf({ StartTimestamp, EndTimestamp, SamplingInterval }: GetImagesInput): number[] {
  const stepMs = SamplingInterval ?? DEFAULT_SAMPLING_MS;
  const count = Math.floor((EndTimestamp - StartTimestamp) / stepMs) + 1;
  return Array.from({ length: count }, (_, i) => StartTimestamp + i * stepMs);
}

function pictureFormatOf({
  Format,
  FormatConfig = {},
  WidthPixels,
  HeightPixels,
}: GetImagesInput): PictureFormat {
  const { JPEGQuality: quality, ...others } = FormatConfig;
  if (Object.keys(others).length > 0) throw invalid('The only key of FormatConfig is JPEGQuality.');
  if (quality !== undefined && Format !== 'JPEG') throw invalid('JPEGQuality is for the Format JPEG.');
  if (quality !== undefined && !(/^[1-9]\d{0,2}$/.test(quality) && Number(quality) <= 100)) {
    throw invalid('JPEGQuality is a number from 1 to 100.');
  }
  // The API's own rule: height alone keeps the shape, width alone is an error.
  if (WidthPixels !== undefined && HeightPixels === undefined) {
    throw invalid('ValidationException: WidthPixels needs HeightPixels.');
  }
  if ((WidthPixels ?? 1) > MAX_WIDTH || (HeightPixels ?? 1) > MAX_HEIGHT) {
    throw invalid(`Images are at most ${MAX_WIDTH} pixels wide and ${MAX_HEIGHT} high.`);
  }
  return {
    type: Format === 'PNG' ? 'png' : 'jpeg',
    ...(quality === undefined ? {} : { quality: Number(quality) }),
    ...(WidthPixels === undefined ? {} : { width: WidthPixels }),
    ...(HeightPixels === undefined ? {} : { height: HeightPixels }),
  };
}

/** "GetImages = 400 + max" (kvs.md §8). */
const METADATA_POINTS = 400;
const DIGEST_BYTES = 16;

/** What a token goes on with: the same question to the same stream. */
function digestOf(arn: string, input: GetImagesInput): Buffer {
  const { ImageSelectorType, StartTimestamp, EndTimestamp, SamplingInterval } = input;
  const question = JSON.stringify([arn, ImageSelectorType, StartTimestamp, EndTimestamp, SamplingInterval]);
  return createHash('sha256').update(question).digest().subarray(0, DIGEST_BYTES);
}

function tokenOf(index: number, digest: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(index);
  return Buffer.concat([bytes, digest]).toString('base64');
}

/** Throws AwsError for a token that was not made for this question. */
function indexOfToken(token: string, digest: Buffer): number {
  const bytes = Buffer.from(token, 'base64');
  if (bytes.length !== 4 + DIGEST_BYTES || !bytes.subarray(4).equals(digest)) {
    throw invalid('The NextToken is not one of this request.');
  }
  return bytes.readUInt32BE(0);
}

function translated(error: unknown): unknown {
  if (!(error instanceof DecodeError)) return error;
  if (error.code === 'unsupported') return invalid(`Images cannot be made of this stream: ${error.message}.`);
  if (error.code === 'closed') {
    return new AwsError('ServiceUnavailableException', 'The server is closing.', { status: 503 });
  }
  return new AwsError('ClientLimitExceededException', 'No decoder is free; try again.');
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}
