import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { OfferedSample, WatchOptions } from '../../../../ml/supervisor/supervisor.ts';
import type { WatchResult } from '../../../../ml/supervisor/watch-result.ts';
import {
  WorkerSupervisor,
  type WorkerSupervisorOptions,
} from '../../../../ml/supervisor/worker-supervisor.ts';
import { watchSettingsSchema } from '../../../../ml/watch/watch-settings.ts';
import { offered, videoOf } from '../../../support/clip-video.ts';
import { makeCounterClip } from '../../../support/counter-clip.ts';

/** Real workers and decoders with a scripted detector (test/support/scripted-worker.ts). */

export const SCRIPTED_WORKER = join(import.meta.dirname, '../../../support/scripted-worker.ts');

export function supervisorOf(
  t: TestContext,
  options: Partial<WorkerSupervisorOptions> = {},
): WorkerSupervisor {
  const supervisor = new WorkerSupervisor({
    workers: 1,
    decoder: 'native',
    now: () => Date.now(),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    entry: SCRIPTED_WORKER,
    // The machine of a test may be busy with other tests.
    requestTimeoutMs: 30_000,
    ...options,
  });
  t.after(() => supervisor.close());
  return supervisor;
}

export interface WatchedStream {
  readonly watch: ReturnType<WorkerSupervisor['watch']>;
  readonly results: WatchResult[];
  offerAll(samples: readonly OfferedSample[]): Promise<void>;
  /** Numbers that the detector has read, in the order of the results. */
  numbers(): number[];
}

export interface StreamOptions extends Partial<Omit<WatchOptions, 'settings'>> {
  readonly tier: string;
  /** Of scripted-worker.ts. */
  readonly model?: string;
}

export function watchStream(
  supervisor: WorkerSupervisor,
  stream: string,
  { tier, model = 'counter', ...options }: StreamOptions,
): WatchedStream {
  const results: WatchResult[] = [];
  const watch = supervisor.watch({
    name: 'live',
    stream,
    pace: 'live',
    settings: watchSettingsSchema.parse({ tier, model, motionGate: false, confirmHits: 1 }),
    state: undefined,
    onResult: (result) => {
      results.push(result);
    },
    ...options,
  });
  return {
    watch,
    results,
    offerAll: async (samples) => {
      for (const sample of samples) await watch.offer(sample);
    },
    numbers: () => results.map(numberIn),
  };
}

/** The number that the detector has read in a frame; -1 where there is none. */
export function numberIn({ objects }: WatchResult): number {
  const label = objects.find((object) => object.label.startsWith('picture-'))?.label;
  return Number(label?.slice('picture-'.length) ?? -1);
}

/** A counter clip, gone with its test. The number in its n-th picture (by presentation) is n. */
export async function counterVideo(
  t: TestContext,
  encoder: readonly string[],
  seconds: number,
  type = 'mp4',
) {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-counter-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, `counter.${type}`);
  makeCounterClip(path, { seconds, encoder });
  const video = await videoOf(path);
  return { video, samples: offered(video) };
}

export const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '0', '-g', '25'] as const;
