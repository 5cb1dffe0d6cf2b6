import { DEFAULT_LABEL_GROUPS, groupOf, type LabelGroups } from '../track/label-groups.ts';
import type { ModelManifest } from './manifest.ts';

/** The groups of a model's labels: its own, or those that everybody means. */
export function groupsOf({ groups }: ModelManifest): LabelGroups {
  return groups ?? DEFAULT_LABEL_GROUPS;
}

/**
 * The labels of a model that are looked for: those that are named, or whose group is; the model's own list when nothing is
 * named. In the order of the model's labels. Names that the model does not know find nothing.
 */
export function wantedLabels(manifest: ModelManifest, named: readonly string[] | undefined): string[] {
  const groups = groupsOf(manifest);
  const wanted = named ?? manifest.defaultLabels;
  const all = new Set(manifest.labels);
  if (wanted === undefined) return [...all];
  return [...all].filter((label) => wanted.includes(label) || wanted.includes(groupOf(label, groups)));
}
