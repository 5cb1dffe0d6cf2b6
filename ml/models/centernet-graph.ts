import { type GraphFile, type GraphNode, type WeightSpec, weightBytes } from '../backend/graph-file.ts';
import { ModelError } from './model-error.ts';

/**
 * What is changed in the graph of the built-in CenterNet before it is loaded. It was exported for one picture of 512 x 512 and 80
 * classes; nothing in it but a few constants says so (detection.md §2). Its answers stay what they are.
 */

/** Five times, the picture is halved each way. */
export const INPUT_STEP = 32;

const HEAD = 'tower_0/CenternetHead/';

/** Feature maps that are scaled up, each to the size of the one that it is joined with. */
const UPSAMPLED = [
  {
    resize: 'c5_upsample/up_sampling2d/ResizeBilinear',
    size: 'c5_upsample/up_sampling2d/mul',
    joined: 'concat',
  },
  {
    resize: 'c4_upsample/up_sampling2d_1/ResizeBilinear',
    size: 'c4_upsample/up_sampling2d_1/mul',
    joined: 'concat_1',
  },
  {
    resize: 'c3_upsample/up_sampling2d_2/ResizeBilinear',
    size: 'c3_upsample/up_sampling2d_2/mul',
    joined: 'concat_2',
  },
].map(({ resize, size, joined }) => ({ resize: HEAD + resize, size: HEAD + size, joined: HEAD + joined }));

/** The last layer, which makes one heat map a class: classes are its last axis. */
const CLASS_WEIGHTS = [
  'CenternetHead/centernet_cls_output/pointwise_weights',
  'CenternetHead/centernet_cls_output/biases',
];

/** Is it the graph that this file knows? */
export function isReshapeable({ weightSpecs, topology }: GraphFile): boolean {
  const weights = new Set(weightSpecs.map(({ name }) => name));
  const nodes = new Set(topology.node.map(({ name }) => name));
  return (
    CLASS_WEIGHTS.every((name) => weights.has(name)) &&
    UPSAMPLED.every(({ resize, size, joined }) => weights.has(size) && nodes.has(resize) && nodes.has(joined))
  );
}

/**
 * The graph for pictures of any size that is a multiple of `INPUT_STEP` each way, any number of them at once, that looks for some
 * of the classes only: class n of the new graph is number n of `classes`. Throws ModelError `bad-graph` where it is not the graph
 * that this file knows.
 */
export function reshapeCenternet(graph: GraphFile, classes: readonly number[]): GraphFile {
  const { weightSpecs, weights } = keepClasses(askForSizes(graph), classes);
  const shape = [-1, -1, -1, 3];
  const node = graph.topology.node.flatMap((one) => reshapedNode(one, graph.topology.node, shape));
  return {
    ...graph,
    topology: { ...graph.topology, node },
    weightSpecs,
    weights,
    input: { ...graph.input, shape },
  };
}

function reshapedNode(node: GraphNode, all: readonly GraphNode[], shape: readonly number[]): GraphNode[] {
  if (node.op === 'Placeholder') {
    const dim = shape.map((length) => ({ size: String(length) }));
    return [{ ...node, attr: { ...node.attr, shape: { shape: { dim } } } }];
  }
  const map = UPSAMPLED.find(({ resize }) => resize === node.name);
  const [small] = node.input ?? [];
  if (map === undefined || small === undefined) return [node];
  const neighbour = all.find(({ name }) => name === map.joined)?.input?.find((name) => name !== node.name);
  if (neighbour === undefined) throw unknownGraph(node.name);
  // Rows and columns are numbers 1 and 2 of the neighbour's shape, which is what the constant says now.
  const shapeNode = { name: `${map.size}/shape`, op: 'Shape', input: [neighbour], attr: {} };
  const sizeNode = {
    name: `${map.size}/rows_columns`,
    op: 'Gather',
    input: [shapeNode.name, map.size],
    attr: {},
  };
  return [shapeNode, sizeNode, { ...node, input: [small, sizeNode.name] }];
}

type Weights = Pick<GraphFile, 'weightSpecs' | 'weights'>;

/** The constants that were sizes become the numbers of the axes of which sizes are asked for. */
function askForSizes({ weightSpecs, weights }: Weights): Weights {
  const changed = weights.slice();
  const view = new DataView(changed.buffer);
  for (const { size } of UPSAMPLED) {
    const { spec, offset } = find(weightSpecs, size);
    if (spec.dtype !== 'int32' || spec.quantization !== undefined || spec.shape.join() !== '2')
      throw unknownGraph(size);
    view.setInt32(offset, 1, true);
    view.setInt32(offset + 4, 2, true);
  }
  return { weightSpecs, weights: changed };
}

function keepClasses({ weightSpecs, weights }: Weights, classes: readonly number[]): Weights {
  const parts: Uint8Array[] = [];
  const specs: WeightSpec[] = [];
  let offset = 0;
  for (const spec of weightSpecs) {
    const bytes = weights.subarray(offset, offset + weightBytes(spec));
    offset += bytes.length;
    const isByClass = CLASS_WEIGHTS.includes(spec.name);
    parts.push(isByClass ? columnsOf(spec, bytes, classes) : bytes);
    specs.push(isByClass ? { ...spec, shape: [...spec.shape.slice(0, -1), classes.length] } : spec);
  }
  return { weightSpecs: specs, weights: new Uint8Array(Buffer.concat(parts)) };
}

function columnsOf(spec: WeightSpec, bytes: Uint8Array, columns: readonly number[]): Uint8Array {
  const width = spec.shape.at(-1) ?? 0;
  if (columns.length === 0 || columns.some((column) => column < 0 || column >= width))
    throw unknownGraph(spec.name);
  const rows = spec.shape.slice(0, -1).reduce((count, size) => count * size, 1);
  const elementBytes = bytes.length / rows / width;
  const kept = new Uint8Array(rows * columns.length * elementBytes);
  for (let row = 0, to = 0; row < rows; row++) {
    for (const column of columns) {
      const from = (row * width + column) * elementBytes;
      kept.set(bytes.subarray(from, from + elementBytes), to);
      to += elementBytes;
    }
  }
  return kept;
}

function find(
  specs: readonly WeightSpec[],
  name: string,
): { readonly spec: WeightSpec; readonly offset: number } {
  let offset = 0;
  for (const spec of specs) {
    if (spec.name === name) return { spec, offset };
    offset += weightBytes(spec);
  }
  throw unknownGraph(name);
}

function unknownGraph(name: string): ModelError {
  return new ModelError('bad-graph', `the graph is not the CenterNet that can be re-shaped: ${name}`);
}
