import type { LiveDecoderFactory } from '../decode/live-decoder.ts';
import { StreamDecoder, type StreamPictures } from '../decode/stream-decoder.ts';
import type { FaceFinder } from '../faces/face-finder.ts';
import { I420Picture } from '../picture/i420-picture.ts';
import type { WatchResult } from '../supervisor/watch-result.ts';
import type { TimedResult, WatchAnswer, WatchOpening, WatchWork } from '../supervisor/worker-messages.ts';
import type { FrameRef } from '../watch/frame.ts';
import { FrameLooker, type LookedAt } from './frame-looker.ts';
import type { ModelSource } from './model-source.ts';

/** What the watches of a worker share. */
export interface PipelineParts {
  readonly decoders: readonly LiveDecoderFactory[];
  readonly models: ModelSource;
  readonly faces: Pick<FaceFinder, 'find'>;
}

/** One watch in a worker: from samples to results. */
export class WatchPipeline {
  readonly #parts: PipelineParts;
  readonly #decoder: StreamDecoder;
  #looker: FrameLooker | undefined;
  /** Frames whose pictures have not come out of the decoder yet, by presentation time. */
  readonly #due = new Map<number, FrameRef>();

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#decoder = new StreamDecoder(parts.decoders);
  }

  /** Throws WatchError `no-model`, `unavailable`. */
  async work(work: WatchWork): Promise<WatchAnswer> {
    if (work.opening !== undefined) this.#looker = await this.#open(work.opening);
    const looker = this.#looker;
    if (looker === undefined) throw new Error(`watch ${work.watch} was never opened`);
    for (const { ptsUs, frame } of work.due) this.#due.set(ptsUs, frame);
    const startedMs = performance.now();
    const decoded = await this.#decoder.decode({
      track: work.track,
      samples: work.samples,
      startsAnew: work.startsAnew,
      flush: work.flush,
      wantedUs: work.due.map(({ ptsUs }) => ptsUs),
    });
    const results = await this.#lookAt(looker, decoded, performance.now() - startedMs);
    if (work.end !== undefined) results.push(ended(looker.end(work.end)));
    return { results, decodeError: decoded.error?.message };
  }

  close(): void {
    this.#decoder.close();
  }

  async #open(opening: WatchOpening): Promise<FrameLooker> {
    const { model: name, profile, labels } = opening.settings;
    const model = await this.#parts.models.open(name, { profile, labels });
    return new FrameLooker(opening, { model, faces: this.#parts.faces });
  }

  /** In the order of presentation. */
  async #lookAt(
    looker: FrameLooker,
    { pictures, lostUs }: StreamPictures,
    decodeMs: number,
  ): Promise<TimedResult[]> {
    const outcomes = [
      ...pictures.map((picture) => ({ ptsUs: picture.ptsUs, picture })),
      ...lostUs.map((ptsUs) => ({ ptsUs, picture: undefined })),
    ].toSorted((a, b) => a.ptsUs - b.ptsUs);
    // Decoding served them all.
    const eachMs = decodeMs / Math.max(1, pictures.length);
    const results: TimedResult[] = [];
    for (const { ptsUs, picture } of outcomes) {
      const frame = this.#due.get(ptsUs);
      this.#due.delete(ptsUs);
      if (frame === undefined) continue;
      const startedMs = performance.now();
      const looked =
        picture === undefined
          ? looker.miss(frame)
          : await looker.look(
              I420Picture.packed(picture.i420, picture.width, picture.height, picture.color),
              frame,
              ptsUs / 1000,
            );
      results.push({ ptsUs, result: timed(looked, eachMs, performance.now() - startedMs) });
    }
    return results;
  }
}

function timed({ inferMs, ...looked }: LookedAt, decodeMs: number, lookMs: number): WatchResult {
  return { ...looked, timings: { decodeMs, inferMs, totalMs: decodeMs + lookMs } };
}

function ended(looked: LookedAt): TimedResult {
  return { ptsUs: undefined, result: timed(looked, 0, 0) };
}
