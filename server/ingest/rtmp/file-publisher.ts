import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileSource } from '../../../fragments/cmaf/file-source.ts';
import { type Mp4File, openMp4 } from '../../../fragments/cmaf/mp4-file.ts';
import type { Sample, Track } from '../../../fragments/media/track.ts';
import { type PublisherOptions, RtmpPublisher } from './rtmp-publisher.ts';

/** Publishes a file as if it were a camera. */

export interface FilePublisherOptions extends PublisherOptions {
  /** How often the file is sent; Infinity: until aborted. Default 1. */
  readonly loops?: number;
  /** 1 is real time; Infinity as fast as the server takes it. Default 1. */
  readonly speed?: number;
  /** Ends the publication in good order. */
  readonly signal?: AbortSignal;
  /** Called after each second of media sent. */
  readonly onProgress?: (progress: PublishProgress) => void;
}

export interface PublishProgress {
  readonly samples: number;
  readonly sizeBytes: number;
  readonly mediaSeconds: number;
  readonly loops: number;
}

/** Samples due within this time are sent together: timers have no finer grain. */
const BATCH_MS = 4;
const PROGRESS_SECONDS = 1;

/**
 * Publishes an MP4 file (progressive, fragmented, or a Framelog log file). Resolves with the totals when the file is
 * through or `signal` aborted. Rejects with RtmpError, Mp4Error, CodecError, or the file system's error.
 */
export async function publishFile(
  path: string,
  url: string,
  options: FilePublisherOptions = {},
): Promise<PublishProgress> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    return await publishMp4(await openMp4(fileSource(handle, size)), url, options);
  } finally {
    await handle.close();
  }
}

/** The same for a file that is open already; many publishers may share one. */
export async function publishMp4(
  file: Mp4File,
  url: string,
  options: FilePublisherOptions = {},
): Promise<PublishProgress> {
  const publisher = await RtmpPublisher.connect(url, options);
  try {
    publisher.setTracks(file.tracks);
    const totals = await sendLoops(publisher, file, options);
    await publisher.end();
    return totals;
  } catch (error) {
    publisher.destroy();
    throw error;
  }
}

async function sendLoops(
  publisher: RtmpPublisher,
  file: Mp4File,
  options: FilePublisherOptions,
): Promise<PublishProgress> {
  const { loops = 1, speed = 1, signal, onProgress } = options;
  const tracks = new Map(file.tracks.map((track) => [track.id, track]));
  const pace = new Pace(speed);
  const totals = { samples: 0, sizeBytes: 0, mediaSeconds: 0, loops: 0 };
  let failure: unknown;
  publisher.closed.catch((error: unknown) => {
    failure = error;
  });
  let reportAt = PROGRESS_SECONDS;
  const period = new LoopPeriod();
  let offsetSeconds = 0;
  while (totals.loops < loops && !signal?.aborted) {
    for await (const sample of file.samples()) {
      const track = tracks.get(sample.trackId);
      if (track === undefined) continue;
      period.add(sample, track);
      const moved = movedBy(sample, track, offsetSeconds);
      const seconds = moved.dtsTicks / track.timescale;
      await pace.until(seconds, signal);
      if (signal?.aborted) break;
      if (failure !== undefined) throw failure;
      if (!publisher.write(moved)) await publisher.drained();
      totals.samples++;
      totals.sizeBytes += sample.data.length;
      totals.mediaSeconds = seconds;
      if (seconds >= reportAt) {
        reportAt = Math.floor(seconds) + PROGRESS_SECONDS;
        onProgress?.({ ...totals });
      }
    }
    // A file without samples would loop for ever.
    if (totals.samples === 0) break;
    totals.loops++;
    offsetSeconds = totals.loops * period.seconds;
  }
  if (failure !== undefined) throw failure;
  return totals;
}

function movedBy(sample: Sample, track: Track, seconds: number): Sample {
  if (seconds === 0) return sample;
  return { ...sample, dtsTicks: sample.dtsTicks + Math.round(seconds * track.timescale) };
}

/** How much later a loop begins than the one before: as much as keeps every track's samples apart. */
class LoopPeriod {
  readonly #starts = new Map<number, number>();
  seconds = 0;

  add(sample: Sample, { id, timescale }: Track): void {
    const start = this.#starts.get(id) ?? sample.dtsTicks / timescale;
    this.#starts.set(id, start);
    this.seconds = Math.max(this.seconds, (sample.dtsTicks + sample.durationTicks) / timescale - start);
  }
}

/** Holds samples back until their time has come. */
class Pace {
  readonly #speed: number;
  #start: { readonly atMs: number; readonly seconds: number } | undefined;

  constructor(speed: number) {
    this.#speed = speed;
  }

  async until(seconds: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#speed === Infinity) return;
    const nowMs = performance.now();
    this.#start ??= { atMs: nowMs, seconds };
    const dueMs = this.#start.atMs + ((seconds - this.#start.seconds) * 1000) / this.#speed;
    const waitMs = dueMs - nowMs;
    if (waitMs < BATCH_MS) return;
    try {
      await sleep(waitMs, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  }
}
