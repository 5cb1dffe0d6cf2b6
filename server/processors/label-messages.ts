import type { WatchResult } from '../../ml/supervisor/watch-result.ts';
import type { FrameRef } from '../../ml/watch/frame.ts';
import type { TrackedObject } from '../../ml/watch/observed.ts';
import type {
  LabelWork,
  ObjectClass,
  ProcessorRecord,
  ProcessorSession,
} from '../catalog/processor-catalog.ts';
import { derivedUuid } from './derived-uuid.ts';
import { percentOf } from './face-forms.ts';
import { classesOf, classOf } from './object-classes.ts';
import { isInRegions } from './regions.ts';

/** A label processor with all that its messages tell of it. */
export interface LabelProcessor extends Pick<ProcessorRecord, 'name' | 'stream' | 'regions' | 'tags'> {
  readonly work: LabelWork;
}

/**
 * The messages of one session of a label processor, in the form in which the service tells them to a topic: the first time that
 * an object of each class is seen, and at the end. Pure; the same frames seen again make the same messages, with the same ids.
 */
export class LabelMessages {
  readonly #processor: LabelProcessor;
  readonly #session: ProcessorSession;
  readonly #frameUri: (frame: FrameRef) => string;
  readonly #classes: readonly ObjectClass[];
  readonly #seen = new Set<ObjectClass>();
  #firstMs: number | undefined;
  #lastMs = 0;

  constructor(processor: LabelProcessor, session: ProcessorSession, frameUri: (frame: FrameRef) => string) {
    this.#processor = processor;
    this.#session = session;
    this.#frameUri = frameUri;
    this.#classes = classesOf(processor.work);
  }

  /** Everything that was asked for was seen: nothing but the end can come. */
  get isSatisfied(): boolean {
    return this.#seen.size === this.#classes.length;
  }

  /** Video time looked at, ms. */
  get processedMs(): number {
    return this.#firstMs === undefined ? 0 : this.#lastMs - this.#firstMs;
  }

  /** A frame of the session, looked at or not. */
  passed({ producerMs }: FrameRef): void {
    this.#firstMs ??= producerMs;
    this.#lastMs = Math.max(this.#lastMs, producerMs);
  }

  /** A frame that was looked at: a message of each class that is in it for the first time. */
  take({ frame, objects, skipped }: WatchResult): object[] {
    if (skipped !== undefined) return [];
    const { work, regions } = this.#processor;
    const minScore = (work.minConfidence ?? 0) / 100;
    const best = new Map<ObjectClass, TrackedObject>();
    for (const object of objects) {
      const kind = classOf(object.label, this.#classes);
      if (kind === undefined || this.#seen.has(kind)) continue;
      if (object.score < minScore || !isInRegions(object.box, regions)) continue;
      if (object.score > (best.get(kind)?.score ?? -1)) best.set(kind, object);
    }
    return [...best].map(([kind, object]) => {
      this.#seen.add(kind);
      return this.#detected(kind, object, frame);
    });
  }

  /** `message`: why it is over, for people. */
  complete(message: string): object {
    return {
      ...this.#head('STREAM_PROCESSING_COMPLETE', {
        processedVideoDurationMillis: Math.round(this.processedMs),
      }),
      streamProcessingResults: { message },
      ...this.#tail('complete'),
    };
  }

  #detected(kind: ObjectClass, object: TrackedObject, frame: FrameRef): object {
    const [left, top, width, height] = object.box;
    return {
      ...this.#head('LABEL_DETECTED', {}),
      labels: [
        {
          id: derivedUuid([this.#session.id, kind, 'label']),
          name: kind,
          confidence: percentOf(object.score),
          frameImageUri: this.#frameUri(frame),
          videoMapping: {
            kinesisVideoMapping: {
              fragmentNumber: frame.fragmentNumber,
              // Times of the fragment, epoch ms; the frame is told by its offset.
              serverTimestamp: Math.round(frame.serverMs - frame.offsetMs),
              producerTimestamp: Math.round(frame.producerMs - frame.offsetMs),
              frameOffsetMillis: Math.round(frame.offsetMs),
            },
          },
          boundingBox: { left, top, height, width },
        },
      ],
      ...this.#tail(kind),
    };
  }

  #head(type: string, more: object): object {
    return {
      inputInformation: { kinesisVideo: { streamArn: this.#processor.stream.arn, ...more } },
      eventNamespace: { type },
    };
  }

  #tail(what: string): object {
    const { id, from, maxDurationSeconds } = this.#session;
    return {
      eventId: derivedUuid([id, what]),
      tags: this.#processor.tags,
      sessionId: id,
      startStreamProcessorRequest: {
        name: this.#processor.name,
        ...(from === undefined ? {} : { startSelector: { kvsStreamStartSelector: selectorOf(from) } }),
        ...(maxDurationSeconds === undefined
          ? {}
          : { stopSelector: { maxDurationInSeconds: maxDurationSeconds } }),
      },
    };
  }
}

function selectorOf(from: NonNullable<ProcessorSession['from']>): object {
  return 'producerMs' in from
    ? { producerTimestamp: from.producerMs }
    : { fragmentNumber: from.fragmentNumber };
}
