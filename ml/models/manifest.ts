import { z } from 'zod';
import { ModelError } from './model-error.ts';

/**
 * `manifest.json` in a model's folder: which family it is of, how it wants its picture, how its numbers are read, and what of it is
 * looked for unless somebody says otherwise.
 */

export const MANIFEST_FILE = 'manifest.json';
const MAX_MANIFEST_LENGTH = 256 * 1024;
const MAX_SIDE = 2048;
const MAX_LABELS = 2000;

export const FAMILIES = ['centernet', 'ssd', 'yolo', 'custom'] as const;
export type Family = (typeof FAMILIES)[number];

const label = z.string().min(1).max(64);
const tensorName = z.string().min(1).max(1024);
const side = z.int().min(16).max(MAX_SIDE);
/** Beside the manifest: no path, no address. */
const fileName = z.string().regex(/^(?!\.)[\w.-]{1,128}$/, 'must be the name of a file in the same folder');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const input = z.strictObject({
  width: side,
  height: side,
  layout: z.enum(['nhwc', 'nchw']).default('nhwc'),
  range: z.enum(['0..255', '0..1', '-1..1']).default('0..255'),
  order: z.enum(['rgb', 'bgr']).default('rgb'),
  resize: z.enum(['stretch', 'letterbox']).default('stretch'),
});

const common = {
  version: z.literal(1).default(1),
  /** The graph: a TensorFlow.js `model.json`; its weights are named in it. */
  graph: fileName.default('model.json'),
  input,
  /** By class number, from 0. */
  labels: z.array(label).min(1).max(MAX_LABELS),
  /** Class number to label, where the model's numbers are not places in `labels`. */
  classMap: z.record(z.string().regex(/^\d{1,6}$/), label).exactOptional(),
  /** Label to group: labels of one group are one kind of object to trackers and rules (`car` and `truck`: `vehicle`). */
  groups: z.record(label, label).exactOptional(),
  /** What is looked for unless a camera's settings say otherwise; all labels when absent. */
  defaultLabels: z.array(label).min(1).max(MAX_LABELS).exactOptional(),
  /** Detections from here on begin a track, unless a camera's settings say otherwise. */
  threshold: z.number().min(0).max(1).default(0.35),
  nms: z.strictObject({ iou: z.number().min(0.05).max(1).default(0.5) }).prefault({}),
  /** Pictures that the graph takes at once: more than 1 only where its first axis is open. */
  maxBatch: z.int().min(1).max(16).default(1),
  license: z.string().max(200).exactOptional(),
  source: z.string().max(500).exactOptional(),
  /** Of the graph, its weights and its module; written by `framelog models add`. */
  sha256: sha256.exactOptional(),
};

const manifestSchema = z.discriminatedUnion('family', [
  z.strictObject({
    family: z.literal('centernet'),
    ...common,
    outputs: z.strictObject({ scores: tensorName, sizes: tensorName }),
  }),
  z.strictObject({
    family: z.literal('ssd'),
    ...common,
    outputs: z.strictObject({
      boxes: tensorName,
      scores: tensorName,
      classes: tensorName.exactOptional(),
      count: tensorName.exactOptional(),
    }),
  }),
  z.strictObject({
    family: z.literal('yolo'),
    ...common,
    outputs: z.strictObject({
      detections: tensorName,
      layout: z.enum(['channels-first', 'boxes-first']),
      units: z.enum(['pixels', 'fractions']).default('pixels'),
    }),
  }),
  z.strictObject({
    family: z.literal('custom'),
    ...common,
    outputs: z.strictObject({ names: z.array(tensorName).min(1).max(32) }),
    /** TypeScript or JavaScript with the post-processing as its default export. */
    module: fileName.default('postprocess.ts'),
  }),
]);

export type ModelManifest = z.output<typeof manifestSchema>;
/** As it is written by hand, with defaults left out. */
export type ModelManifestInput = z.input<typeof manifestSchema>;

/** Reads the text of a manifest. Throws ModelError `bad-manifest`. */
export function parseManifest(text: string): ModelManifest {
  if (text.length > MAX_MANIFEST_LENGTH)
    throw new ModelError('bad-manifest', `the manifest is longer than ${MAX_MANIFEST_LENGTH} characters`);
  try {
    return checkManifest(JSON.parse(text));
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError('bad-manifest', 'the manifest is not JSON', { cause: error });
  }
}

/** Fills in what is left out. Throws ModelError `bad-manifest`, which names the first thing that is wrong. */
export function checkManifest(document: unknown): ModelManifest {
  const parsed = manifestSchema.safeParse(document);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.').slice(0, 200) ?? '';
    throw new ModelError(
      'bad-manifest',
      `manifest: ${where === '' ? '' : `${where}: `}${issue?.message.slice(0, 300) ?? 'invalid'}`,
    );
  }
  requireKnownLabels(parsed.data);
  return parsed.data;
}

/** The label of a class number; `undefined` for numbers that the model gives nothing. */
export function labelOfClass({ labels, classMap }: ModelManifest, classIndex: number): string | undefined {
  if (classMap === undefined) return labels[classIndex];
  const key = String(classIndex);
  return Object.hasOwn(classMap, key) ? classMap[key] : undefined;
}

function requireKnownLabels({ labels, classMap, groups, defaultLabels }: ModelManifest): void {
  const known = new Set(labels);
  const group = new Set(Object.values(groups ?? {}));
  for (const [name, used] of Object.entries({
    classMap: Object.values(classMap ?? {}),
    groups: Object.keys(groups ?? {}),
  })) {
    const stranger = used.find((one) => !known.has(one));
    if (stranger !== undefined)
      throw new ModelError('bad-manifest', `manifest: ${name}: ${stranger} is not among the labels`);
  }
  const stranger = (defaultLabels ?? []).find((one) => !known.has(one) && !group.has(one));
  if (stranger !== undefined)
    throw new ModelError(
      'bad-manifest',
      `manifest: defaultLabels: ${stranger} is neither a label nor a group`,
    );
}
