import { fileURLToPath } from 'node:url';
import type { Detection } from '../detect/detection.ts';
import { ProcessError, WorkerProcess } from '../process/worker-process.ts';
import { ModelError } from './model-error.ts';
import type { RgbBytes, TrialModel, TrialReply, TrialReport, TrialRequest } from './trial.ts';

const ENTRY = fileURLToPath(new URL('./trial-worker.ts', import.meta.url));
/** It may read files, and neither write any nor start programs nor load native code. */
const CONFINEMENT = ['--permission', '--allow-fs-read=*'];

export interface TrialLimits {
  /** For loading and the first two runs; and for each picture. */
  readonly timeoutMs: number;
  readonly maxRssBytes: number;
}

export const DEFAULT_TRIAL_LIMITS: TrialLimits = { timeoutMs: 60_000, maxRssBytes: 1024 * 1024 * 1024 };

/**
 * A model that is tried in a process that is thrown away afterwards: a graph that never ends, takes all memory or ends the process
 * does it there.
 */
export class TrialProcess {
  readonly report: TrialReport;
  readonly #process: WorkerProcess<TrialRequest, TrialReply>;
  readonly #limits: TrialLimits;

  private constructor(
    process: WorkerProcess<TrialRequest, TrialReply>,
    report: TrialReport,
    limits: TrialLimits,
  ) {
    this.#process = process;
    this.report = report;
    this.#limits = limits;
  }

  /** Loads the model and runs it twice. Throws ModelError; no process is left then. */
  static async open(model: TrialModel, limits: TrialLimits = DEFAULT_TRIAL_LIMITS): Promise<TrialProcess> {
    const process = new WorkerProcess<TrialRequest, TrialReply>({
      title: `the trial of ${model.name}`,
      entry: ENTRY,
      args: [],
      nodeOptions: CONFINEMENT,
      maxRssBytes: limits.maxRssBytes,
    });
    try {
      const reply = await ask(process, { load: model }, limits);
      if (!('loaded' in reply))
        throw new ModelError('failed', 'the trial gave another answer than was asked for');
      return new TrialProcess(process, reply.loaded, limits);
    } catch (error) {
      await end(process);
      throw error;
    }
  }

  /** Shows it a picture. Throws ModelError. */
  async look({ rgb, width, height }: RgbBytes, minScore: number): Promise<readonly Detection[]> {
    const reply = await ask(this.#process, { look: { rgb, width, height }, minScore }, this.#limits);
    if (!('found' in reply))
      throw new ModelError('failed', 'the trial gave another answer than was asked for');
    return reply.found;
  }

  /** Resolves when the process is no more. */
  close(): Promise<void> {
    return end(this.#process);
  }
}

async function ask(
  process: WorkerProcess<TrialRequest, TrialReply>,
  request: TrialRequest,
  { timeoutMs }: TrialLimits,
): Promise<Exclude<TrialReply, { readonly error: unknown }>> {
  const reply = await process.run(request, timeoutMs).catch((error: unknown) => {
    if (!(error instanceof ProcessError)) throw error;
    throw new ModelError(error.code === 'timeout' ? 'timeout' : 'failed', error.message, { cause: error });
  });
  if ('error' in reply) throw new ModelError(reply.error.code, reply.error.message);
  return reply;
}

async function end(process: WorkerProcess<TrialRequest, TrialReply>): Promise<void> {
  process.kill();
  await process.gone;
}
