import type { Clock } from '../../fragments/log/clock.ts';
import type { ReadPosition } from '../../fragments/stream/stream-reader.ts';
import { readSamples } from '../../fragments/stream/stream-reader.ts';
import type { DetectionSupervisor, Watch } from '../../ml/supervisor/supervisor.ts';
import type { WatchSettings } from '../../ml/watch/watch-settings.ts';
import type { ProcessorSession } from '../catalog/processor-catalog.ts';
import { SampleOffers } from '../detection/sample-offers.ts';
import { startPosition } from '../playback/matroska/start-position.ts';
import type { OpenStream } from '../streams/stream-service.ts';
import type { LabelMessages } from './label-messages.ts';

export interface LabelSessionOptions {
  /** Unique among open watches. */
  readonly watch: string;
  readonly session: ProcessorSession;
  readonly stream: OpenStream;
  readonly supervisor: Pick<DetectionSupervisor, 'watch'>;
  readonly settings: WatchSettings;
  readonly messages: LabelMessages;
  readonly onMessage: (message: object) => void;
  /** The session ends when no video comes for so long. */
  readonly idleMs: number;
  readonly clock: Pick<Clock, 'after'>;
  readonly signal: AbortSignal;
}

/**
 * One session of a label processor: looks at a stretch of video from where it was told to begin, recorded or still to come, and
 * tells what it sees. Resolves with why it is over, after the last message. Throws LogReadError, WatchError.
 */
export async function runLabelSession(options: LabelSessionOptions): Promise<string> {
  const { messages, onMessage, signal } = options;
  const reason = await lookAtAll(options).catch((error: unknown) => {
    // A watch that was closed in the middle of its work says so.
    if (signal.aborted) return '';
    throw error;
  });
  const told = signal.aborted ? 'The stream processor was stopped.' : reason;
  onMessage(messages.complete(told));
  return told;
}

async function lookAtAll(options: LabelSessionOptions): Promise<string> {
  const { session, stream, messages, signal } = options;
  const durationMs = (session.maxDurationSeconds ?? 0) * 1000;
  const idle = new IdleTimer(options.clock, options.idleMs);
  const watch = openWatch(options);
  const onAbort = () => watch.close();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const from = await positionOf(stream, session);
    const offers = new SampleOffers();
    const reading = { until: 'abort', signal: AbortSignal.any([signal, idle.signal]) } as const;
    let startMs = startTimeOf(session);
    let reason = `No video came for ${options.idleMs / 1000} seconds.`;
    read: for await (const batch of readSamples(stream, from, reading)) {
      idle.pause();
      for (const sample of offers.of(batch)) {
        const { producerMs } = sample.frame;
        startMs ??= producerMs;
        if (producerMs >= startMs + durationMs) {
          reason = `${durationMs / 1000} seconds of video were looked at.`;
          break read;
        }
        const isInRange = producerMs >= startMs;
        if (isInRange) messages.passed(sample.frame);
        await watch.offer({ ...sample, isDue: isInRange && !messages.isSatisfied });
        if (signal.aborted) break read;
      }
      idle.begin();
    }
    if (!signal.aborted) await watch.drained();
    return reason;
  } finally {
    idle.pause();
    signal.removeEventListener('abort', onAbort);
    watch.close();
  }
}

function openWatch(options: LabelSessionOptions): Watch {
  const { supervisor, watch, stream, settings, messages, onMessage } = options;
  return supervisor.watch({
    name: watch,
    stream: stream.record.name,
    pace: 'batch',
    settings,
    state: undefined,
    onResult: (result) => {
      for (const message of messages.take(result)) onMessage(message);
    },
  });
}

function startTimeOf({ from }: ProcessorSession): number | undefined {
  return from !== undefined && 'producerMs' in from ? from.producerMs : undefined;
}

async function positionOf(stream: OpenStream, { from }: ProcessorSession): Promise<ReadPosition> {
  if (from === undefined) return startPosition(stream, { at: 'now' }, 0);
  if ('producerMs' in from) return startPosition(stream, { at: 'producer-time', ms: from.producerMs }, 0);
  const { fragmentNumber: number } = from;
  const live = stream.window.fragments.find(({ info }) => info.number === number)?.info;
  const info = live ?? (await stream.log.find({ by: 'number', number }));
  // One that was deleted, or is still to come.
  return info === undefined
    ? startPosition(stream, { at: 'after', number }, 0)
    : { ordinal: info.ordinal, sampleIndex: 0 };
}

/** Aborts when nothing has happened for a while. */
class IdleTimer {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #idleMs: number;
  readonly #controller = new AbortController();
  #cancel = () => {};

  constructor(clock: Pick<Clock, 'after'>, idleMs: number) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.begin();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  begin(): void {
    this.pause();
    this.#cancel = this.#clock.after(this.#idleMs, () => this.#controller.abort());
  }

  pause(): void {
    this.#cancel();
  }
}
