import { BackendError } from './backend-error.ts';
import type { GraphNode, Topology } from './graph-file.ts';

/**
 * Which operations a graph may ask for: those that compute tensors, by kernels that the engine has. Everything else is refused
 * before anything is run: what reads files or strings, prints, or draws random numbers (the same frame must give the same answer).
 */

/** Operations whose kernel has the same name. */
const SAME_NAME =
  'Abs Acos Acosh Add AddN All Any ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool BatchToSpaceND BroadcastArgs Cast Ceil ClipByValue ' +
  'Conv2D Conv2DBackpropInput Conv3D Cos Cosh CropAndResize Cumprod Cumsum DepthToSpace DepthwiseConv2dNative Elu Equal Erf Exp ' +
  'ExpandDims Expm1 Fill Floor FloorDiv GatherV2 Greater GreaterEqual Identity IsFinite IsInf IsNan LRN LeakyRelu Less LessEqual ' +
  'LinSpace Log Log1p LogicalAnd LogicalNot LogicalOr Max MaxPool Maximum Mean Min Minimum MirrorPad Neg NonMaxSuppressionV3 ' +
  'NonMaxSuppressionV4 NonMaxSuppressionV5 NotEqual OneHot OnesLike Pack PadV2 Pow Prelu Prod Range RealDiv Reciprocal Relu Relu6 ' +
  'Reshape ResizeBilinear ResizeNearestNeighbor Reverse Round Rsqrt ScatterNd Select Selu Sigmoid Sign Sin Sinh Slice Softmax Softplus ' +
  'SpaceToBatchND SparseToDense SplitV Sqrt Square SquaredDifference StridedSlice Sub Sum Tan Tanh TensorScatterUpdate Tile Transpose ' +
  'Unpack ZerosLike _FusedMatMul GatherNd Unique';

/** The others. An empty list: no kernel is needed. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  AddV2: ['Add'],
  BatchMatMul: ['BatchMatMul'],
  BatchMatMulV2: ['BatchMatMul'],
  BiasAdd: ['Add'],
  BroadcastTo: ['Tile'],
  Concat: ['Concat'],
  ConcatV2: ['Concat'],
  Const: [],
  Conv1D: ['Conv2D'],
  DepthwiseConv2d: ['DepthwiseConv2dNative'],
  Div: ['RealDiv'],
  DivNoNan: ['RealDiv', 'Equal', 'Select'],
  EnsureShape: [],
  FakeQuantWithMinMaxVars: ['Identity'],
  FloorMod: ['Mod'],
  FusedBatchNorm: ['FusedBatchNorm'],
  FusedBatchNormV2: ['FusedBatchNorm'],
  FusedBatchNormV3: ['FusedBatchNorm'],
  FusedDepthwiseConv2dNative: ['FusedDepthwiseConv2D'],
  Gather: ['GatherV2'],
  IdentityN: ['Identity'],
  LogSoftmax: ['Max', 'Sub', 'Exp', 'Sum', 'Log'],
  MatMul: ['BatchMatMul'],
  Mod: ['Mod'],
  Mul: ['Multiply'],
  NoOp: [],
  NonMaxSuppressionV2: ['NonMaxSuppressionV3'],
  Ones: [],
  Pad: ['PadV2'],
  Placeholder: [],
  Rank: [],
  ReverseV2: ['Reverse'],
  SelectV2: ['Select'],
  Shape: [],
  ShapeN: [],
  Size: [],
  Snapshot: ['Identity'],
  Split: ['SplitV'],
  Squeeze: ['Reshape'],
  StopGradient: ['Identity'],
  TopKV2: ['TopK'],
  UniqueV2: ['Unique'],
  Where: [],
  Zeros: [],
  _FusedConv2D: ['FusedConv2D'],
};

/** Operations that decide what is run next, or whose result has a size that only running can tell: such graphs are run asynchronously. */
const CONTROL_FLOW = new Set(
  (
    'Switch Merge Enter Exit NextIteration LoopCond StatelessIf If StatelessWhile While TensorArrayV3 TensorArrayWriteV3 ' +
    'TensorArrayReadV3 TensorArrayGatherV3 TensorArrayScatterV3 TensorArrayConcatV3 TensorArraySplitV3 TensorArraySizeV3 ' +
    'TensorArrayCloseV3 EmptyTensorList TensorListScatter TensorListScatterV2 TensorListGather TensorListGetItem TensorListSetItem ' +
    'TensorListReserve TensorListFromTensor TensorListStack TensorListSplit TensorListConcat TensorListConcatV2 TensorListPopBack ' +
    'TensorListPushBack TensorListLength TensorListResize'
  ).split(' '),
);
const DYNAMIC = new Set(['NonMaxSuppressionV2', 'NonMaxSuppressionV3', 'NonMaxSuppressionV5', 'Where']);

const KERNELS = new Map<string, readonly string[]>([
  ...SAME_NAME.split(' ').map((op): [string, readonly string[]] => [op, [op]]),
  ...Object.entries(OTHER_NAMES),
  ...Array.from(CONTROL_FLOW, (op): [string, readonly string[]] => [op, []]),
]);

/** All operations that a graph may have, with the kernels that each needs. */
export const ALLOWED_OPS: ReadonlyMap<string, readonly string[]> = KERNELS;

/**
 * Throws BackendError `unsupported-op` where the graph or one of its functions has an operation that is not on the list, or that
 * needs a kernel which the engine does not have.
 */
export function requireAllowedOps(topology: Topology, hasKernel: (name: string) => boolean): void {
  for (const op of new Set(allNodes(topology).map((node) => node.op))) {
    const kernels = KERNELS.get(op);
    if (kernels === undefined)
      throw new BackendError(
        'unsupported-op',
        `the model has an operation that is not allowed: ${shown(op)}`,
      );
    const missing = kernels.find((kernel) => !hasKernel(kernel));
    if (missing !== undefined)
      throw new BackendError('unsupported-op', `this engine cannot do ${op}: it has no ${missing}`);
  }
}

/**
 * Whether these outputs can only be computed asynchronously (detection.md §3: `execute()` throws for such graphs): one of the
 * nodes that they are made from decides what is run next.
 */
export function isDynamic({ node }: Topology, outputs: readonly string[]): boolean {
  const byName = new Map(node.map((one) => [one.name, one]));
  const waiting = outputs.map(nodeName);
  const seen = new Set(waiting);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const { op, input } = byName.get(name) ?? { op: '' };
    if (CONTROL_FLOW.has(op) || DYNAMIC.has(op)) return true;
    for (const source of (input ?? []).map(nodeName)) {
      if (seen.has(source)) continue;
      seen.add(source);
      waiting.push(source);
    }
  }
  return false;
}

/** `^name` is a control input, `name:1` the second output of a node. */
function nodeName(input: string): string {
  return input.replace(/^\^/, '').replace(/:\d+$/, '');
}

function allNodes({ node, library }: Topology): readonly GraphNode[] {
  return [...node, ...(library?.function ?? []).flatMap(({ nodeDef }) => nodeDef ?? [])];
}

function shown(op: string): string {
  return op.length > 80 ? `${op.slice(0, 80)}…` : op;
}
