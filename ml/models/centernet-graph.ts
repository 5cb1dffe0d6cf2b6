import { type GraphFile, type GraphNode, type WeightSpec, weightBytes } from '../backend/graph-file.ts';
import type { PixelSize } from './input-shape.ts';
import { ModelError } from './model-error.ts';

/**
 * What is changed in the graph of the built-in CenterNet before it is loaded. It was exported for one picture of 512 x 512 and 80
 * classes; nothing in it but a few constants says so (detection.md §2). Its answers stay what they are.
 */

/** Sizes of the three feature maps that are scaled up, by the part of the input that a cell of them is. */
const UPSAMPLED = {
  'tower_0/CenternetHead/c5_upsample/up_sampling2d/mul': 16,
  'tower_0/CenternetHead/c4_upsample/up_sampling2d_1/mul': 8,
  'tower_0/CenternetHead/c3_upsample/up_sampling2d_2/mul': 4,
} as const;

/** The last layer, which makes one heat map a class: classes are its last axis. */
const CLASS_WEIGHTS = [
  'CenternetHead/centernet_cls_output/pointwise_weights',
  'CenternetHead/centernet_cls_output/biases',
];

/** Averages over whole feature maps, by the part of the input that a cell is: those of the squeeze-and-excite blocks, and the head's. */
const MEANS: readonly (readonly [name: RegExp, cellPixels: number])[] = [
  [/\/expanded_conv_[345]\/squeeze_excite\/Mean$/, 8],
  [/\/expanded_conv_1[01]\/squeeze_excite\/Mean$/, 16],
  [/\/expanded_conv_1[234]\/squeeze_excite\/Mean$/, 32],
  [/\/CenternetHead\/Mean$/, 4],
];

export interface CenternetShape {
  /** Multiples of 32. */
  readonly size: PixelSize;
  /** Class numbers that are looked for; class n of the new graph is number n of this list. */
  readonly classes: readonly number[];
}

/** Is it the graph that this file knows? */
export function isReshapeable({ weightSpecs }: GraphFile): boolean {
  const names = new Set(weightSpecs.map(({ name }) => name));
  return [...Object.keys(UPSAMPLED), ...CLASS_WEIGHTS].every((name) => names.has(name));
}

/**
 * The graph for pictures of another size, any number of them at once, that looks for some of the classes only. Throws ModelError
 * `bad-graph` where it is not the graph that this file knows.
 */
export function reshapeCenternet(graph: GraphFile, { size, classes }: CenternetShape): GraphFile {
  const { weightSpecs, weights } = keepClasses(resizeMaps(graph, size), classes);
  const shape = [-1, size.height, size.width, 3];
  const node = graph.topology.node.map((one) => reshapedNode(one, shape, size));
  return {
    ...graph,
    topology: { ...graph.topology, node },
    weightSpecs,
    weights,
    input: { ...graph.input, shape },
  };
}

function reshapedNode(node: GraphNode, shape: readonly number[], size: PixelSize): GraphNode {
  if (node.op === 'Placeholder') {
    const dim = shape.map((length) => ({ size: String(length) }));
    return { ...node, attr: { ...node.attr, shape: { shape: { dim } } } };
  }
  const cellPixels = node.op === 'Mean' ? MEANS.find(([name]) => name.test(node.name))?.[1] : undefined;
  return cellPixels === undefined ? node : pooled(node, size, cellPixels);
}

/** An average over a whole map is pooling with a window as large as it: WASM has vector code for that, and none for `Mean`. */
function pooled(
  { name, input = [] }: GraphNode,
  { width, height }: PixelSize,
  cellPixels: number,
): GraphNode {
  const window = { list: { i: ['1', String(height / cellPixels), String(width / cellPixels), '1'] } };
  return {
    name,
    op: 'AvgPool',
    input: input.slice(0, 1),
    attr: {
      T: { type: 'DT_FLOAT' },
      ksize: window,
      strides: window,
      padding: { s: Buffer.from('VALID').toString('base64') },
      data_format: { s: Buffer.from('NHWC').toString('base64') },
    },
  };
}

type Weights = Pick<GraphFile, 'weightSpecs' | 'weights'>;

function resizeMaps({ weightSpecs, weights }: Weights, { width, height }: PixelSize): Weights {
  const resized = weights.slice();
  const view = new DataView(resized.buffer);
  for (const [name, cellPixels] of Object.entries(UPSAMPLED)) {
    const { spec, offset } = find(weightSpecs, name);
    if (spec.dtype !== 'int32' || spec.quantization !== undefined || spec.shape.join() !== '2')
      throw unknownGraph(name);
    view.setInt32(offset, height / cellPixels, true);
    view.setInt32(offset + 4, width / cellPixels, true);
  }
  return { weightSpecs, weights: resized };
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
