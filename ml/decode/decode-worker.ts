/**
 * The process that decodes: started by DecoderPool, given jobs over IPC one at a time. Whatever a stream's bytes do to a
 * decoder, they do it here (detection.md §8). It ends with the process that started it.
 *
 *   decode-worker.ts <auto|native|ffmpeg>
 */
import { serveRequests } from '../process/serve-requests.ts';
import { DecodeError, type DecodeJob, type DecodeReply } from './decode-job.ts';
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

async function answer(job: DecodeJob, decoders: readonly FrameDecoder[]): Promise<DecodeReply> {
  try {
    return { pictures: await runJob(job, decoders) };
  } catch (error) {
    const known = error instanceof DecodeError ? error : new DecodeError('bad-media', String(error));
    return { error: { code: known.code, message: known.message } };
  }
}

const decoders = decodersOf(process.argv[2]);
serveRequests<DecodeJob, DecodeReply>(async (job) => answer(job, await decoders));
