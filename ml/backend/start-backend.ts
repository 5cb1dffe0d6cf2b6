import { fileURLToPath } from 'node:url';
import { env, memory, ready, setBackend } from '@tensorflow/tfjs-core';
import type { Backend } from './backend.ts';
import { BackendError } from './backend-error.ts';
import { loadTfjsGraph } from './tfjs-graph.ts';
import { installFastMean } from './wasm-mean.ts';

/** An engine that may be on this machine. */
export interface EngineChoice {
  /** As TensorFlow.js names it. */
  readonly name: string;
  /** Loads what registers the engine; answers whether it is installed. */
  readonly register: () => Promise<boolean>;
}

/**
 * In order: the native one where the operator has installed it, else WASM. Plain JavaScript (`cpu`) is not among them: it is 50
 * times slower (detection.md §3), 13 s a frame, and a camera that is watched that way is not watched.
 */
const ENGINES: readonly EngineChoice[] = [
  { name: 'tensorflow', register: registerNative },
  { name: 'wasm', register: registerWasm },
];

let started: Promise<Backend> | undefined;

/** The backend of this process, started with the first call. Throws BackendError `unavailable`. */
export function startBackend(): Promise<Backend> {
  started ??= openBackend(ENGINES);
  return started;
}

/** Starts the first engine that can be. Throws BackendError `unavailable`. */
export async function openBackend(engines: readonly EngineChoice[]): Promise<Backend> {
  const problems: string[] = [];
  for (const { name, register } of engines) {
    try {
      if (!(await register())) continue;
      if (!(await setBackend(name))) throw new Error('it does not start');
      await ready();
      if (name === 'wasm') installFastMean();
      return {
        name,
        simd: name !== 'wasm' || (await env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true,
        problems,
        load: (graph) => loadTfjsGraph(graph, name),
        get tensorCount() {
          return memory().numTensors;
        },
      };
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new BackendError(
    'unavailable',
    `no engine on this machine is fast enough to run models (${problems.join('; ') || 'none is installed'}); plain JavaScript is refused`,
  );
}

async function registerNative(): Promise<boolean> {
  // Not a dependency: not resolved when types are checked.
  const module: string = '@tensorflow/tfjs-node';
  try {
    await import(module);
    return true;
  } catch (error) {
    if (isNotInstalled(error, module)) return false;
    throw error;
  }
}

function isNotInstalled(error: unknown, module: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${module}'`);
}

async function registerWasm(): Promise<boolean> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(fileURLToPath(new URL('./', import.meta.resolve('@tensorflow/tfjs-backend-wasm'))));
  return true;
}
