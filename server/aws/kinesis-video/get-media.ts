import { parseFragmentNumber } from '../../../fragments/stream/fragment-number.ts';
import type { MediaCountersByStream } from '../../playback/matroska/media-counters.ts';
import { readMedia } from '../../playback/matroska/read-media.ts';
import { type MediaStart, startPosition } from '../../playback/matroska/start-position.ts';
import { type AwsCall, AwsError } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import type { MediaConnections } from './media-connections.ts';
import { consumableFromMs } from './retention-window.ts';
import type { StreamReference, VideoResources } from './video-resources.ts';

interface StartSelector {
  readonly StartSelectorType:
    | 'FRAGMENT_NUMBER'
    | 'SERVER_TIMESTAMP'
    | 'PRODUCER_TIMESTAMP'
    | 'NOW'
    | 'EARLIEST'
    | 'CONTINUATION_TOKEN';
  readonly AfterFragmentNumber?: string;
  /** Epoch ms. */
  readonly StartTimestamp?: number;
  readonly ContinuationToken?: string;
}

interface GetMediaInput extends StreamReference {
  readonly StartSelector: StartSelector;
}

export interface GetMediaOptions {
  readonly resources: VideoResources;
  readonly connections: MediaConnections;
  readonly counters: MediaCountersByStream;
  /** Fragments are not longer than this by the server's settings. */
  readonly longestFragmentMs: number;
  readonly now: () => number;
}

/** GetMedia (kvs.md §3): a stream from a point on, and on past its live edge. */
export function getMedia(options: GetMediaOptions): OperationTable {
  const { resources, connections, now, longestFragmentMs } = options;
  return {
    streamHandlers: {
      GetMedia: async (call: AwsCall<GetMediaInput>, _request, response) => {
        const { input, principal, nowMs } = call;
        const start = mediaStart(input.StartSelector);
        const { video, stream } = await resources.open(input, 'view', principal);
        const from = await startPosition(stream, start, consumableFromMs(video, nowMs));
        const viewer = `getMedia ${call.requestId}`;
        const request = {
          call,
          video,
          counters: options.counters.of(video.name),
          onCheck: (atMs: number) => stream.countViewer(viewer, atMs),
        };
        await connections.serve(request, response, (signal) =>
          readMedia(stream, from, { signal, now, longestFragmentMs }),
        );
      },
    },
  };
}

/** Throws AwsError `InvalidArgumentException` when a member is missing or says nothing. */
function mediaStart(selector: StartSelector): MediaStart {
  const { StartSelectorType, AfterFragmentNumber, ContinuationToken, StartTimestamp } = selector;
  switch (StartSelectorType) {
    case 'NOW':
      return { at: 'now' };
    case 'EARLIEST':
      return { at: 'earliest' };
    case 'FRAGMENT_NUMBER':
      return afterFragment('AfterFragmentNumber', AfterFragmentNumber);
    case 'CONTINUATION_TOKEN':
      return afterFragment('ContinuationToken', ContinuationToken);
    case 'SERVER_TIMESTAMP':
    case 'PRODUCER_TIMESTAMP': {
      if (StartTimestamp === undefined) throw missing('StartTimestamp', StartSelectorType);
      const ms = Math.round(StartTimestamp);
      return { at: StartSelectorType === 'SERVER_TIMESTAMP' ? 'server-time' : 'producer-time', ms };
    }
    default:
      return StartSelectorType satisfies never;
  }
}

/** The continuation token is the number of the fragment that it was sent with (kvs.md §3.2). */
function afterFragment(member: string, number: string | undefined): MediaStart {
  if (number === undefined) {
    throw missing(member, member === 'ContinuationToken' ? 'CONTINUATION_TOKEN' : 'FRAGMENT_NUMBER');
  }
  if (parseFragmentNumber(number) === undefined) {
    throw new AwsError('InvalidArgumentException', `${member} ${number} is not one that this service gave.`);
  }
  return { at: 'after', number };
}

function missing(member: string, selectorType: string): AwsError {
  return new AwsError('InvalidArgumentException', `${member} is required with ${selectorType}.`);
}
