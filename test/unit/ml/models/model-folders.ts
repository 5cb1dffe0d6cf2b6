import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { FLOAT, type TinyGraph, tinyModel } from '../backend/tiny-graph.ts';

/** A folder for a test, gone with it. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'framelog-models-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes the files of a model. */
export async function writeModel(
  folder: string,
  graph: TinyGraph,
  manifest?: object,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { json, weights } = tinyModel(graph);
  await writeFile(join(folder, 'model.json'), json);
  if (weights.length > 0) await writeFile(join(folder, 'weights.bin'), weights);
  if (manifest !== undefined) await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  for (const [name, text] of Object.entries(more)) await writeFile(join(folder, name), text);
}

/**
 * A YOLO of two classes and two boxes, `person` and `car`: its boxes are constant, its scores are those below times how bright the
 * picture is (0 to 1).
 */
export const YOLO_GRAPH: TinyGraph = {
  shape: [1, 32, 32, 3],
  nodes: [
    {
      name: 'brightness',
      op: 'Mean',
      input: ['image', 'axes'],
      attr: { T: { type: 'DT_FLOAT' }, keep_dims: { b: true } },
    },
    { name: 'flat', op: 'Reshape', input: ['brightness', 'shape'], attr: FLOAT },
    { name: 'scores', op: 'Mul', input: ['flat', 'sureness'], attr: FLOAT },
    { name: 'out', op: 'ConcatV2', input: ['places', 'scores', 'axis'], attr: { ...FLOAT, N: { i: '2' } } },
  ],
  weights: [
    { name: 'axes', shape: [3], values: new Int32Array([1, 2, 3]) },
    { name: 'shape', shape: [3], values: new Int32Array([1, 1, 1]) },
    // Rows: x, y, width, height; a column for each box.
    { name: 'places', shape: [1, 4, 2], values: new Float32Array([8, 24, 16, 16, 8, 8, 16, 16]) },
    { name: 'sureness', shape: [1, 2, 2], values: new Float32Array([0.9, 0.1, 0.2, 0.8]) },
    { name: 'axis', shape: [], values: new Int32Array([1]) },
  ],
  outputs: [{ name: 'out', shape: [1, 6, 2] }],
};

export const YOLO_MANIFEST = {
  family: 'yolo',
  input: { width: 32, height: 32, range: '0..1' },
  outputs: { detections: 'out', layout: 'channels-first' },
  labels: ['person', 'car'],
};
