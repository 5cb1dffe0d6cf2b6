import type { GraphHead } from '../backend/graph-file.ts';
import { plainName } from '../backend/graph-file.ts';
import { checkManifest, type Family, type ModelManifest } from './manifest.ts';
import { ModelError } from './model-error.ts';

/** What somebody says of a model that has no manifest. All but family and labels can be guessed where the graph tells it. */
export interface ModelFacts {
  readonly family: Family;
  readonly labels: readonly string[];
  /** Class number to label, where the numbers are not 0, 1, 2... */
  readonly classMap?: Readonly<Record<string, string>>;
  readonly width?: number;
  readonly height?: number;
  readonly layout?: string;
  readonly range?: string;
  readonly order?: string;
  readonly resize?: string;
  /** By the names that the family gives them (`boxes`, `scores`, ...): names of tensors, and settings like `layout`. */
  readonly outputs?: Readonly<Record<string, string>>;
  readonly defaultLabels?: readonly string[];
  readonly threshold?: number;
  readonly iou?: number;
  readonly module?: string;
  readonly license?: string;
  readonly source?: string;
}

/** Names of the Object Detection API. */
const SSD_NAMES = {
  boxes: 'detection_boxes',
  scores: 'detection_scores',
  classes: 'detection_classes',
  count: 'num_detections',
};

/** Makes a manifest of what is said and of what the graph declares. Throws ModelError `bad-manifest`, which says what is missing. */
export function draftManifest(head: GraphHead, graph: string, facts: ModelFacts): ModelManifest {
  const { family, labels, outputs = {} } = facts;
  return checkManifest({
    family,
    graph,
    input: inputOf(head, facts),
    labels,
    outputs: outputsOf(head, family, labels.length, outputs),
    ...defined({
      classMap: facts.classMap,
      defaultLabels: facts.defaultLabels,
      threshold: facts.threshold,
      nms: facts.iou === undefined ? undefined : { iou: facts.iou },
      module: facts.module,
      license: facts.license,
      source: facts.source,
    }),
  });
}

function inputOf({ input }: GraphHead, facts: ModelFacts) {
  const isPlanes = input.shape[1] === 3;
  const [rows, columns] = isPlanes ? input.shape.slice(2, 4) : input.shape.slice(1, 3);
  const width = facts.width ?? columns ?? -1;
  const height = facts.height ?? rows ?? -1;
  if (width <= 0 || height <= 0)
    throw missing('the graph does not say how large its input is; give --input WIDTHxHEIGHT');
  const isYolo = facts.family === 'yolo';
  return {
    width,
    height,
    layout: facts.layout ?? (isPlanes ? 'nchw' : 'nhwc'),
    ...defined({
      order: facts.order,
      range: facts.range ?? (isYolo ? '0..1' : undefined),
      resize: facts.resize ?? (isYolo ? 'letterbox' : undefined),
    }),
  };
}

function outputsOf(
  head: GraphHead,
  family: Family,
  classes: number,
  given: Readonly<Record<string, string>>,
) {
  const names = head.outputs.map(({ name }) => plainName(name));
  switch (family) {
    case 'yolo':
      return { ...yoloOutputs(head, classes), ...given };
    case 'ssd': {
      const found = Object.entries(SSD_NAMES).filter(([, name]) => names.includes(name));
      const outputs: Record<string, string> = { ...Object.fromEntries(found), ...given };
      if (outputs.boxes === undefined || outputs.scores === undefined)
        throw missing(`say which output is which: --output boxes=NAME --output scores=NAME; ${listed(head)}`);
      return outputs;
    }
    case 'custom':
      return { names: given.names?.split(',') ?? names };
    case 'centernet':
      if (given.scores === undefined || given.sizes === undefined)
        throw missing(`say which output is which: --output scores=NAME --output sizes=NAME; ${listed(head)}`);
      return given;
  }
}

/** One output; which way round it is follows from the number of classes. */
function yoloOutputs(head: GraphHead, classes: number): Readonly<Record<string, string>> {
  const [output] = head.outputs;
  if (output === undefined || head.outputs.length > 1) return {};
  const [, first, second] = output.shape;
  const layout =
    first === 4 + classes ? 'channels-first' : second === 5 + classes ? 'boxes-first' : undefined;
  if (output.shape.length === 3 && layout === undefined) {
    throw missing(
      `${classes} labels do not go with an output of shape [${output.shape.join(', ')}]: one axis must be 4 or 5 more than that`,
    );
  }
  return { detections: plainName(output.name), ...(layout === undefined ? {} : { layout }) };
}

function listed({ outputs }: GraphHead): string {
  if (outputs.length === 0) return 'the graph does not name its outputs';
  return `the graph has ${outputs.map(({ name, shape }) => `${plainName(name)} [${shape.join(', ')}]`).join(', ')}`;
}

function missing(message: string): ModelError {
  return new ModelError('bad-manifest', message);
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
