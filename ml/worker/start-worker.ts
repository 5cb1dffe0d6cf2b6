import { DecodeError, type DecoderChoice } from '../decode/decode-job.ts';
import { type LiveDecoders, openLiveDecoders } from '../decode/open-decoders.ts';
import { serveRequests } from '../process/serve-requests.ts';
import { WatchError, type WorkerCapabilities } from '../supervisor/supervisor.ts';
import type { WorkerReply, WorkerRequest } from '../supervisor/worker-messages.ts';
import { lookAtPicture } from './look-at-picture.ts';
import { type PipelineParts, WatchPipeline } from './watch-pipeline.ts';

/** What a worker looks with; another one in tests. */
export interface WorkerParts extends Pick<PipelineParts, 'models' | 'faces'> {
  /** Shows that it works, and makes ready what the first frame would wait for. Throws WatchError `unavailable`, `no-model`. */
  prepare(): Promise<Pick<WorkerCapabilities, 'backend' | 'simd'>>;
}

/**
 * The process that looks: answers what its supervisor asks for, one thing at a time. Whatever media and models do, they do it
 * here (detection.md §8).
 *
 *   worker-entry.ts <auto|native|ffmpeg> <folder of models, or nothing>
 */
export function startWorker(open: (modelDirectory: string) => WorkerParts): void {
  const [choice = 'auto', modelDirectory = ''] = process.argv.slice(2);
  const parts = open(modelDirectory);
  const pipelines = new Map<number, WatchPipeline>();
  let decoders: LiveDecoders | undefined;

  const answer = async (request: WorkerRequest): Promise<WorkerReply> => {
    if (request.kind === 'start') {
      decoders = await openLiveDecoders(choice as DecoderChoice);
      const { name: decoder, problems } = decoders;
      return { kind: 'started', capabilities: { ...(await parts.prepare()), decoder }, problems };
    }
    for (const watch of request.forget) {
      pipelines.get(watch)?.close();
      pipelines.delete(watch);
    }
    if (request.kind === 'look')
      return { kind: 'looked', answer: await lookAtPicture(request.question, parts) };
    const { work } = request;
    const { models, faces } = parts;
    const pipeline =
      pipelines.get(work.watch) ?? new WatchPipeline({ decoders: decoders?.factories ?? [], models, faces });
    pipelines.set(work.watch, pipeline);
    return { kind: 'watched', answer: await pipeline.work(work) };
  };

  serveRequests<WorkerRequest, WorkerReply>(async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      // Anything else is not known to leave this process as it should be, and ends it.
      if (error instanceof WatchError) return { kind: 'failed', code: error.code, message: error.message };
      if (!(error instanceof DecodeError)) throw error;
      return { kind: 'failed', code: 'unavailable', message: error.message };
    }
  });
}
