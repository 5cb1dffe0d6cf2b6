import { randomUUID } from 'node:crypto';
import type { FragmentEvent } from '../streams/stream-service.ts';
import { type HttpDelivery, requestAddress } from './http-delivery.ts';

const SUBJECT = 'Kinesis Video Streams Notification';

/** The notification itself, JSON (kvs.md §1.4). Times in it are epoch ms. */
export function notificationText(
  streamArn: string,
  event: FragmentEvent,
  custom: ReadonlyMap<string, string>,
): string {
  return JSON.stringify({
    StreamArn: streamArn,
    FragmentNumber: event.number,
    FragmentStartProducerTimestamp: Math.round(event.producerMs),
    FragmentStartServerTimestamp: Math.round(event.serverMs),
    NotificationType: 'PERSISTED',
    NotificationPayload: Object.fromEntries(custom),
  });
}

/**
 * The request that tells a webhook of a persisted fragment: what an HTTPS subscriber of a topic gets from the Simple Notification
 * Service, so that one written for it works, less the signature (there is no topic whose certificate could be fetched). The
 * notification itself is the string `Message`.
 */
export function notificationRequest(
  webhook: URL,
  streamArn: string,
  notification: string,
  nowMs: number,
): HttpDelivery {
  const { url, headers } = requestAddress(webhook);
  const messageId = randomUUID();
  const envelope = {
    Type: 'Notification',
    MessageId: messageId,
    TopicArn: streamArn,
    Subject: SUBJECT,
    Message: notification,
    Timestamp: new Date(nowMs).toISOString(),
  };
  return {
    method: 'POST',
    url,
    headers: {
      ...headers,
      // As the service sends it: subscribers read JSON from a text body.
      'content-type': 'text/plain; charset=UTF-8',
      'user-agent': 'Framelog',
      'x-amz-sns-message-type': 'Notification',
      'x-amz-sns-message-id': messageId,
      'x-amz-sns-topic-arn': streamArn,
    },
    body: Buffer.from(JSON.stringify(envelope)),
  };
}
