import type { Graph } from '../backend/backend.ts';
import { startBackend } from '../backend/start-backend.ts';
import type { ModelIdentity } from '../detect/detector.ts';
import { type BuiltInFile, builtInModelPath } from '../models/built-in-models.ts';
import { ModelError } from '../models/model-error.ts';
import { readGraph, toModelError } from '../models/model-files.ts';
import { FACE_DETECTOR, FACE_MODEL } from './face-model.ts';

export interface FaceGraphs {
  /** BlazeFace, for squares of 256 pixels. */
  readonly detector: Graph;
  /** FaceRes, for aligned squares of 224 pixels. */
  readonly describer: Graph;
}

/**
 * Loads both models: 135 to 180 ms and 75 MB (detection.md §2). Throws ModelError `changed` when their files are not those that
 * this program knows, and whatever loading throws: ModelError, BackendError `unavailable`.
 */
export async function loadFaceGraphs(): Promise<FaceGraphs> {
  const detector = await load('blazeface', FACE_DETECTOR);
  try {
    return { detector, describer: await load('faceres', FACE_MODEL) };
  } catch (error) {
    detector.dispose();
    throw error;
  }
}

async function load(file: BuiltInFile, { name, sha256 }: ModelIdentity): Promise<Graph> {
  const backend = await startBackend();
  const found = await readGraph(builtInModelPath(file));
  if (found.sha256 !== sha256) {
    throw new ModelError(
      'changed',
      `the files of ${name} have the hash ${found.sha256}, not ${sha256}: what they say could not be compared with what was said before`,
    );
  }
  try {
    return await backend.load(found.graph);
  } catch (error) {
    throw toModelError(error);
  }
}
