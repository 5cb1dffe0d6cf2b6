import type { Registry } from 'prom-client';
import type { WholeFiles } from '../playback/whole-files.ts';
import { Instruments } from './instruments.ts';

/** Makes the metrics of clips, pictures and decoders. */
export function createWholeFileMetrics(
  registry: Registry,
  files: Pick<WholeFiles, 'clips' | 'images' | 'decoders'>,
): void {
  const to = new Instruments(registry);
  const { clips, images, decoders } = files;
  to.count('framelog_clips_total', 'Clips that were made.', () => clips.counters.made);
  to.count('framelog_clip_bytes_total', 'Bytes of the clips that were made.', () => clips.counters.bytes);
  to.count(
    'framelog_clips_refused_total',
    'Clips refused because too many were being made.',
    () => clips.counters.refused,
  );
  to.countBy(
    'framelog_images_total',
    'Pictures asked for by what came of it: decoded, cached (made before), no-media (nothing recorded then), media-error.',
    'outcome',
    () => {
      const { cached, decoded, noMedia, mediaErrors } = images.counters;
      return { cached, decoded, 'no-media': noMedia, 'media-error': mediaErrors };
    },
  );
  to.level('framelog_image_cache_bytes', 'Bytes of pictures kept in memory.', () => images.cachedBytes);
  to.count('framelog_decoder_jobs_total', 'Jobs given to decoder processes.', () => decoders.counters.jobs);
  to.countBy(
    'framelog_decoder_failures_total',
    'Decoder jobs without pictures, by reason.',
    'reason',
    () => decoders.counters.failures as Record<string, number>,
  );
  to.level('framelog_decoder_waiting', 'Decoder jobs that wait.', () => decoders.waiting);
  to.level('framelog_decoder_processes', 'Decoder processes that run.', () => decoders.processes);
  to.count(
    'framelog_decoder_crashes_total',
    'Decoder processes that died or had to be killed. Streams that do this again and again are left alone for a while.',
    () => decoders.counters.crashed,
  );
}
