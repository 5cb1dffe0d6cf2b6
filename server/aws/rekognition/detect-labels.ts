import type { Detection } from '../../../ml/detect/detection.ts';
import { boundingBoxOf, percentOf } from '../../processors/face-forms.ts';
import { factsOf } from './label-taxonomy.ts';

/** What of the labels of a picture is answered. */
export interface LabelFilters {
  readonly LabelInclusionFilters?: readonly string[];
  readonly LabelExclusionFilters?: readonly string[];
  readonly LabelCategoryInclusionFilters?: readonly string[];
  readonly LabelCategoryExclusionFilters?: readonly string[];
}

interface Label {
  readonly Name: string;
  readonly Confidence: number;
  readonly Instances: readonly object[];
  readonly Parents: readonly { readonly Name: string }[];
  readonly Aliases: readonly { readonly Name: string }[];
  readonly Categories: readonly { readonly Name: string }[];
}

/**
 * The labels of a picture in which objects were found: one for each kind, with its objects, and one for everything that it is a
 * kind of. The surest first.
 */
export function labelsIn(objects: readonly Detection[], filters: LabelFilters, maxLabels: number): Label[] {
  const labels = new Map<string, Label>();
  for (const [label, found] of Map.groupBy(objects, ({ label }) => label)) {
    const { name, parents, aliases, category } = factsOf(label);
    const confidence = percentOf(Math.max(...found.map(({ score }) => score)));
    const categories = named(category === undefined ? [] : [category]);
    labels.set(name, {
      Name: name,
      Confidence: confidence,
      Instances: found
        .toSorted((a, b) => b.score - a.score)
        .map(({ box, score }) => ({ BoundingBox: boundingBoxOf(box), Confidence: percentOf(score) })),
      Parents: named(parents),
      Aliases: named(aliases),
      Categories: categories,
    });
    for (const parent of parents) {
      const known = labels.get(parent);
      if (known !== undefined && known.Confidence >= confidence) continue;
      labels.set(parent, {
        Name: parent,
        Confidence: confidence,
        Instances: known?.Instances ?? [],
        Parents: known?.Parents ?? [],
        Aliases: known?.Aliases ?? [],
        Categories: known?.Categories ?? categories,
      });
    }
  }
  return [...labels.values()]
    .filter((label) => isWanted(label, filters))
    .toSorted((a, b) => b.Confidence - a.Confidence || b.Instances.length - a.Instances.length)
    .slice(0, maxLabels);
}

/** What is included by its name or its category, and excluded by neither. Nothing to include: everything. */
function isWanted({ Name: name, Categories: categories }: Label, filters: LabelFilters): boolean {
  const { LabelInclusionFilters: names = [], LabelCategoryInclusionFilters: kinds = [] } = filters;
  const { LabelExclusionFilters: noNames = [], LabelCategoryExclusionFilters: noKinds = [] } = filters;
  const isOf = (list: readonly string[]) => categories.some((category) => list.includes(category.Name));
  const isIncluded = (names.length === 0 && kinds.length === 0) || names.includes(name) || isOf(kinds);
  return isIncluded && !noNames.includes(name) && !isOf(noKinds);
}

function named(names: readonly string[]): { readonly Name: string }[] {
  return names.map((name) => ({ Name: name }));
}
