import type { Logger } from 'pino';
import type { DetectionEvent } from '../../../ml/events/detection-event.ts';
import type { WebhookRecord } from '../../catalog/webhook-catalog.ts';
import { type EventSink, SinkError } from '../../detection/event-sink.ts';
import type { StoredEvent } from '../../detection/event-store.ts';
import { DeliveryError } from '../../notify/delivery-error.ts';
import { deliverHttp } from '../../notify/http-delivery.ts';
import { passesFilter } from './webhook-filter.ts';
import { eventMessage, webhookRequest } from './webhook-message.ts';

/** What was counted of all webhooks since the start; read by the metrics. */
export interface WebhookCounters {
  delivered: number;
  /** Requests that failed and are made again. */
  failed: number;
  /** Events that the receiver will never take, by its answer: passed over. */
  refused: number;
}

/** Answers that say that this very event is not taken; another one may be. All else is the receiver's state, which can change. */
const REFUSALS = new Set([400, 413, 415, 422]);
/** "Sender should disable the webhook endpoint, and stop sending it messages." (Standard Webhooks, "Delivery success and failure") */
const GONE = 410;
const LONGEST_RETRY_AFTER_MS = 3_600_000;

export interface WebhookSinkOptions {
  readonly webhook: WebhookRecord;
  readonly timeoutMs: number;
  readonly counters: WebhookCounters;
  /** The receiver has gone for good: no more is to be delivered. */
  readonly onGone: (reason: string) => void;
  readonly logger: Pick<Logger, 'warn'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Under which a webhook's place in the order of events is kept. */
export function webhookSinkName(webhook: string): string {
  return `webhook:${webhook}`;
}

/** Posts events to one webhook, one after the other, each as a signed message. */
export class WebhookSink implements EventSink {
  readonly name: string;
  readonly batchSize = 100;
  readonly #options: WebhookSinkOptions;
  /** A batch that comes again goes on behind it. */
  #doneSeq = 0;
  #lastDeliveredMs: number | undefined;

  constructor(options: WebhookSinkOptions) {
    this.#options = options;
    this.name = webhookSinkName(options.webhook.name);
  }

  /** The place up to which everything was taken or passed over, which may lie within a batch; 0 before the first. */
  get doneSeq(): number {
    return this.#doneSeq;
  }

  /** When an event was taken last, since the start; `undefined`: none yet. */
  get lastDeliveredMs(): number | undefined {
    return this.#lastDeliveredMs;
  }

  async deliver(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    for (const { seq, event } of events) {
      if (seq <= this.#doneSeq) continue;
      if (passesFilter(this.#options.webhook.filter, event)) await this.#post(event, signal);
      this.#doneSeq = seq;
    }
  }

  async #post(event: DetectionEvent, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new SinkError('stopped');
    const { webhook, timeoutMs, counters, onGone, logger, now } = this.#options;
    try {
      const request = webhookRequest(webhook, eventMessage(event), now());
      await deliverHttp(request, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
      counters.delivered += 1;
      this.#lastDeliveredMs = now();
    } catch (cause) {
      if (!(cause instanceof DeliveryError)) throw cause;
      const { message, status = 0, retryAfterMs } = cause;
      if (REFUSALS.has(status)) {
        counters.refused += 1;
        logger.warn(
          { webhook: webhook.name, event: event.id, reason: message },
          'event refused by a webhook',
        );
        return;
      }
      counters.failed += 1;
      if (status === GONE) onGone(message);
      throw new SinkError(message, {
        cause,
        retryAfterMs: retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS),
      });
    }
  }
}
