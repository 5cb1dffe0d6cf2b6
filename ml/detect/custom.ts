import type { OutputTensor } from '../backend/backend.ts';
import { BackendError } from '../backend/backend-error.ts';
import type { OutputReader } from './graph-detector.ts';
import type { RawDetection } from './model-settings.ts';

/** What a post-processing module is told beside the numbers. */
export interface PostprocessContext {
  /** Pixels of the model's input. */
  readonly input: { readonly width: number; readonly height: number };
  readonly labels: readonly string[];
  readonly minScore: number;
}

/**
 * The default export of a `custom` model's module: reads the outputs that its manifest names, in that order, without the axis of
 * the picture. Boxes are fractions of the model's input. Overlaps are removed afterwards.
 */
export type Postprocess = (
  outputs: readonly OutputTensor[],
  context: PostprocessContext,
) => readonly RawDetection[];

const MAX_ANSWERS = 10_000;

/**
 * Loads the module of a `custom` model. It is code, and runs with the rights of the process that loads it: nothing but a process
 * made for looking at pictures should. Throws BackendError `failed`.
 */
export async function loadPostprocess(moduleUrl: string): Promise<Postprocess> {
  let loaded: unknown;
  try {
    loaded = await import(moduleUrl);
  } catch (cause) {
    throw new BackendError('failed', `the model's module cannot be loaded: ${messageOf(cause)}`, { cause });
  }
  const { default: postprocess } = loaded as { readonly default?: unknown };
  if (typeof postprocess !== 'function')
    throw new BackendError('failed', "the model's module has no function as its default export");
  return postprocess as Postprocess;
}

/** What the module answers is looked at before it is believed. */
export function customReader(
  outputs: readonly string[],
  postprocess: Postprocess,
  context: Omit<PostprocessContext, 'minScore'>,
): OutputReader {
  return {
    outputs,
    read(tensors, minScore) {
      let answers: unknown;
      try {
        answers = postprocess(tensors, { ...context, minScore });
      } catch (cause) {
        throw new BackendError('failed', `the model's module failed: ${messageOf(cause)}`, { cause });
      }
      if (!Array.isArray(answers) || answers.length > MAX_ANSWERS || !answers.every(isRawDetection)) {
        throw new BackendError('failed', "the model's module did not answer a list of detections");
      }
      return answers.filter(({ score }) => score >= minScore);
    },
  };
}

function isRawDetection(answer: unknown): answer is RawDetection {
  if (typeof answer !== 'object' || answer === null) return false;
  const { classIndex, score, left, top, width, height } = answer as Partial<RawDetection>;
  return [classIndex, score, left, top, width, height].every((value) => typeof value === 'number');
}

function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
}
