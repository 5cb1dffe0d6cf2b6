import { fileURLToPath } from 'node:url';
import { COCO_LABELS } from './coco-labels.ts';
import { checkManifest, type ModelManifest } from './manifest.ts';

/** Models whose files the package `@vladmandic/human` carries. Its code is never loaded. */
export type BuiltInFile = 'centernet' | 'blazeface' | 'faceres' | 'handtrack';

/** Where the graph of a built-in model is: a `model.json`, its weights beside it. */
export function builtInModelPath(name: BuiltInFile): string {
  return fileURLToPath(new URL(`../models/${name}.json`, import.meta.resolve('@vladmandic/human')));
}

export const DEFAULT_MODEL = 'centernet';

/**
 * MobileNetV3-CenterNet, trained on COCO. What it is looked at for is what it was seen to find: on window corners, litter and drains
 * it sees laptops, sports balls and traffic lights, and its scores are low (detection.md §2: "the default threshold must be ~0.35").
 */
const CENTERNET: ModelManifest = checkManifest({
  family: 'centernet',
  graph: 'centernet.json',
  input: { width: 512, height: 512 },
  outputs: { scores: 'tower_0/keypoints', sizes: 'tower_0/wh' },
  labels: COCO_LABELS,
  groups: { car: 'vehicle', bus: 'vehicle', truck: 'vehicle', motorcycle: 'vehicle' },
  defaultLabels: [
    'person',
    'bicycle',
    'car',
    'motorcycle',
    'bus',
    'train',
    'truck',
    'boat',
    'bird',
    'cat',
    'dog',
    'horse',
    'sheep',
    'cow',
    'bear',
  ],
  threshold: 0.35,
  maxBatch: 4,
  license: 'none stated by its authors; carried by @vladmandic/human (MIT)',
  source: 'https://github.com/610265158/mobilenetv3_centernet',
});

/** Built-in detectors, by the name that settings call them. */
export const BUILT_IN_DETECTORS: Readonly<
  Record<string, { readonly manifest: ModelManifest; readonly file: BuiltInFile }>
> = {
  [DEFAULT_MODEL]: { manifest: CENTERNET, file: 'centernet' },
};
