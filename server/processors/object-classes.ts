import { type LabelWork, OBJECT_CLASSES, type ObjectClass } from '../catalog/processor-catalog.ts';

/** In the words of models: which labels a class of objects has. */
const LABELS: Readonly<Record<ObjectClass, readonly string[]>> = {
  PERSON: ['person'],
  PET: ['cat', 'dog', 'pet'],
  // No class of COCO: for models of the operator's own.
  PACKAGE: ['package', 'parcel'],
};

/** The classes that a processor was asked for. */
export function classesOf({ labels }: Pick<LabelWork, 'labels'>): readonly ObjectClass[] {
  return OBJECT_CLASSES.filter((each) => labels.includes(each) || labels.includes('ALL'));
}

/** The labels of some classes, in the words of models. */
export function labelsOf(classes: readonly ObjectClass[]): string[] {
  return classes.flatMap((each) => LABELS[each]);
}

/** The class of a label, of those that are looked for. */
export function classOf(label: string, classes: readonly ObjectClass[]): ObjectClass | undefined {
  return classes.find((each) => LABELS[each].includes(label));
}
