import type { DetectionEvent } from '../../../ml/events/detection-event.ts';
import { type HttpDelivery, requestAddress } from '../../notify/http-delivery.ts';
import { signatureHeaders } from './signature.ts';

/** What is sent: one message a request, as Standard Webhooks recommends ("Payload structure"). */
export interface WebhookMessage {
  /** The same when it is sent again. */
  readonly id: string;
  /** `detection.object.enter`. */
  readonly type: string;
  readonly timestampMs: number;
  readonly data: object;
}

export function eventMessage(event: DetectionEvent): WebhookMessage {
  const { id, type, phase, producerMs } = event;
  const parts = ['detection', type, ...(phase === undefined ? [] : [phase])];
  return { id, type: parts.join('.'), timestampMs: producerMs, data: event };
}

/** The signed request that carries a message. */
export function webhookRequest(
  { url, secret }: { readonly url: string; readonly secret: string },
  { id, type, timestampMs, data }: WebhookMessage,
  nowMs: number,
): HttpDelivery {
  const address = requestAddress(new URL(url));
  const body = JSON.stringify({ type, timestamp: new Date(timestampMs).toISOString(), data });
  return {
    method: 'POST',
    url: address.url,
    headers: {
      ...address.headers,
      'content-type': 'application/json',
      'user-agent': 'Framelog',
      ...signatureHeaders(secret, { id, body }, nowMs),
    },
    body: Buffer.from(body),
  };
}
