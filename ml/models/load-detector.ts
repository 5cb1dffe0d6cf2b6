import type { Backend } from '../backend/backend.ts';
import type { GraphFile } from '../backend/graph-file.ts';
import { startBackend } from '../backend/start-backend.ts';
import { customReader, loadPostprocess } from '../detect/custom.ts';
import type { Detector } from '../detect/detector.ts';
import { GraphDetector, type OutputReader } from '../detect/graph-detector.ts';
import { centernetReader, ssdReader, yoloReader } from '../detect/output-readers.ts';
import { groupOf } from '../track/label-groups.ts';
import { INPUT_STEP, isReshapeable, reshapeCenternet } from './centernet-graph.ts';
import { inputShape, type Profile } from './input-shape.ts';
import { labelOfClass, type ModelManifest } from './manifest.ts';
import { ModelError } from './model-error.ts';
import { graphOf, toModelError } from './model-files.ts';
import { type RegisteredModel, readRegistered } from './model-registry.ts';
import { groupsOf, wantedLabels } from './wanted-labels.ts';

export interface LoadOptions {
  /** Width / height of the pictures that will be looked at. */
  readonly aspect: number;
  readonly profile: Profile;
  /** Labels or groups that are looked for; the model's own list when absent. What is not looked for costs less. */
  readonly labels?: readonly string[];
}

/**
 * Loads a registered model, ready to look at pictures but for its first run, which takes longer (`warmUp`). Throws ModelError
 * `bad-graph`, `changed`, `unsupported`, `failed`, and BackendError `unavailable`.
 */
export async function loadDetector(model: RegisteredModel, options: LoadOptions): Promise<Detector> {
  const backend = await startBackend();
  const given = graphOf(await readRegistered(model));
  const plan = planOf(given, model.manifest, options);
  try {
    return new GraphDetector({
      model: model.identity,
      ...plan.parts,
      ...(await assemble(backend, model, plan)),
    });
  } catch (error) {
    throw toModelError(error);
  }
}

interface Plan {
  readonly graph: GraphFile;
  readonly parts: {
    readonly input: ModelManifest['input'];
    readonly inputStep?: number;
    readonly labels: readonly string[];
    readonly labelOf: (classIndex: number) => string | undefined;
    readonly groupOf: (label: string) => string;
    readonly iou: number;
    readonly maxBatch: number;
  };
}

/** Which graph is run, and what its class numbers mean. */
function planOf(
  graph: GraphFile,
  manifest: ModelManifest,
  { aspect, profile, labels: named }: LoadOptions,
): Plan {
  const labels = wantedLabels(manifest, named);
  const wanted = new Set(labels);
  const groups = groupsOf(manifest);
  const common = {
    labels,
    groupOf: (label: string) => groupOf(label, groups),
    iou: manifest.nms.iou,
    maxBatch: manifest.maxBatch,
  };
  if (manifest.family === 'centernet' && isReshapeable(graph) && labels.length > 0) {
    const size = inputShape(aspect, profile);
    const classes = manifest.labels.flatMap((label, index) => (wanted.has(label) ? [index] : []));
    return {
      graph: reshapeCenternet(graph, classes),
      parts: {
        ...common,
        input: { ...manifest.input, ...size },
        inputStep: INPUT_STEP,
        labelOf: (index) => manifest.labels[classes[index] ?? -1],
      },
    };
  }
  const labelOf = (index: number) => {
    const label = labelOfClass(manifest, index);
    return label !== undefined && wanted.has(label) ? label : undefined;
  };
  return { graph, parts: { ...common, input: manifest.input, labelOf } };
}

async function assemble(backend: Backend, model: RegisteredModel, { graph, parts }: Plan) {
  requireInput(graph, parts.input);
  return { graph: await backend.load(graph), reader: await readerOf(model) };
}

async function readerOf({ manifest, moduleUrl }: RegisteredModel): Promise<OutputReader> {
  switch (manifest.family) {
    case 'centernet':
      return centernetReader(manifest.outputs);
    case 'ssd':
      return ssdReader(manifest.outputs);
    case 'yolo':
      return yoloReader(manifest.outputs, manifest.input);
    case 'custom':
      return customReader(manifest.outputs.names, await loadPostprocess(moduleUrl ?? ''), manifest);
  }
}

/** What the graph declares, and what the manifest says of it, must agree before a picture is made for it. */
function requireInput({ input }: GraphFile, { layout, width, height }: ModelManifest['input']): void {
  const wanted = layout === 'nhwc' ? [-1, height, width, 3] : [-1, 3, height, width];
  const fits =
    input.shape.length === 0 ||
    (input.shape.length === 4 &&
      input.shape.every((size, axis) => axis === 0 || size === -1 || size === wanted[axis]));
  if (!fits) {
    throw new ModelError(
      'bad-graph',
      `the graph's input is [${input.shape.join(', ')}], the manifest says ${layout} ${width}x${height}`,
    );
  }
}
