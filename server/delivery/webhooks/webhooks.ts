import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { CatalogError } from '../../catalog/catalog-error.ts';
import type { WebhookCatalog, WebhookFilter, WebhookRecord } from '../../catalog/webhook-catalog.ts';
import type { EventSink } from '../../detection/event-sink.ts';
import type { EventStore } from '../../detection/event-store.ts';
import { DeliveryError } from '../../notify/delivery-error.ts';
import { webhookOf } from '../../notify/destinations.ts';
import { deliverHttp } from '../../notify/http-delivery.ts';
import { newWebhookSecret } from './signature.ts';
import { webhookRequest } from './webhook-message.ts';
import { type WebhookCounters, WebhookSink, webhookSinkName } from './webhook-sink.ts';

/** Who runs sinks, as webhooks need it. */
export interface SinkRunning {
  add(sink: EventSink): void;
  /** Its delivery is aborted; resolves when it has ended. An unknown one is none. */
  remove(name: string): Promise<void>;
  /** Why it does not deliver at present; `undefined` when it does. */
  problemOf(name: string): string | undefined;
}

export interface WebhooksOptions {
  readonly catalog: WebhookCatalog;
  readonly events: Pick<EventStore, 'lastSeq' | 'sinkPosition' | 'setSinkPosition'>;
  readonly sinks: SinkRunning;
  readonly maxWebhooks: number;
  readonly timeoutMs: number;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** A webhook and how it is doing. */
export interface WebhookStatus {
  readonly webhook: WebhookRecord;
  /** Events that it has not been looked at for, filtered or not. */
  readonly waiting: number;
  /** Since the start of the server. */
  readonly lastDeliveredMs: number | undefined;
  readonly problem: string | undefined;
}

/** The webhooks of this server: kept in the catalog, each delivering on its own. */
export class Webhooks {
  readonly counters: WebhookCounters = { delivered: 0, failed: 0, refused: 0 };
  readonly #options: WebhooksOptions;
  readonly #running = new Map<string, WebhookSink>();
  /** Those that are being turned off. */
  readonly #stopping = new Map<string, Promise<void>>();

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** Goes on where each has stopped. */
  start(): void {
    for (const webhook of this.#options.catalog.list()) {
      if (webhook.offReason === null) this.#run(webhook);
    }
  }

  /** Stops delivering, and keeps how far each has come. To be called before the runner of sinks and the store are closed. */
  async close(): Promise<void> {
    await Promise.all(this.#stopping.values());
    await Promise.all(
      Array.from(this.#running.values(), async (sink) => {
        await this.#options.sinks.remove(sink.name);
        this.#keepPlace(sink);
      }),
    );
    this.#running.clear();
  }

  list(): WebhookStatus[] {
    return this.#options.catalog.list().map((webhook) => this.#statusOf(webhook));
  }

  /**
   * A new webhook: it is told of what happens from now on. Durable when it answers. Throws CatalogError `already-exists`, `too-many`, and
   * DestinationError for a URL that nothing can be posted to.
   */
  create(
    wish: {
      readonly name: string;
      readonly url: string;
      /** Made when absent. */
      readonly secret?: string | undefined;
      readonly filter: WebhookFilter;
    },
    nowMs: number,
  ): WebhookRecord {
    const { catalog, events, maxWebhooks } = this.#options;
    const url = webhookOf(wish.url).href;
    if (catalog.list().length >= maxWebhooks) {
      throw new CatalogError('too-many', `There are ${maxWebhooks} webhooks already.`);
    }
    const webhook: WebhookRecord = {
      name: wish.name,
      createdMs: nowMs,
      url,
      secret: wish.secret ?? newWebhookSecret(),
      filter: wish.filter,
      offReason: null,
    };
    catalog.insert(webhook);
    // Also where one of its name has been before.
    events.setSinkPosition(webhookSinkName(webhook.name), events.lastSeq);
    this.#run(webhook);
    return webhook;
  }

  /** Answers false when there is none. */
  async remove(name: string): Promise<boolean> {
    const { catalog, sinks } = this.#options;
    const isKnown = catalog.remove(name);
    this.#running.delete(name);
    await sinks.remove(webhookSinkName(name));
    await this.#stopping.get(name);
    return isKnown;
  }

  /**
   * Posts a test message, whatever the filter. Answers why it was not taken; `undefined` when it was: then a webhook that had been
   * turned off goes on, with what it has missed. Throws CatalogError `not-found`.
   */
  async test(name: string): Promise<string | undefined> {
    const { catalog, now, timeoutMs } = this.#options;
    const webhook = catalog.get(name);
    if (webhook === undefined) throw new CatalogError('not-found', `There is no webhook ${name}.`);
    const message = {
      id: `test_${randomUUID()}`,
      type: 'framelog.test',
      timestampMs: now(),
      data: { webhook: name },
    };
    try {
      await deliverHttp(webhookRequest(webhook, message, now()), AbortSignal.timeout(timeoutMs));
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      return error.message;
    }
    await this.#turnOn(name);
    return undefined;
  }

  #run(webhook: WebhookRecord): void {
    const { sinks, timeoutMs, logger, now } = this.#options;
    const sink = new WebhookSink({
      webhook,
      timeoutMs,
      counters: this.counters,
      onGone: (reason) => this.#turnOff(webhook.name, reason),
      logger,
      now,
    });
    this.#running.set(webhook.name, sink);
    sinks.add(sink);
  }

  /** Called by a delivery, which is not waited for. */
  #turnOff(name: string, reason: string): void {
    const { catalog, sinks, logger } = this.#options;
    const webhook = catalog.get(name);
    const sink = this.#running.get(name);
    if (webhook === undefined || sink === undefined) return;
    catalog.update({ ...webhook, offReason: reason });
    this.#running.delete(name);
    logger.warn({ webhook: name, reason }, 'webhook turned off');
    const stopping = sinks
      .remove(sink.name)
      .then(() => this.#keepPlace(sink))
      .catch((error) => logger.error({ err: error, webhook: name }, 'the place of a webhook cannot be kept'))
      .finally(() => this.#stopping.delete(name));
    this.#stopping.set(name, stopping);
  }

  /** Where the runner keeps the place before a batch, this is the place within it. */
  #keepPlace({ name, doneSeq }: WebhookSink): void {
    const { events } = this.#options;
    if (doneSeq > (events.sinkPosition(name) ?? 0)) events.setSinkPosition(name, doneSeq);
  }

  async #turnOn(name: string): Promise<void> {
    const { catalog, logger } = this.#options;
    await this.#stopping.get(name);
    // While it was tested it may have been removed, or turned on.
    const webhook = catalog.get(name);
    if (webhook === undefined || webhook.offReason === null) return;
    const on = { ...webhook, offReason: null };
    catalog.update(on);
    logger.info({ webhook: name }, 'webhook turned on again');
    this.#run(on);
  }

  #statusOf(webhook: WebhookRecord): WebhookStatus {
    const { events, sinks } = this.#options;
    const sink = webhookSinkName(webhook.name);
    return {
      webhook,
      waiting: events.lastSeq - (events.sinkPosition(sink) ?? events.lastSeq),
      lastDeliveredMs: this.#running.get(webhook.name)?.lastDeliveredMs,
      problem: webhook.offReason ?? sinks.problemOf(sink),
    };
  }
}
