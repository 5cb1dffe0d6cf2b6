/**
 * The process that decodes: started by DecoderProcess, given jobs over IPC one at a time. Whatever a stream's bytes do to a
 * decoder, they do it here (detection.md §8). It ends with the process that started it.
 *
 *   decode-worker.ts <auto|native|ffmpeg>
 */
import { DecodeError, type WorkerReply, type WorkerRequest } from './decode-job.ts';
import { FfmpegDecoder } from './ffmpeg-decoder.ts';
import type { FrameDecoder } from './frame-decoder.ts';
import { runJob } from './run-job.ts';

/** Its platform may have no prebuilt binding: then it is not there, which is not an error. */
async function nativeDecoder(): Promise<FrameDecoder[]> {
  try {
    const { WebcodecsDecoder } = await import('./webcodecs-decoder.ts');
    return [new WebcodecsDecoder()];
  } catch (error) {
    process.stderr.write(`the native decoder cannot be loaded: ${String(error)}\n`);
    return [];
  }
}

async function decodersOf(choice: string | undefined): Promise<FrameDecoder[]> {
  const native = choice === 'ffmpeg' ? [] : await nativeDecoder();
  return choice === 'native' ? native : [...native, new FfmpegDecoder()];
}

async function answer({ id, job }: WorkerRequest, decoders: readonly FrameDecoder[]): Promise<WorkerReply> {
  try {
    const pictures = await runJob(job, decoders);
    return { id, pictures, rssBytes: process.memoryUsage.rss() };
  } catch (error) {
    const known = error instanceof DecodeError ? error : new DecodeError('bad-media', String(error));
    const { code, message } = known;
    return { id, error: { code, message }, rssBytes: process.memoryUsage.rss() };
  }
}

const decoders = decodersOf(process.argv[2]);
process.on('disconnect', () => process.exit(0));
process.on('message', (request: WorkerRequest) => {
  void decoders
    .then((ready) => answer(request, ready))
    .then((reply) => {
      if (process.connected) process.send?.(reply);
    });
});
