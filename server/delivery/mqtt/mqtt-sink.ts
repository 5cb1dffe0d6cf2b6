import type { Logger } from 'pino';
import type { DetectionEvent } from '../../../ml/events/detection-event.ts';
import { type EventSink, SinkError } from '../../detection/event-sink.ts';
import type { StoredEvent } from '../../detection/event-store.ts';
import { isOfArchive } from '../../detection/watch-names.ts';
import { type BrokerConnection, BrokerError, type ConnectionSettings } from './broker-connection.ts';
import { BrokerLink } from './broker-link.ts';
import { frigateEvent } from './frigate-event.ts';
import { type ObjectChange, PresentObjects } from './present-objects.ts';
import { type RetainedOptions, RetainedPublisher } from './retained-publisher.ts';
import { Snapshots } from './snapshots.ts';
import { Topics, topicLevel } from './topics.ts';

export interface MqttSinkOptions extends RetainedOptions {
  readonly connection: ConnectionSettings;
  /** How often `stats` is published, and cameras are looked through for those that came and went. */
  readonly statsIntervalMs: number;
  /** What tells of the objects that are present at the place up to which this sink has delivered, in order. */
  readonly present: () => Iterable<StoredEvent>;
  readonly stats: () => object;
  /** The picture of an event's frame, JPEG. `undefined`: no pictures are published. */
  readonly pictureOf: ((event: DetectionEvent) => Promise<Uint8Array | undefined>) | undefined;
  /** An attempt to deliver waits so long for a connection. */
  readonly patienceMs: number;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/**
 * Publishes events to an MQTT broker: each as it is, objects also in the shape of Frigate, and, retained, how many objects each camera
 * sees now. Delivered is what the broker has confirmed. What is retained is published anew with every connection.
 */
export class MqttSink implements EventSink {
  readonly name = 'mqtt';
  readonly batchSize = 100;
  readonly link: BrokerLink;
  readonly snapshots: Snapshots | undefined;
  readonly #options: MqttSinkOptions;
  readonly #topics: Topics;
  readonly #retained: RetainedPublisher;
  #present = new PresentObjects();
  /** One at a time changes what is present and retained. */
  #turn: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MqttSinkOptions) {
    this.#options = options;
    this.#topics = new Topics(options.prefix);
    this.#retained = new RetainedPublisher(options);
    this.link = new BrokerLink({
      settings: options.connection,
      will: { topic: this.#topics.available, payload: 'offline' },
      greet: (connection) => this.#greet(connection),
      // Who said meanwhile that something has changed was not heard.
      onReady: () => void this.refresh(),
      logger: options.logger,
    });
    if (options.pictureOf !== undefined) this.snapshots = this.#makeSnapshots(options.pictureOf);
  }

  /** Begins to connect. */
  start(): void {
    for (const { event } of this.#options.present()) this.#present.apply(event);
    this.link.start();
    this.#timer = setInterval(() => void this.#tick(), this.#options.statsIntervalMs);
    this.#timer.unref();
  }

  async deliver(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    const connection = await this.#connection(signal);
    try {
      await this.#inTurn(() => this.#publish(connection, events));
    } catch (cause) {
      if (!(cause instanceof BrokerError)) throw cause;
      throw new SinkError(cause.message, { cause });
    }
  }

  /** A camera came, went, or was set up otherwise: to be called when it is known, else it is noticed after a while. */
  async refresh(): Promise<void> {
    await this.#inPassing((connection) => this.#retained.refresh(connection, this.#present));
  }

  /** Says goodbye and hangs up. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.snapshots?.close();
    await this.link.close((connection) =>
      connection.publish(this.#topics.available, 'offline', { retain: true }),
    );
  }

  async #connection(signal: AbortSignal): Promise<BrokerConnection> {
    const patience = AbortSignal.timeout(this.#options.patienceMs);
    try {
      return await this.link.connected(AbortSignal.any([signal, patience]));
    } catch (cause) {
      // Tried again at once: it is here that the connection is waited for.
      throw new SinkError(signal.aborted ? 'stopped' : this.link.problem, { cause, retryAfterMs: 0 });
    }
  }

  async #publish(connection: BrokerConnection, events: readonly StoredEvent[]): Promise<void> {
    // The batch may come again: what it changes is kept when all of it is delivered.
    const present = this.#present.copy();
    const changes: (readonly [ObjectChange, DetectionEvent])[] = [];
    const messages: { topic: string; payload: string }[] = [];
    const streams = new Set<string>();
    for (const { event } of events) {
      // What a job found in an archive is not what is going on now.
      if (isOfArchive(event)) continue;
      streams.add(event.stream);
      const topic = this.#topics.detections(topicLevel(event.stream));
      messages.push({ topic, payload: JSON.stringify(event) });
      const change = present.apply(event);
      if (change === undefined) continue;
      changes.push([change, event]);
      messages.push({ topic: this.#topics.events, payload: JSON.stringify(frigateEvent(change, event)) });
    }
    await connection.publishAll(messages);
    await this.#retained.publish(connection, present, streams);
    this.#present = present;
    for (const [change, event] of changes) this.snapshots?.offer(change, event);
  }

  /** What every connection begins with: we are here, and so are these cameras and objects. */
  async #greet(connection: BrokerConnection): Promise<void> {
    await connection.publish(this.#topics.available, 'online', { retain: true });
    await this.#inTurn(() => this.#retained.publishAll(connection, this.#present));
    await this.#sendStats(connection);
  }

  async #tick(): Promise<void> {
    await this.refresh();
    await this.#inPassing((connection) => this.#sendStats(connection));
  }

  async #sendStats(connection: BrokerConnection): Promise<void> {
    await connection.publish(this.#topics.stats, JSON.stringify(this.#options.stats()));
  }

  #makeSnapshots(pictureOf: NonNullable<MqttSinkOptions['pictureOf']>): Snapshots {
    const { isStream, logger } = this.#options;
    return new Snapshots({
      pictureOf,
      publish: async (stream, label, picture) => {
        // Deleted meanwhile: nothing would take the picture back.
        if (!isStream(stream)) return;
        const connection = this.link.current;
        if (connection === undefined) throw new BrokerError(this.link.problem);
        const topic = this.#topics.snapshot(topicLevel(stream), label);
        await connection.publish(topic, picture, { retain: true });
      },
      onFailed: (stream, error) => {
        if (error instanceof BrokerError) logger.warn({ stream, reason: error.message }, 'no MQTT snapshot');
        else logger.error({ stream, err: error }, 'no MQTT snapshot');
      },
    });
  }

  /** What nobody waits for, and what comes again by itself: left out while there is no connection. */
  async #inPassing(work: (connection: BrokerConnection) => Promise<void>): Promise<void> {
    const connection = this.link.current;
    if (connection === undefined) return;
    const { logger } = this.#options;
    try {
      await this.#inTurn(() => work(connection));
    } catch (error) {
      if (error instanceof BrokerError) logger.warn({ reason: error.message }, 'MQTT state not published');
      else logger.error({ err: error }, 'MQTT state not published');
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
