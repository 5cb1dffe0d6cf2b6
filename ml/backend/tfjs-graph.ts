import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { getKernel, type io, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Graph, InputTensor, OutputTensor, TensorType } from './backend.ts';
import { BackendError } from './backend-error.ts';
import { type GraphFile, plainName, type Topology } from './graph-file.ts';
import { isDynamic, requireAllowedOps } from './graph-ops.ts';

/** DataType of tensorflow/core/framework/types.proto, by name and by number: what integer pictures are declared as. */
const INTEGER_TYPES = new Set(['DT_INT32', 'DT_UINT8', 'DT_INT8', 'DT_INT64', '3', '4', '6', '9']);

/** Loads a graph into the engine that is in force. Throws BackendError `bad-graph`, `unsupported-op`. */
export async function loadTfjsGraph(file: GraphFile, backendName: string): Promise<Graph> {
  requireAllowedOps(file.topology, (kernel) => getKernel(kernel, backendName) !== undefined);
  const artifacts: io.ModelArtifacts = {
    format: 'graph-model',
    modelTopology: file.topology,
    weightSpecs: [...file.weightSpecs],
    weightData: file.weights.buffer,
    // Without a signature the outputs are asked for by the names of their nodes.
  };
  try {
    const model = await loadGraphModel({ load: async () => artifacts });
    return new TfjsGraph(file, model);
  } catch (cause) {
    throw new BackendError('bad-graph', `the model cannot be loaded: ${messageOf(cause)}`, { cause });
  }
}

class TfjsGraph implements Graph {
  readonly input: { readonly name: string; readonly type: TensorType };
  readonly outputs: readonly string[];
  readonly #model: GraphModel;
  /** Weights: an output that is one of them is answered like any other, and stays. */
  readonly #kept: ReadonlySet<number>;
  readonly #topology: Topology;
  /** By the outputs that were asked for; callers ask for few different ones. */
  readonly #isDynamic = new Map<string, boolean>();

  constructor(file: GraphFile, model: GraphModel) {
    this.input = { name: file.input.name, type: INTEGER_TYPES.has(file.input.dtype) ? 'int32' : 'float32' };
    this.outputs =
      file.outputs.length > 0 ? file.outputs.map(({ name }) => plainName(name)) : model.outputNodes;
    this.#model = model;
    this.#kept = new Set(
      Object.values(model.weights)
        .flat()
        .map(({ id }) => id),
    );
    this.#topology = file.topology;
  }

  async run(input: InputTensor, outputs: readonly string[]): Promise<readonly OutputTensor[]> {
    let given: Tensor | undefined;
    let answered: readonly Tensor[] = [];
    try {
      given = tensor(input.data, [...input.shape], this.input.type);
      const feed = { [this.input.name]: given };
      const answer = this.#mustBeAsync(outputs)
        ? await this.#model.executeAsync(feed, [...outputs])
        : this.#model.execute(feed, [...outputs]);
      answered = Array.isArray(answer) ? answer : [answer];
      return await Promise.all(answered.map(outputOf));
    } catch (cause) {
      throw new BackendError('failed', `the model cannot be run: ${messageOf(cause)}`, { cause });
    } finally {
      for (const one of [given, ...answered]) this.#release(one);
    }
  }

  dispose(): void {
    this.#model.dispose();
  }

  #release(one: Tensor | undefined): void {
    // One tensor may stand for two outputs.
    if (one !== undefined && !one.isDisposed && !this.#kept.has(one.id)) one.dispose();
  }

  #mustBeAsync(outputs: readonly string[]): boolean {
    const key = outputs.join();
    const known = this.#isDynamic.get(key) ?? isDynamic(this.#topology, outputs);
    this.#isDynamic.set(key, known);
    return known;
  }
}

async function outputOf(answer: Tensor): Promise<OutputTensor> {
  return { shape: answer.shape, data: await answer.data() };
}

function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
}
