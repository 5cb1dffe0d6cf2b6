import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import type { ReadSource } from '../../../fragments/stream/stream-reader.ts';
import type { ConsumedFragments } from '../../playback/consumed-fragments.ts';
import type { MediaCountersByStream } from '../../playback/matroska/media-counters.ts';
import { readFragmentList } from '../../playback/matroska/read-media.ts';
import { type AwsCall, AwsError } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import type { MediaConnections } from './media-connections.ts';
import { archivedFromMs } from './retention-window.ts';
import type { StreamReference, VideoResources } from './video-resources.ts';

interface GetMediaForFragmentListInput extends StreamReference {
  readonly Fragments: readonly string[];
}

export interface MediaForFragmentListOptions {
  readonly resources: VideoResources;
  readonly connections: MediaConnections;
  readonly counters: MediaCountersByStream;
  readonly consumed: ConsumedFragments;
  readonly longestFragmentMs: number;
  readonly now: () => number;
}

/** Invalid numbers that the error shows. */
const MAX_SHOWN = 10;

/** GetMediaForFragmentList (kvs.md §4.2): the media of up to 1000 fragments, in the order asked for. */
export function mediaForFragmentList(options: MediaForFragmentListOptions): OperationTable {
  const { resources, connections, now, longestFragmentMs } = options;
  return {
    streamHandlers: {
      GetMediaForFragmentList: async (call: AwsCall<GetMediaForFragmentListInput>, _request, response) => {
        const { input, principal, nowMs } = call;
        const { video, stream } = await resources.open(input, 'view', principal);
        const fragments = await findAll(stream, input.Fragments, archivedFromMs(video, nowMs));
        options.consumed.of(video.name).media += fragments.length;
        const request = { call, video, counters: options.counters.of(video.name) };
        await connections.serve(request, response, (signal) =>
          readFragmentList(stream, fragments, { signal, now, longestFragmentMs }),
        );
      },
    },
  };
}

/** Throws AwsError `InvalidArgumentException` when there is no such complete fragment for one of the numbers. */
async function findAll(
  source: ReadSource,
  numbers: readonly string[],
  retainedFromMs: number,
): Promise<FragmentInfo[]> {
  const found: FragmentInfo[] = [];
  const invalid: string[] = [];
  for (const number of numbers) {
    const info = await findComplete(source, number);
    if (info !== undefined && info.serverMs >= retainedFromMs) found.push(info);
    else invalid.push(number);
  }
  if (invalid.length === 0) return found;
  const shown = invalid.slice(0, MAX_SHOWN).join(', ');
  const more = invalid.length > MAX_SHOWN ? `, and ${invalid.length - MAX_SHOWN} more` : '';
  throw new AwsError('InvalidArgumentException', `Fragment numbers are invalid : ${shown}${more}`);
}

async function findComplete({ log, window }: ReadSource, number: string): Promise<FragmentInfo | undefined> {
  const live = window.fragments.find(({ info }) => info.number === number);
  if (live !== undefined) return live.isComplete ? live.info : undefined;
  return log.find({ by: 'number', number });
}
