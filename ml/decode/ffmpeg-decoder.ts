import { spawn } from 'node:child_process';
import { DecodeError, type DecodeJob } from './decode-job.ts';
import { type FrameDecoder, MAX_PIXELS, type RawFrame } from './frame-decoder.ts';
import { chunkOf, initSegmentOf } from './mp4-input.ts';

/** Most of what ffmpeg may say that is kept for the error. */
const MAX_STDERR = 500;

/** Decodes with an `ffmpeg` of the system: the way that is left where the native decoder cannot be loaded or lacks the codec. */
export class FfmpegDecoder implements FrameDecoder {
  async decode(
    job: DecodeJob,
    onFrame: (frame: RawFrame, wanted: readonly number[]) => Promise<void>,
  ): Promise<void> {
    const { width, height } = job.track;
    if (width === undefined || height === undefined) {
      throw new DecodeError('bad-media', 'the size of the pictures is not known');
    }
    const frameBytes = width * height * 4;
    let [frames, at] = [0, 0];
    let rgba = new Uint8Array(frameBytes);
    for await (const piece of decodedBytes(job, width, height)) {
      for (let from = 0; from < piece.length; ) {
        const taken = Math.min(frameBytes - at, piece.length - from);
        rgba.set(piece.subarray(from, from + taken), at);
        at += taken;
        from += taken;
        if (at < frameBytes) continue;
        await onFrame({ width, height, rgba }, [frames++]);
        rgba = new Uint8Array(frameBytes);
        at = 0;
      }
    }
    if (frames < job.wantedUs.length) {
      throw new DecodeError('bad-media', `ffmpeg made ${frames} of ${job.wantedUs.length} pictures`);
    }
  }
}

async function* decodedBytes(job: DecodeJob, width: number, height: number): AsyncGenerator<Uint8Array> {
  const select = job.wantedUs.map((ptsUs) => `eq(pts\\,${ptsUs})`).join('+');
  const args = ['-v', 'error', '-nostdin', '-threads', '1', '-max_pixels', String(MAX_PIXELS)];
  args.push('-copyts', '-f', 'mp4', '-i', 'pipe:0', '-vf', `select='${select}',scale=${width}:${height}`);
  args.push('-fps_mode', 'passthrough', '-pix_fmt', 'rgba', '-f', 'rawvideo', 'pipe:1');
  const child = spawn('ffmpeg', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said = (said + data.toString()).slice(-MAX_STDERR);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => {
      reject(
        new DecodeError('unsupported', `there is no ffmpeg to decode ${job.track.codec} with`, { cause }),
      );
    });
    child.once('close', () => resolve());
  });
  // Looked at below, when all has come out.
  ended.catch(() => {});
  // It stops reading where it has what it needs, or cannot go on.
  child.stdin.on('error', () => {});
  child.stdin.end(Buffer.concat([initSegmentOf(job.track), ...chunkOf(job.samples, 1)]));
  try {
    yield* untilItEnds(child.stdout as AsyncIterable<Uint8Array>);
    await ended;
    if (child.exitCode !== 0) throw new DecodeError('bad-media', `ffmpeg says: ${said.trim()}`);
  } finally {
    child.kill('SIGKILL');
  }
}

/** What comes; a pipe that breaks off is told by how the process ended. */
async function* untilItEnds(stdout: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stdout;
  } catch {
    // A process that could not be started has no pipe.
  }
}
