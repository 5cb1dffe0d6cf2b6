import type { GraphFile } from './graph-file.ts';

/**
 * What runs the graphs of models: a narrow door, so that another engine can stand behind it. `startBackend` in start-backend.ts
 * opens it.
 */

export interface BackendInfo {
  /** `wasm`, or `tensorflow` where the operator has installed `@tensorflow/tfjs-node`. */
  readonly name: string;
  /** Vector instructions are in use: without them WASM is 2.5 times slower (detection.md §3). */
  readonly simd: boolean;
  /** Engines that are installed and could not be started, and why. For the log. */
  readonly problems: readonly string[];
}

export interface Backend extends BackendInfo {
  /** Throws BackendError `bad-graph`, `unsupported-op`. */
  load(graph: GraphFile): Promise<Graph>;
  /** Tensors that are held now: what a leak is seen by. */
  readonly tensorCount: number;
}

export type TensorType = 'float32' | 'int32';

export interface InputTensor {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

export interface OutputTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** A graph that is ready to be run, by one caller at a time. */
export interface Graph {
  readonly input: { readonly name: string; readonly type: TensorType };
  /** Names that `run` may be asked for by default: those of the signature, or the nodes that nothing else takes. */
  readonly outputs: readonly string[];
  /** Answers the outputs in the order of their names. Throws BackendError `failed`. */
  run(input: InputTensor, outputs: readonly string[]): Promise<readonly OutputTensor[]>;
  /** Gives its memory back. */
  dispose(): void;
}
