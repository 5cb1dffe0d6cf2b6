import { type GraphFile, graphFile, parseGraphHead } from '../../../../ml/backend/graph-file.ts';

/** Graph models made by hand: a `model.json` and the bytes of its weights. */

export interface TinyNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, unknown>>;
}

export interface TinyWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

export interface TinyGraph {
  readonly shape: readonly number[];
  readonly dtype?: string;
  readonly nodes: readonly TinyNode[];
  readonly weights?: readonly TinyWeight[];
  readonly outputs?: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export interface TinyModel {
  readonly json: string;
  readonly weights: Buffer;
}

/** The files of a model; weights are in `weights.bin`. */
export function tinyModel({ shape, dtype = 'DT_FLOAT', nodes, weights = [], outputs }: TinyGraph): TinyModel {
  const dim = (sizes: readonly number[]) => ({ dim: sizes.map((size) => ({ size: String(size) })) });
  const constants = weights.map(({ name, shape: sizes, values }) => ({
    name,
    op: 'Const',
    attr: {
      dtype: { type: values instanceof Int32Array ? 'DT_INT32' : 'DT_FLOAT' },
      value: { tensor: { tensorShape: dim(sizes) } },
    },
  }));
  const document = {
    format: 'graph-model',
    modelTopology: {
      node: [
        { name: 'image', op: 'Placeholder', attr: { dtype: { type: dtype }, shape: { shape: dim(shape) } } },
        ...constants,
        ...nodes,
      ],
    },
    weightsManifest: [
      {
        paths: weights.length === 0 ? [] : ['weights.bin'],
        weights: weights.map(({ name, shape: sizes, values }) => ({
          name,
          shape: sizes,
          dtype: values instanceof Int32Array ? 'int32' : 'float32',
        })),
      },
    ],
    ...(outputs === undefined
      ? {}
      : {
          signature: {
            outputs: Object.fromEntries(
              outputs.map(({ name, shape: sizes }) => [
                name,
                { name, dtype: 'DT_FLOAT', tensorShape: dim(sizes) },
              ]),
            ),
          },
        }),
  };
  const bytes = weights.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  return { json: JSON.stringify(document), weights: Buffer.concat(bytes) };
}

/** The same as a checked graph. */
export function tinyGraph(graph: TinyGraph): GraphFile {
  const { json, weights } = tinyModel(graph);
  const head = parseGraphHead(json);
  return graphFile(head, head.weightFiles.length === 0 ? [] : [weights]);
}

export const FLOAT = { T: { type: 'DT_FLOAT' } } as const;
