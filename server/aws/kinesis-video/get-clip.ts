import type { MediaSender } from '../../http/media-sender.ts';
import type { ClipLimits } from '../../playback/clip/clip.ts';
import { ClipError, type ClipErrorCode } from '../../playback/clip/clip-error.ts';
import { type ClipMaker, ClipsBusyError } from '../../playback/clip/clip-maker.ts';
import type { ConsumedFragments } from '../../playback/consumed-fragments.ts';
import { selectFragments } from '../../playback/session/fragment-selection.ts';
import { type AwsCall, AwsError } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { requireRetention } from './archived-only.ts';
import { archivedFromMs } from './retention-window.ts';
import type { StreamReference, VideoResources } from './video-resources.ts';

interface GetClipInput extends StreamReference {
  readonly ClipFragmentSelector: {
    readonly FragmentSelectorType: 'PRODUCER_TIMESTAMP' | 'SERVER_TIMESTAMP';
    readonly TimestampRange: { readonly StartTimestamp: number; readonly EndTimestamp: number };
  };
}

export interface GetClipOptions {
  readonly resources: VideoResources;
  readonly clips: ClipMaker;
  readonly sender: MediaSender;
  readonly limits: ClipLimits;
  readonly consumed: ConsumedFragments;
}

const DAY_MS = 86_400_000;
const NOTHING_FOUND = 'No fragments found in the stream for the clip request.';

const CODES: Readonly<Record<ClipErrorCode, string>> = {
  'no-media': 'ResourceNotFoundException',
  'unsupported-media': 'UnsupportedStreamMediaTypeException',
  'codec-data-missing': 'MissingCodecPrivateDataException',
  'codec-data-invalid': 'InvalidCodecPrivateDataException',
  'codec-changed': 'InvalidCodecPrivateDataException',
  'bad-frame': 'InvalidMediaFrameException',
};

/**
 * GetClip (kvs.md §4.5): the fragments that begin in a range as one MP4 file, up to the limits. Gaps are closed up: the file plays
 * through, and every stretch of media keeps its own timing to the tick.
 */
export function getClip({ resources, clips, sender, limits, consumed }: GetClipOptions): OperationTable {
  return {
    streamHandlers: {
      GetClip: async (call: AwsCall<GetClipInput>, request, response) => {
        const { input, principal, nowMs } = call;
        const { video, stream } = await resources.open(input, 'view', principal);
        const { FragmentSelectorType, TimestampRange } = input.ClipFragmentSelector;
        const clock = FragmentSelectorType === 'SERVER_TIMESTAMP' ? 'server' : 'producer';
        const range = {
          clock,
          fromMs: TimestampRange.StartTimestamp,
          toMs: TimestampRange.EndTimestamp,
        } as const;
        checkRange(range.fromMs, range.toMs, clock, nowMs);
        requireRetention(video);
        const retainedFromMs = archivedFromMs(video, nowMs);
        const fragments = await selectFragments(stream.log, range, limits.maxFragments, retainedFromMs);
        const points = consumed.of(video.name);
        points.metadata += fragments.length;
        points.media += fragments.length;
        const clip = await clips.make(stream.log, fragments, limits).catch((error: unknown) => {
          throw translated(error);
        });
        const head = { contentType: 'video/mp4', cacheControl: 'no-store' };
        await sender.sendStored(request, response, head, clip);
      },
    },
  };
}

function checkRange(fromMs: number, toMs: number, clock: 'server' | 'producer', nowMs: number): void {
  if (toMs <= fromMs) throw invalid('The EndTimestamp must be after the StartTimestamp.');
  if (toMs - fromMs > DAY_MS)
    throw invalid('The EndTimestamp must be within 24 hours of the StartTimestamp.');
  if (clock === 'server' && toMs > nowMs) {
    throw invalid('The EndTimestamp must be in the past when the FragmentSelectorType is SERVER_TIMESTAMP.');
  }
}

function translated(error: unknown): unknown {
  if (error instanceof ClipsBusyError) return new AwsError('ClientLimitExceededException', error.message);
  if (!(error instanceof ClipError)) return error;
  return new AwsError(CODES[error.code], error.code === 'no-media' ? NOTHING_FOUND : error.message);
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}
