import type { Registry } from 'prom-client';
import type { MediaCounters, MediaCountersByStream } from '../playback/matroska/media-counters.ts';
import { Instruments } from './instruments.ts';

/** The counters of both operations that send Matroska. */
export interface MediaSources {
  readonly getMedia: MediaCountersByStream;
  readonly fragmentList: MediaCountersByStream;
}

/** Makes the metrics of GetMedia, which CloudWatch calls `GetMedia.*` (kvs.md §8), and of GetMediaForFragmentList. */
export function createMediaMetrics(registry: Registry, { getMedia, fragmentList }: MediaSources): void {
  const to = new Instruments(registry);
  const count = (name: string, help: string, from: MediaCountersByStream, what: keyof MediaCounters) =>
    to.countBy(name, help, 'stream', () => from.by((counters) => counters[what]));
  const level = (name: string, help: string, from: MediaCountersByStream, what: keyof MediaCounters) =>
    to.levelBy(name, help, 'stream', () => from.by((counters) => counters[what]));

  level('framelog_get_media_connections', 'Consumers that GetMedia serves now.', getMedia, 'connections');
  count(
    'framelog_get_media_outgoing_bytes_total',
    'Bytes sent by GetMedia (CloudWatch: GetMedia.OutgoingBytes).',
    getMedia,
    'outgoingBytes',
  );
  count(
    'framelog_get_media_outgoing_fragments_total',
    'Whole fragments sent by GetMedia (CloudWatch: GetMedia.OutgoingFragments).',
    getMedia,
    'outgoingFragments',
  );
  count(
    'framelog_get_media_outgoing_frames_total',
    'Frames sent by GetMedia (CloudWatch: GetMedia.OutgoingFrames).',
    getMedia,
    'outgoingFrames',
  );
  level(
    'framelog_get_media_millis_behind_now',
    'How old the last fragment was by the server time when GetMedia had sent it, ms (CloudWatch: GetMedia.MillisBehindNow).',
    getMedia,
    'millisBehindNow',
  );
  count(
    'framelog_get_media_connection_errors_total',
    'GetMedia connections refused or hung up on (CloudWatch: GetMedia.ConnectionErrors).',
    getMedia,
    'connectionErrors',
  );
  count(
    'framelog_get_media_success_total',
    'Fragments that GetMedia sent as they should be (CloudWatch: sum of GetMedia.Success).',
    getMedia,
    'successes',
  );
  count(
    'framelog_get_media_failures_total',
    'Fragments that could not be read: their error was told in the media (CloudWatch: zeros of GetMedia.Success).',
    getMedia,
    'failures',
  );
  count(
    'framelog_archived_media_fragments_total',
    'Fragments sent by GetMediaForFragmentList (CloudWatch: part of ArchivedFragmentsConsumed.Media).',
    fragmentList,
    'outgoingFragments',
  );
  count(
    'framelog_archived_media_bytes_total',
    'Bytes sent by GetMediaForFragmentList.',
    fragmentList,
    'outgoingBytes',
  );
  count(
    'framelog_archived_media_failures_total',
    'Fragments that GetMediaForFragmentList could not read: told in the media.',
    fragmentList,
    'failures',
  );
}
