import type { ConsumedFragments } from '../../playback/consumed-fragments.ts';
import { MediaCountersByStream } from '../../playback/matroska/media-counters.ts';
import type { OperationTable } from '../operation-table.ts';
import { getMedia } from './get-media.ts';
import { MediaConnections } from './media-connections.ts';
import { mediaForFragmentList } from './media-for-fragment-list.ts';
import type { VideoResources } from './video-resources.ts';

export interface MediaSettings {
  /** Consumers of one stream at once, of each of the two operations. */
  readonly maxConnectionsPerStream: number;
  /** After which GetMedia ends; 0: never. */
  readonly maxConnectionMs: number;
  /** Fragments are not longer than this. */
  readonly longestFragmentMs: number;
}

/** What consumers got, for metrics. */
export interface MediaTotals {
  readonly getMedia: MediaCountersByStream;
  readonly fragmentList: MediaCountersByStream;
}

export function newMediaTotals(): MediaTotals {
  return { getMedia: new MediaCountersByStream(), fragmentList: new MediaCountersByStream() };
}

export interface MediaPartsOptions {
  readonly resources: VideoResources;
  readonly settings: MediaSettings;
  readonly totals: MediaTotals;
  readonly consumed: ConsumedFragments;
  /** Epoch ms. */
  readonly now: () => number;
  /** The server closes: connections end. */
  readonly closing: AbortSignal;
}

/** The operations that send Matroska: one for the service of media, one for that of archived media. */
export function mediaOperations(options: MediaPartsOptions): {
  readonly getMedia: OperationTable;
  readonly fragmentList: OperationTable;
} {
  const { resources, settings, totals, now, closing } = options;
  const { longestFragmentMs, maxConnectionsPerStream: maxPerStream, maxConnectionMs } = settings;
  const shared = { resources, now, longestFragmentMs };
  const connections = (maxDurationMs: number | undefined) =>
    new MediaConnections({ resources, now, closing, maxPerStream, maxDurationMs });
  return {
    getMedia: getMedia({
      ...shared,
      connections: connections(maxConnectionMs === 0 ? undefined : maxConnectionMs),
      counters: totals.getMedia,
    }),
    fragmentList: mediaForFragmentList({
      ...shared,
      connections: connections(undefined),
      counters: totals.fragmentList,
      consumed: options.consumed,
    }),
  };
}
