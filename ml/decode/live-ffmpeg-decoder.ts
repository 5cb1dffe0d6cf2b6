import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { DEFAULT_COLOR } from '../picture/i420-picture.ts';
import { showsPicture } from './coded-picture.ts';
import type { DecodableTrack } from './declared-size.ts';
import { DecodeError, type JobSample } from './decode-job.ts';
import { MAX_PIXELS } from './frame-decoder.ts';
import type { LiveDecoder, PictureSink } from './live-decoder.ts';
import { chunkOf, initSegmentOf } from './mp4-input.ts';
import { PicturesInside } from './pictures-inside.ts';

/** About what ffmpeg takes to start and to decode a few pictures; where it takes longer, they come with the samples after. */
const SETTLE_MS = 300;
/** Most of what ffmpeg may say that is kept for the error. */
const MAX_STDERR = 500;

/**
 * Decodes with an `ffmpeg` of the system, one process a run: the way that is left where the native decoder cannot be loaded or
 * lacks the codec.
 */
export class LiveFfmpegDecoder implements LiveDecoder {
  readonly #sink: PictureSink;
  readonly #inside: PicturesInside;
  #track: DecodableTrack | undefined;
  #run: FfmpegRun | undefined;

  constructor(sink: PictureSink) {
    this.#sink = sink;
    this.#inside = new PicturesInside(sink);
  }

  start(track: DecodableTrack): void {
    this.close();
    if (track.width === undefined || track.height === undefined) {
      throw new DecodeError('unsupported', 'the size of the pictures is not known');
    }
    this.#track = track;
  }

  async decode(samples: readonly JobSample[]): Promise<void> {
    if (this.#track === undefined) throw new DecodeError('bad-media', 'there is no run to go on with');
    this.#run ??= new FfmpegRun(this.#track, this.#inside, this.#sink);
    const run = this.#run;
    for (const { data, ptsUs } of samples) {
      if (showsPicture(this.#track, data)) this.#inside.went(ptsUs);
    }
    await run.write(samples);
    await this.#inside.settled(SETTLE_MS, () => run.hasEnded);
    if (run.hasEnded) await this.#finish(run);
  }

  async flush(): Promise<void> {
    if (this.#run !== undefined) await this.#finish(this.#run);
  }

  close(): void {
    this.#run?.kill();
    this.#run = undefined;
    this.#inside.clear();
  }

  async #finish(run: FfmpegRun): Promise<void> {
    this.#run = undefined;
    try {
      await run.finish();
    } finally {
      this.#inside.clear();
    }
  }
}

/** One process, from its first sample to its last picture. */
class FfmpegRun {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  readonly #width: number;
  readonly #height: number;
  readonly #inside: PicturesInside;
  readonly #sink: PictureSink;
  #sequence = 0;
  #said = '';
  #picture: Uint8Array;
  #at = 0;
  #failure: DecodeError | undefined;
  hasEnded = false;

  constructor(track: DecodableTrack, inside: PicturesInside, sink: PictureSink) {
    const { width = 0, height = 0 } = track;
    [this.#width, this.#height, this.#inside, this.#sink] = [width, height, inside, sink];
    this.#picture = this.#newPicture();
    // A sample that is passed over would shift the times of all that follow: it ends the run.
    const args = ['-v', 'error', '-xerror', '-nostdin', '-threads', '1', '-max_pixels', String(MAX_PIXELS)];
    // Pictures come as soon as they can: nothing is read ahead to find out about the file.
    args.push('-probesize', '32', '-analyzeduration', '0', '-f', 'mp4', '-i', 'pipe:0');
    args.push('-vf', `scale=${width}:${height}`, '-fps_mode', 'passthrough', '-pix_fmt', 'yuv420p');
    args.push('-flush_packets', '1', '-f', 'rawvideo', 'pipe:1');
    this.#child = spawn('ffmpeg', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr.on('data', (data: Buffer) => {
      this.#said = (this.#said + data.toString()).slice(-MAX_STDERR);
    });
    this.#child.stdout.on('data', (data: Buffer) => this.#take(data));
    // It stops reading where it cannot go on; how it ended tells why.
    this.#child.stdin.on('error', () => {});
    this.#child.once('error', (cause) => {
      this.#failure = new DecodeError('unsupported', `there is no ffmpeg to decode ${track.codec} with`, {
        cause,
      });
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        if (code !== 0) this.#failure ??= new DecodeError('bad-media', `ffmpeg says: ${this.#said.trim()}`);
        this.hasEnded = true;
        this.#inside.wake();
        resolve();
      });
    });
    this.#child.stdin.write(initSegmentOf(track));
  }

  /** Resolves when it has taken most of it. */
  async write(samples: readonly JobSample[]): Promise<void> {
    for (const sample of samples) {
      const { stdin } = this.#child;
      if (this.hasEnded || stdin.destroyed) return;
      // Each its own chunk: ffmpeg hands on what it has read of a whole one.
      const chunk = Buffer.concat(chunkOf([sample], ++this.#sequence));
      if (!stdin.write(chunk)) await Promise.race([once(stdin, 'drain').catch(() => {}), this.#ended]);
    }
  }

  /** All pictures come out. Throws DecodeError. */
  async finish(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
    if (this.#failure !== undefined) throw this.#failure;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #take(data: Uint8Array): void {
    for (let from = 0; from < data.length; ) {
      const taken = Math.min(this.#picture.length - this.#at, data.length - from);
      this.#picture.set(data.subarray(from, from + taken), this.#at);
      this.#at += taken;
      from += taken;
      if (this.#at === this.#picture.length) this.#complete();
    }
  }

  #complete(): void {
    this.#at = 0;
    const ptsUs = this.#inside.came();
    if (ptsUs === undefined || !this.#sink.isWanted(ptsUs)) return;
    const [width, height] = [this.#width, this.#height];
    this.#sink.take({ ptsUs, width, height, i420: this.#picture, color: DEFAULT_COLOR });
    this.#picture = this.#newPicture();
  }

  #newPicture(): Uint8Array {
    const chroma = ((this.#width + 1) >> 1) * ((this.#height + 1) >> 1);
    return new Uint8Array(this.#width * this.#height + 2 * chroma);
  }
}
