import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BackendError } from '../backend/backend-error.ts';
import {
  type GraphFile,
  type GraphHead,
  graphFile,
  MAX_GRAPH_BYTES,
  parseGraphHead,
} from '../backend/graph-file.ts';
import { ModelError } from './model-error.ts';

/** A file of a model, whole. */
export interface ModelFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface GraphFiles {
  readonly head: GraphHead;
  /** The graph first, then its weights in their order. */
  readonly files: readonly ModelFile[];
}

/**
 * Reads a `model.json` and the files that it names, all from one folder. Throws ModelError `not-found`, `bad-graph`, `too-large`.
 */
export async function readGraphFiles(path: string): Promise<GraphFiles> {
  const budget = { leftBytes: MAX_GRAPH_BYTES };
  const json = await readModelFile(path, budget);
  const head = asModelError(() => parseGraphHead(Buffer.from(json.bytes).toString('utf8')));
  const files = [json];
  for (const name of new Set(head.weightFiles))
    files.push(await readModelFile(join(dirname(path), name), budget));
  return { head, files };
}

/** Puts the graph together. Throws ModelError `bad-graph`. */
export function graphOf({ head, files }: GraphFiles): GraphFile {
  const byName = new Map(files.slice(1).map(({ name, bytes }) => [name, bytes]));
  return asModelError(() =>
    graphFile(
      head,
      head.weightFiles.map((name) => byName.get(name) ?? new Uint8Array(0)),
    ),
  );
}

/** A graph that is no detector of its own (faces), with the hash of its files. Throws ModelError. */
export async function readGraph(
  path: string,
): Promise<{ readonly graph: GraphFile; readonly sha256: string }> {
  const files = await readGraphFiles(path);
  return { graph: graphOf(files), sha256: hashOf(files.files) };
}

/** Reads one file whole, within what is left of the model's budget. Throws ModelError `not-found`, `too-large`. */
export async function readModelFile(path: string, budget: { leftBytes: number }): Promise<ModelFile> {
  const name = basename(path);
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new ModelError('not-found', `there is no ${name} in ${dirname(path)} (${cause.code})`, { cause });
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new ModelError('not-found', `${path} is not a file`);
    if (stat.size > budget.leftBytes) {
      throw new ModelError(
        'too-large',
        `the model's files are larger than ${MAX_GRAPH_BYTES / 1024 / 1024} MB`,
      );
    }
    // Not more than was looked at: the file may be growing.
    const bytes = new Uint8Array(stat.size);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    budget.leftBytes -= bytesRead;
    return { name, bytes: bytes.subarray(0, bytesRead) };
  } finally {
    await handle.close();
  }
}

/** One hash over names and contents, whatever order they come in; lower-case hex. */
export function hashOf(files: readonly ModelFile[]): string {
  const hash = createHash('sha256');
  for (const { name, bytes } of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

const CODES = {
  'bad-graph': 'bad-graph',
  'too-large': 'too-large',
  'unsupported-op': 'unsupported',
  failed: 'failed',
} as const;

/** The error of an engine or of a graph, as one of a model. Whatever else it is comes back as it is. */
export function toModelError(error: unknown): unknown {
  if (!(error instanceof BackendError) || error.code === 'unavailable') return error;
  return new ModelError(CODES[error.code], error.message, { cause: error });
}

function asModelError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toModelError(error);
  }
}
