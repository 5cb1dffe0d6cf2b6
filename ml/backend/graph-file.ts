import { z } from 'zod';
import { BackendError } from './backend-error.ts';

/**
 * A graph model in the format of TensorFlow.js: `model.json` with the graph and the list of its weights, and files of weights
 * beside it. It is data, but anyone's: it is checked here before an engine sees it.
 */

/** Graph and weights together. */
export const MAX_GRAPH_BYTES = 100 * 1024 * 1024;
const MAX_NODES = 50_000;
const MAX_WEIGHTS = 20_000;
const MAX_WEIGHT_FILES = 64;
const MAX_RANK = 8;
const MAX_NAME_LENGTH = 1024;

const name = z
  .string()
  .min(1)
  .max(MAX_NAME_LENGTH)
  // Engines keep nodes in plain objects.
  .refine((text) => text !== '__proto__' && text !== 'constructor' && text !== 'prototype');
const dimension = z.union([z.string().regex(/^-?\d{1,9}$/), z.int()]).transform(Number);
const tensorShape = z.object({
  dim: z
    .array(z.object({ size: dimension }))
    .max(MAX_RANK)
    .default([]),
});

const node = z.looseObject({
  name,
  op: name,
  input: z.array(z.string().max(MAX_NAME_LENGTH)).max(MAX_WEIGHTS).exactOptional(),
  attr: z.record(z.string(), z.unknown()).exactOptional(),
});

const weight = z.object({
  name,
  shape: z.array(z.int().min(0)).max(MAX_RANK),
  dtype: z.enum(['float32', 'int32', 'bool']),
  quantization: z
    .object({
      dtype: z.enum(['uint8', 'uint16', 'float16']),
      scale: z.number().exactOptional(),
      min: z.number().exactOptional(),
    })
    .exactOptional(),
});

const tensorInfo = z.object({ name, dtype: z.string().max(64), tensorShape: tensorShape.exactOptional() });

const signature = z.object({
  inputs: z.record(z.string(), tensorInfo).exactOptional(),
  outputs: z.record(z.string(), tensorInfo).exactOptional(),
});

const modelJson = z.object({
  format: z.literal('graph-model').exactOptional(),
  modelTopology: z.looseObject({
    node: z.array(node).min(1).max(MAX_NODES),
    // The engine reads it without looking whether it is there.
    versions: z.looseObject({}).default({}),
    library: z
      .looseObject({
        function: z.array(z.looseObject({ nodeDef: z.array(node).exactOptional() })).exactOptional(),
      })
      .exactOptional(),
  }),
  weightsManifest: z
    .array(
      z.object({
        // A name beside model.json, never a path or an address.
        paths: z.array(z.string().regex(/^(?!\.)[\w.-]{1,128}$/)).max(MAX_WEIGHT_FILES),
        weights: z.array(weight).max(MAX_WEIGHTS),
      }),
    )
    .max(MAX_WEIGHT_FILES),
  signature: signature.exactOptional(),
  userDefinedMetadata: z.object({ signature: signature.exactOptional() }).exactOptional(),
});

export type GraphNode = z.output<typeof node>;
export type WeightSpec = z.output<typeof weight>;
export type Topology = z.output<typeof modelJson>['modelTopology'];

export interface GraphInput {
  readonly name: string;
  /** As in `DT_FLOAT`, `DT_UINT8`. */
  readonly dtype: string;
  /** -1 where any size will do; empty when nothing is said of it. */
  readonly shape: readonly number[];
}

/** The parsed head of a model: what it is, and which files hold its weights. */
export interface GraphHead {
  readonly topology: Topology;
  readonly weightFiles: readonly string[];
  readonly weightSpecs: readonly WeightSpec[];
  readonly input: GraphInput;
  /** Of the signature, in its order; empty when the model has none. */
  readonly outputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export interface GraphFile extends GraphHead {
  /** Of all specs, one after the other, as they are in the files. */
  readonly weights: Uint8Array<ArrayBuffer>;
}

const WEIGHT_BYTES = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 } as const;

/** Length of a weight in its file. */
export function weightBytes({ shape, dtype, quantization }: WeightSpec): number {
  return shape.reduce((count, size) => count * size, 1) * WEIGHT_BYTES[quantization?.dtype ?? dtype];
}

/** Reads the text of a `model.json`. Throws BackendError `bad-graph`, `too-large`. */
export function parseGraphHead(text: string): GraphHead {
  if (text.length > MAX_GRAPH_BYTES) throw tooLarge();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new BackendError('bad-graph', 'the model is not JSON', { cause });
  }
  const parsed = modelJson.safeParse(document);
  if (!parsed.success)
    throw new BackendError('bad-graph', `the model is not a graph model: ${firstIssue(parsed.error)}`);
  const { modelTopology, weightsManifest, userDefinedMetadata } = parsed.data;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  let sizeBytes = 0;
  for (const spec of weightSpecs) {
    sizeBytes += weightBytes(spec);
    if (!(sizeBytes <= MAX_GRAPH_BYTES)) throw tooLarge();
  }
  const declared = parsed.data.signature ?? userDefinedMetadata?.signature;
  return {
    topology: modelTopology,
    weightFiles: weightsManifest.flatMap(({ paths }) => paths),
    weightSpecs,
    input: inputOf(modelTopology.node, Object.values(declared?.inputs ?? {})),
    outputs: Object.values(declared?.outputs ?? {}).map((output) => ({
      name: output.name,
      shape: shapeOf(output),
    })),
  };
}

/** Joins the head with the bytes of its weight files, in their order. Throws BackendError `bad-graph` where they do not fit. */
export function graphFile(head: GraphHead, weightFiles: readonly Uint8Array[]): GraphFile {
  const wantedBytes = head.weightSpecs.reduce((sum, spec) => sum + weightBytes(spec), 0);
  const givenBytes = weightFiles.reduce((sum, file) => sum + file.length, 0);
  if (wantedBytes !== givenBytes) {
    throw new BackendError(
      'bad-graph',
      `the model's weights take ${wantedBytes} bytes, its files have ${givenBytes}`,
    );
  }
  const weights = new Uint8Array(wantedBytes);
  let offset = 0;
  for (const file of weightFiles) {
    weights.set(file, offset);
    offset += file.length;
  }
  return { ...head, weights };
}

/** Models that look at pictures take one of them, and nothing else. */
function inputOf(nodes: readonly GraphNode[], declared: readonly z.output<typeof tensorInfo>[]): GraphInput {
  const placeholders = nodes.filter(({ op }) => op === 'Placeholder');
  const [placeholder] = placeholders;
  if (placeholder === undefined || placeholders.length > 1) {
    throw new BackendError(
      'bad-graph',
      `the model has ${placeholders.length} inputs; it must have one, the picture`,
    );
  }
  const shape = z.object({ shape: tensorShape }).safeParse(placeholder.attr?.shape);
  const dtype = z.object({ type: z.union([z.string().max(64), z.int()]) }).safeParse(placeholder.attr?.dtype);
  const fromSignature = declared.find((input) => plainName(input.name) === placeholder.name);
  return {
    name: placeholder.name,
    dtype: dtype.success ? String(dtype.data.type) : (fromSignature?.dtype ?? 'DT_FLOAT'),
    shape: shape.success ? shape.data.shape.dim.map(({ size }) => size) : shapeOf(fromSignature),
  };
}

function shapeOf(info: z.output<typeof tensorInfo> | undefined): number[] {
  return info?.tensorShape?.dim.map(({ size }) => size) ?? [];
}

/** `image:0` is the first output of node `image`. */
export function plainName(tensorName: string): string {
  return tensorName.replace(/:0$/, '');
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined
    ? error.message
    : `${issue.path.join('.').slice(0, 200)}: ${issue.message.slice(0, 200)}`;
}

function tooLarge(): BackendError {
  return new BackendError('too-large', `the model is larger than ${MAX_GRAPH_BYTES / 1024 / 1024} MB`);
}
