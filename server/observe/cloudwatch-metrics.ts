import type { Registry } from 'prom-client';
import type { ConsumedFragments } from '../playback/consumed-fragments.ts';
import { Instruments } from './instruments.ts';

/** Makes the metrics that CloudWatch calls `ArchivedFragmentsConsumed.*` (kvs.md §8), by stream. */
export function createConsumedMetrics(registry: Registry, consumed: ConsumedFragments): void {
  const to = new Instruments(registry);
  to.countBy(
    'framelog_archived_fragments_consumed_metadata_total',
    'Fragments that lists, playlists, manifests and clips asked the archive about (CloudWatch: ArchivedFragmentsConsumed.Metadata).',
    'stream',
    () => consumed.by(({ metadata }) => metadata),
  );
  to.countBy(
    'framelog_archived_fragments_consumed_media_total',
    'Fragments of the archive whose media was played, listed with their media, clipped or looked at (CloudWatch: ArchivedFragmentsConsumed.Media).',
    'stream',
    () => consumed.by(({ media }) => media),
  );
}

const NAME = /\(CloudWatch: ([^)]+)\)/;

/** The table of CloudWatch's names for metrics, out of their descriptions. */
export function cloudWatchTable(
  metrics: readonly { readonly name: string; readonly help: string }[],
): string {
  const rows = metrics
    .map(({ name, help }) => [NAME.exec(help)?.[1], name] as const)
    .filter(([cloudWatch]) => cloudWatch !== undefined)
    .map(([cloudWatch, name]) => `| ${cloudWatch} | \`${name}\` |`);
  return `| CloudWatch | here |\n|---|---|\n${rows.join('\n')}\n`;
}
