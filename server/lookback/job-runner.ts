import { z } from 'zod';
import { fragmentDurationMs } from '../../fragments/stream/fragment.ts';
import { FragmentReader } from '../../fragments/stream/stream-reader.ts';
import type { DetectionEvent } from '../../ml/events/detection-event.ts';
import type { DetectionSupervisor } from '../../ml/supervisor/supervisor.ts';
import type { WatchResult } from '../../ml/supervisor/watch-result.ts';
import type { FrameRef } from '../../ml/watch/frame.ts';
import type { WatchSettings } from '../../ml/watch/watch-settings.ts';
import type { WatchState } from '../../ml/watch/watch-state.ts';
import type { JobRecord } from '../catalog/job-catalog.ts';
import type { EventStore } from '../detection/event-store.ts';
import { withThumbnail } from '../detection/frame-path.ts';
import type { FurtherEvents, OpenFurtherEvents } from '../detection/further-events.ts';
import { SampleOffers } from '../detection/sample-offers.ts';
import { jobWatchName } from '../detection/watch-names.ts';
import type { OpenStream } from '../streams/stream-service.ts';
import { archiveFragments } from './archive-fragments.ts';

/** Where a job is, kept with its events in one commit: it goes on behind the last fragment of which all is stored. */
const positionSchema = z.strictObject({
  nextOrdinal: z.number(),
  progress: z.strictObject({
    atMs: z.number(),
    fragments: z.number(),
    frames: z.number(),
    events: z.number(),
  }),
  /** Its parts check themselves. */
  watch: z.custom<WatchState>((value) => typeof value === 'object' && value !== null).nullable(),
  lastFrame: z
    .strictObject({
      fragmentNumber: z.string(),
      offsetMs: z.number(),
      producerMs: z.number(),
      serverMs: z.number(),
    })
    .nullable(),
  model: z.string().nullable(),
  /** Of FurtherEvents. */
  further: z.unknown().optional(),
});

type JobPosition = z.output<typeof positionSchema>;

export interface JobRun {
  readonly job: JobRecord;
  readonly stream: OpenStream;
  readonly supervisor: Pick<DetectionSupervisor, 'watch'>;
  readonly store: Pick<EventStore, 'commit' | 'watchState' | 'deleteResults'>;
  /** Further events that a result gives rise to (faces). */
  readonly eventsOf?: OpenFurtherEvents | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobRecord['progress']) => void;
}

/**
 * Looks at a stretch of a stream's archive, fragment by fragment, through the same code as live. Events and position of a
 * fragment are stored together, so that a job that was broken off goes on without losing or repeating a phase. Answers whether
 * all is done: not when the signal was aborted. Throws LogReadError, WatchError.
 */
export async function runJob(run: JobRun): Promise<boolean> {
  const { job, stream, supervisor, store, eventsOf, signal, onProgress } = run;
  const name = jobWatchName(job.id);
  const stored = positionSchema.safeParse(store.watchState(job.stream, name));
  const position = stored.success ? stored.data : beginningOf(job);
  const further = eventsOf?.({ stream: job.stream, watch: name }, position.further);
  const fragment = new FragmentResults(position, job.settings, further);
  const watch = supervisor.watch({
    name,
    stream: job.stream,
    pace: 'batch',
    settings: job.settings,
    state: position.watch ?? undefined,
    onResult: (result) => fragment.take(result),
  });
  const commit = (nextOrdinal: number, atMs: number, fragments: number) => {
    const { events, state } = fragment.finish(nextOrdinal, Math.min(atMs, job.toMs), fragments);
    store.commit({ stream: job.stream, watch: name, events, state });
    onProgress(state.progress);
  };
  // A watch that waits for a worker is not to hold up who cancels.
  const onAbort = () => watch.close();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const reader = new FragmentReader(stream);
    const offers = new SampleOffers();
    for await (const info of archiveFragments(stream.log, job, position.nextOrdinal)) {
      const batch = await reader.read(info);
      if (batch !== undefined) {
        for (const sample of offers.of(batch)) {
          if (signal.aborted) return false;
          const { producerMs } = sample.frame;
          // Frames before the range may be needed to decode those in it; they are not due.
          if (producerMs < job.toMs) await watch.offer({ ...sample, isDue: producerMs >= job.fromMs });
        }
        await watch.drained();
      }
      if (signal.aborted) return false;
      commit(info.ordinal + 1, info.producerMs + fragmentDurationMs(info), 1);
    }
    const { nextOrdinal, lastFrame } = fragment.position;
    if (lastFrame !== null) {
      await watch.end(lastFrame);
      commit(nextOrdinal, job.toMs, 0);
    }
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    watch.close();
  }
  const { model } = fragment.position;
  if (job.replaces && model !== null) await store.deleteResults(job.stream, model, job, name);
  return true;
}

function beginningOf(job: JobRecord): JobPosition {
  return {
    nextOrdinal: 0,
    progress: { atMs: job.fromMs, fragments: 0, frames: 0, events: 0 },
    watch: null,
    lastFrame: null,
    model: null,
    further: undefined,
  };
}

/** What came of one fragment, until it is stored as a whole. */
class FragmentResults {
  position: JobPosition;
  readonly #settings: WatchSettings;
  readonly #further: FurtherEvents | undefined;
  #events: DetectionEvent[] = [];
  #frames = 0;
  #state: WatchState | null;
  #lastFrame: FrameRef | null;
  #model: string | null;

  constructor(position: JobPosition, settings: WatchSettings, further: FurtherEvents | undefined) {
    this.position = position;
    this.#settings = settings;
    this.#further = further;
    this.#state = position.watch;
    this.#lastFrame = position.lastFrame;
    this.#model = position.model;
  }

  take(result: WatchResult): void {
    const more = this.#further?.observe(result, this.#settings) ?? [];
    this.#events.push(...result.events.map(withThumbnail), ...more.map(withThumbnail));
    // The end of a watch is told without a picture.
    if (result.skipped === undefined && result.picture !== undefined) this.#frames += 1;
    this.#state = result.state ?? this.#state;
    this.#lastFrame = result.frame;
    this.#model = result.model.name;
  }

  finish(nextOrdinal: number, atMs: number, fragments: number) {
    const events = this.#events;
    const before = this.position.progress;
    this.position = {
      nextOrdinal,
      progress: {
        atMs: Math.max(before.atMs, atMs),
        fragments: before.fragments + fragments,
        frames: before.frames + this.#frames,
        events: before.events + events.length,
      },
      watch: this.#state,
      lastFrame: this.#lastFrame,
      model: this.#model,
      further: this.#further?.state(),
    };
    this.#events = [];
    this.#frames = 0;
    return { events, state: this.position };
  }
}
