import { setTimeout as delay } from 'node:timers/promises';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { Pacer } from './pacer.ts';

/** The broker cannot be reached, has refused us, has gone, or has not taken a message. */
export class BrokerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BrokerError';
  }
}

export interface ConnectionSettings {
  /** `mqtt://host:1883`, `mqtts://host:8883`. */
  readonly url: string;
  readonly version: 4 | 5;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** Of `mqtts`, PEM: who is trusted instead of the system's authorities, and who we are. */
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly keepAliveSeconds: number;
  readonly connectTimeoutMs: number;
  /** Messages that may wait for the broker's confirmation at once. */
  readonly maxInFlight: number;
  readonly messagesPerSecond: number;
  /** A broker that does not confirm a message for so long is taken for dead. */
  readonly confirmTimeoutMs: number;
}

export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly retain?: boolean;
}

/** Published by the broker when we are gone without a word. */
export interface LastWill {
  readonly topic: string;
  readonly payload: string;
}

/**
 * One connection to a broker, from its CONNACK to its end. It is not mended: what was not confirmed on it has failed, so that who sent
 * it knows what has to come again, and in which order. Messages go out in the order of the calls, QoS 1, a bounded number of them
 * unconfirmed.
 */
export class BrokerConnection {
  readonly #counters: { messages: number };
  readonly #client: MqttClient;
  readonly #settings: ConnectionSettings;
  readonly #pacer: Pacer;
  readonly #ended = new AbortController();
  readonly #waiting: (() => void)[] = [];
  readonly #maxInFlight: number;
  #inFlight = 0;
  /** The last message that waits for its place in time: the next one waits behind it. */
  #turn: Promise<void> = Promise.resolve();

  private constructor(client: MqttClient, settings: ConnectionSettings, counters: { messages: number }) {
    this.#counters = counters;
    this.#client = client;
    this.#settings = settings;
    this.#pacer = new Pacer(settings.messagesPerSecond);
    // MQTT 5.0 section 3.2.2.3.3: a client that goes beyond it is disconnected.
    const { receiveMaximum = Number.POSITIVE_INFINITY } = client.serverProperties ?? {};
    this.#maxInFlight = Math.min(settings.maxInFlight, receiveMaximum);
    client.on('close', () => this.#end(new BrokerError('the broker closed the connection')));
    client.on('disconnect', ({ reasonCode }) =>
      this.#end(new BrokerError(`the broker said goodbye, reason code ${reasonCode ?? 0}`)),
    );
    client.on('error', (cause) => this.#end(new BrokerError(cause.message, { cause })));
  }

  /** Throws BrokerError, or the signal's reason. */
  static async open(
    settings: ConnectionSettings,
    will: LastWill,
    counters: { messages: number },
    signal: AbortSignal,
  ): Promise<BrokerConnection> {
    signal.throwIfAborted();
    const client = connect(settings.url, clientOptions(settings, will));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    client.once('connect', () => resolve());
    client.on('error', (cause) => reject(new BrokerError(cause.message, { cause })));
    client.once('close', () => reject(new BrokerError('the broker closed the connection')));
    try {
      await promise;
      return new BrokerConnection(client, settings, counters);
    } catch (error) {
      client.end(true);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Aborted with a BrokerError when the connection is over. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Resolves when the broker has confirmed the message. Throws BrokerError; then the connection may be over. */
  async publish(
    topic: string,
    payload: string | Buffer,
    { retain = false }: { readonly retain?: boolean } = {},
  ): Promise<void> {
    await this.#place();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onEnd = () => reject(this.#ended.signal.reason);
    this.#ended.signal.addEventListener('abort', onEnd, { once: true });
    const late = setTimeout(
      () => this.#end(new BrokerError('the broker does not confirm messages')),
      this.#settings.confirmTimeoutMs,
    );
    try {
      this.#client.publish(topic, payload, { qos: 1, retain }, (cause) => {
        if (cause == null) resolve();
        else reject(new BrokerError(`${topic}: ${cause.message}`, { cause }));
      });
      await promise;
      this.#counters.messages += 1;
    } finally {
      clearTimeout(late);
      this.#ended.signal.removeEventListener('abort', onEnd);
      this.#inFlight -= 1;
      this.#waiting.shift()?.();
    }
  }

  /**
   * Publishes messages in order, and waits for all of them, also after one has failed: nothing is under way when it is tried again. Throws
   * the first failure.
   */
  async publishAll(
    messages: readonly Message[],
    onConfirmed: (message: Message) => void = () => undefined,
  ): Promise<void> {
    const outcomes = await Promise.allSettled(
      messages.map(async (message) => {
        await this.publish(message.topic, message.payload, message);
        onConfirmed(message);
      }),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') throw outcome.reason;
    }
  }

  /** Says goodbye, so that the last will is not published. */
  async close(): Promise<void> {
    if (this.ended.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended.addEventListener('abort', () => resolve(), { once: true });
    const late = setTimeout(
      () => this.#end(new BrokerError('the broker does not close')),
      this.#settings.connectTimeoutMs,
    );
    this.#client.end(false, () => this.#end(new BrokerError('closed')));
    await promise;
    clearTimeout(late);
  }

  /** Waits for a place among the messages in flight, and for its time; first come, first served. */
  async #place(): Promise<void> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await before;
      this.ended.throwIfAborted();
      const waitMs = this.#pacer.take(performance.now());
      if (waitMs > 0) await delay(waitMs, undefined, { signal: this.ended }).catch(() => undefined);
      if (this.#inFlight >= this.#maxInFlight) {
        await new Promise<void>((free) => this.#waiting.push(free));
      }
      this.ended.throwIfAborted();
      this.#inFlight += 1;
    } finally {
      resolve();
    }
  }

  #end(reason: BrokerError): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(reason);
    // Also makes the client forget what was not confirmed; a goodbye under way is not waited for.
    this.#client.end(true);
    this.#client.stream.destroy();
    for (const free of this.#waiting.splice(0)) free();
  }
}

function clientOptions(settings: ConnectionSettings, will: LastWill): IClientOptions {
  const { username, password, ca, cert, key } = settings;
  return {
    protocolVersion: settings.version,
    clientId: settings.clientId,
    clean: true,
    keepalive: settings.keepAliveSeconds,
    connectTimeout: settings.connectTimeoutMs,
    reconnectPeriod: 0,
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
