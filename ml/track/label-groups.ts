/**
 * Which labels may be one and the same object: a van is a car in one frame and a truck in the next (detection.md §2), so tracks
 * and rules go by the group. A model's manifest may bring its own.
 */
export type LabelGroups = Readonly<Record<string, string>>;

export const DEFAULT_LABEL_GROUPS: LabelGroups = {
  car: 'vehicle',
  bus: 'vehicle',
  truck: 'vehicle',
  van: 'vehicle',
  motorcycle: 'vehicle',
};

/** The group of a label; the label itself where it has none. */
export function groupOf(label: string, groups: LabelGroups): string {
  return (Object.hasOwn(groups, label) ? groups[label] : undefined) ?? label;
}

/** Is it one of the labels or groups that are asked for? All are where nothing is asked for. */
export function isWanted(
  object: { readonly label: string; readonly group: string },
  wanted: readonly string[] | undefined,
): boolean {
  return wanted === undefined || wanted.includes(object.label) || wanted.includes(object.group);
}
