import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import {
  BrokerConnection,
  BrokerError,
  type ConnectionSettings,
  type LastWill,
} from './broker-connection.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface BrokerLinkOptions {
  readonly settings: ConnectionSettings;
  readonly will: LastWill;
  /** What every connection begins with; only then others publish on it. What it throws ends the connection. */
  readonly greet: (connection: BrokerConnection) => Promise<void>;
  /** A connection is ready for all. */
  readonly onReady: () => void;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Keeps a connection to the broker: one after the other, further and further apart while it cannot be reached. */
export class BrokerLink {
  /** `messages`: confirmed by the broker. */
  readonly counters = { connects: 0, failures: 0, messages: 0 };
  readonly #options: BrokerLinkOptions;
  readonly #closing = new AbortController();
  #ready = Promise.withResolvers<BrokerConnection>();
  #current: BrokerConnection | undefined;
  #problem = 'not connected yet';
  #work: Promise<void> | undefined;

  constructor(options: BrokerLinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#work ??= this.#run();
  }

  /** The connection that is ready for messages now. */
  get current(): BrokerConnection | undefined {
    return this.#current;
  }

  /** Why there is none. */
  get problem(): string {
    return this.#problem;
  }

  /** The connection; waits for one. Throws the signal's reason. */
  async connected(signal: AbortSignal): Promise<BrokerConnection> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.#ready.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** `farewell` is published first, when there is a connection. */
  async close(farewell: (connection: BrokerConnection) => Promise<void>): Promise<void> {
    const connection = this.#current;
    if (connection !== undefined) {
      try {
        await farewell(connection);
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error;
        this.#options.logger.warn({ reason: error.message }, 'no goodbye to the MQTT broker');
      }
    }
    this.#closing.abort();
    await connection?.close();
    await this.#work;
  }

  async #run(): Promise<void> {
    const { logger } = this.#options;
    const closing = this.#closing.signal;
    for (let failures = 0; !closing.aborted; ) {
      try {
        const connection = await this.#connect();
        failures = 0;
        await over(connection);
        // Only the end of a connection leads here.
        throw connection.ended.reason;
      } catch (error) {
        if (closing.aborted) return;
        this.counters.failures += 1;
        failures += 1;
        if (!(error instanceof BrokerError)) logger.error({ err: error }, 'MQTT broker: trying again');
        else if (failures === 1) logger.warn({ reason: error.message }, 'MQTT broker: trying again');
        this.#problem = error instanceof Error ? error.message : String(error);
      } finally {
        if (this.#current !== undefined) this.#ready = Promise.withResolvers();
        this.#current = undefined;
      }
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
      // Many servers of one broker do not come back in one moment.
      await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal: closing }).catch(() => undefined);
    }
  }

  async #connect(): Promise<BrokerConnection> {
    const { settings, will, greet, onReady, logger } = this.#options;
    const connection = await BrokerConnection.open(settings, will, this.counters, this.#closing.signal);
    try {
      await greet(connection);
    } catch (error) {
      await connection.close();
      throw error;
    }
    this.counters.connects += 1;
    this.#current = connection;
    this.#ready.resolve(connection);
    logger.info({ version: settings.version === 5 ? '5' : '3.1.1' }, 'MQTT broker connected');
    onReady();
    return connection;
  }
}

function over(connection: BrokerConnection): Promise<void> {
  return new Promise((resolve) => {
    if (connection.ended.aborted) resolve();
    else connection.ended.addEventListener('abort', () => resolve(), { once: true });
  });
}
