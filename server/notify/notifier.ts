import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { FragmentTag } from '../../fragments/stream/fragment.ts';
import { LogReadError } from '../../fragments/stream/fragment-log.ts';
import { DecodeError } from '../../ml/decode/decode-job.ts';
import type {
  ImageGenerationConfiguration,
  NotificationConfiguration,
} from '../catalog/configuration-catalog.ts';
import type { ImageService, StreamImage } from '../playback/images/image-service.ts';
import type { FragmentEvent, OpenStream, StreamService } from '../streams/stream-service.ts';
import { type Delivery, DeliveryQueue, type DeliveryQueueOptions } from './delivery-queue.ts';
import {
  DestinationError,
  type DestinationSettings,
  type ImageDestination,
  imageDestinationOf,
  notificationDestinationOf,
} from './destinations.ts';
import { type TagWishes, wishesOf } from './fragment-tags.ts';
import { deliverHttp } from './http-delivery.ts';
import { imageName, storeImage } from './image-store.ts';
import { notificationRequest, notificationText } from './notification-message.ts';
import type { NotificationSettings } from './notification-settings.ts';

export interface NotifierOptions {
  readonly settings: NotificationSettings;
  readonly destinations: DestinationSettings;
  readonly deliveries: Omit<DeliveryQueueOptions, 'onFailed'>;
  /** Fragments that wait for their images to be made; the oldest is dropped for a new one. */
  readonly maxImageFragments: number;
  readonly streams: Pick<StreamService, 'peek'>;
  readonly images: Pick<ImageService, 'ofFragment'>;
  readonly accountId: string;
  readonly arnOf: (stream: OpenStream) => string;
  /** Puts a record into a data stream; the key keeps what belongs together in order. Throws DeliveryError. */
  readonly putRecord: (dataStream: string, partitionKey: string, data: Uint8Array) => Promise<void>;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What the notifier has counted since the start, beside its deliveries; read by the metrics. */
export interface NotifierCounters {
  notifications: number;
  images: number;
  /** Fragments whose images were not made: too many waited, or nothing could be decoded. */
  imagesFailed: number;
}

interface ImageTask {
  readonly stream: OpenStream;
  readonly event: FragmentEvent;
  readonly wishes: TagWishes;
  readonly configuration: ImageGenerationConfiguration;
}

/**
 * Does what producers' tags ask for when a fragment is persisted (kvs.md §1.4): tells a webhook, makes images. Nothing of it is
 * waited for by who writes the fragments; all of it is bounded.
 */
export class Notifier {
  readonly counters: NotifierCounters = { notifications: 0, images: 0, imagesFailed: 0 };
  readonly deliveries: DeliveryQueue;
  readonly #options: NotifierOptions;
  readonly #imageTasks: ImageTask[] = [];
  #imageWork: Promise<void> | undefined;
  readonly #reading = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.deliveries = new DeliveryQueue({
      ...options.deliveries,
      onFailed: (delivery, reason) => {
        options.logger.warn({ stream: delivery.stream, reason }, 'not delivered');
      },
    });
  }

  /** To be told of the fragments of all streams; answers at once. */
  onFragment(event: FragmentEvent): void {
    if (event.type !== 'persisted' || this.#isClosed) return;
    const stream = this.#options.streams.peek(event.stream);
    if (stream === undefined) return;
    const live = stream.window.byOrdinal(event.ordinal);
    if (live !== undefined) {
      this.#act(stream, event, live.tags);
      return;
    }
    // A disk that is slow persists what has left memory: then the tags are read back, if anybody wants to know.
    if (this.#notificationOf(event.stream) === undefined && this.#imagesOf(event.stream) === undefined)
      return;
    const reading = this.#readTags(stream, event).finally(() => this.#reading.delete(reading));
    this.#reading.add(reading);
  }

  /** Takes nothing more, delivers for a moment, then gives up the rest; resolves when nothing is being done any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#reading);
    this.#imageTasks.length = Math.min(this.#imageTasks.length, 1);
    await this.#imageWork;
    await this.deliveries.close();
  }

  async #readTags(stream: OpenStream, event: FragmentEvent): Promise<void> {
    try {
      this.#act(stream, event, await stream.log.tags(event.ordinal));
    } catch (error) {
      if (!(error instanceof LogReadError)) throw error;
      this.#options.logger.warn({ stream: event.stream, reason: error.message }, 'tags cannot be read');
    }
  }

  #act(stream: OpenStream, event: FragmentEvent, tags: readonly FragmentTag[]): void {
    if (tags.length === 0) return;
    const wishes = wishesOf(tags);
    if (wishes?.notification) this.#notify(stream, event, wishes);
    if (wishes?.images) this.#queueImages(stream, event, wishes);
  }

  #notificationOf(stream: string): NotificationConfiguration | undefined {
    const configuration = this.#options.settings.notificationOf(stream);
    return configuration?.Status === 'ENABLED' ? configuration : undefined;
  }

  #imagesOf(stream: string): ImageGenerationConfiguration | undefined {
    const configuration = this.#options.settings.imageGenerationOf(stream);
    return configuration?.Status === 'ENABLED' ? configuration : undefined;
  }

  #notify(stream: OpenStream, event: FragmentEvent, wishes: TagWishes): void {
    const configuration = this.#notificationOf(event.stream);
    if (configuration === undefined) return;
    const { arnOf, now, destinations, putRecord } = this.#options;
    const { Uri } = configuration.DestinationConfig;
    const destination = this.#destination(event.stream, () => notificationDestinationOf(Uri, destinations));
    if (destination === undefined) return;
    const streamArn = arnOf(stream);
    const text = notificationText(streamArn, event, wishes.custom);
    this.counters.notifications += 1;
    if (destination.type === 'data-stream') {
      const data = Buffer.from(text);
      this.deliveries.add({
        destination: Uri,
        stream: event.stream,
        sizeBytes: data.length,
        send: () => putRecord(destination.name, event.stream, data),
      });
      return;
    }
    const request = notificationRequest(destination.url, streamArn, text, now());
    this.deliveries.add({
      destination: destination.url.href,
      stream: event.stream,
      sizeBytes: request.body.length,
      send: (signal) => deliverHttp(request, signal),
    });
  }

  #queueImages(stream: OpenStream, event: FragmentEvent, wishes: TagWishes): void {
    const configuration = this.#imagesOf(event.stream);
    if (configuration === undefined) return;
    if (this.#imageTasks.length >= this.#options.maxImageFragments) {
      this.#imageTasks.shift();
      this.#imagesFailed(event.stream, 'too many fragments wait for their images');
    }
    this.#imageTasks.push({ stream, event, wishes, configuration });
    this.#imageWork ??= this.#makeImages().finally(() => {
      this.#imageWork = undefined;
    });
  }

  /** One fragment at a time: the decoders are for those who wait, too. */
  async #makeImages(): Promise<void> {
    for (let task = this.#imageTasks.shift(); task !== undefined; task = this.#imageTasks.shift()) {
      try {
        await this.#makeImagesOf(task);
      } catch (error) {
        if (!(error instanceof DecodeError || error instanceof LogReadError)) throw error;
        this.#imagesFailed(task.event.stream, error.message);
      }
    }
  }

  async #makeImagesOf({ stream, event, wishes, configuration }: ImageTask): Promise<void> {
    const { Uri } = configuration.DestinationConfig;
    const { destinations, images } = this.#options;
    const destination = this.#destination(event.stream, () => imageDestinationOf(Uri, destinations));
    if (destination === undefined) return;
    const clock = configuration.ImageSelectorType === 'SERVER_TIMESTAMP' ? 'server' : 'producer';
    const startMs = clock === 'server' ? event.serverMs : event.producerMs;
    const count = Math.max(1, Math.ceil(event.durationMs / configuration.SamplingInterval));
    const answers = await images.ofFragment(stream, event.ordinal, {
      clock,
      instants: Array.from({ length: count }, (_, i) => startMs + i * configuration.SamplingInterval),
      format: formatOf(configuration),
    });
    for (const answer of answers) {
      if ('error' in answer) this.#imagesFailed(event.stream, answer.error);
      else this.#deliverImage(destination, { event, wishes, configuration }, answer.image, clock);
    }
  }

  #deliverImage(
    destination: ImageDestination,
    { event, wishes, configuration }: Omit<ImageTask, 'stream'>,
    image: StreamImage,
    clock: 'server' | 'producer',
  ): void {
    const { accountId, now } = this.#options;
    const { fragment, frameMs, bytes } = image;
    const offsetMs = frameMs - (clock === 'server' ? fragment.serverMs : fragment.producerMs);
    const isPng = configuration.Format === 'PNG';
    const generated = {
      name: imageName({
        prefix: wishes.imagePrefix,
        accountId,
        stream: event.stream,
        frameMs,
        uuid: randomUUID(),
        extension: isPng ? 'png' : 'jpg',
      }),
      contentType: isPng ? ('image/png' as const) : ('image/jpeg' as const),
      metadata: new Map([
        ...wishes.custom,
        ['aws_kinesisvideo_fragment_number', fragment.number],
        ['aws_kinesisvideo_producer_timestamp', String(Math.round(fragment.producerMs + offsetMs))],
        ['aws_kinesisvideo_server_timestamp', String(Math.round(fragment.serverMs + offsetMs))],
      ]),
      bytes,
    };
    this.counters.images += 1;
    const delivery: Delivery = {
      destination: destination.type === 'folder' ? destination.path : `s3://${destination.bucket}`,
      stream: event.stream,
      sizeBytes: bytes.length,
      send: (signal) => storeImage(destination, generated, now(), signal),
    };
    this.deliveries.add(delivery);
  }

  /** What was checked when it was configured may not hold any more: settings change between two starts. */
  #destination<T>(stream: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DestinationError)) throw error;
      this.#options.logger.warn({ stream, reason: error.message }, 'not delivered');
      return undefined;
    }
  }

  #imagesFailed(stream: string, reason: string): void {
    this.counters.imagesFailed += 1;
    this.#options.logger.warn({ stream, reason }, 'images were not made');
  }
}

function formatOf({ Format, FormatConfig, WidthPixels, HeightPixels }: ImageGenerationConfiguration) {
  return {
    type: Format === 'PNG' ? ('png' as const) : ('jpeg' as const),
    ...(FormatConfig === undefined ? {} : { quality: Number(FormatConfig.JPEGQuality) }),
    ...(WidthPixels === undefined ? {} : { width: WidthPixels }),
    ...(HeightPixels === undefined ? {} : { height: HeightPixels }),
  };
}
