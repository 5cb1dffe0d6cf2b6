import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const NEW_SECRET_BYTES = 32;

/** A secret as Standard Webhooks writes it: 24 to 64 bytes, base64. */
export const SECRET_PATTERN =
  /^whsec_(?=.{32,88}$)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function newWebhookSecret(): string {
  return PREFIX + randomBytes(NEW_SECRET_BYTES).toString('base64');
}

/**
 * The headers that prove who sends a body, and when (Standard Webhooks 1.0.0, "Signature scheme"): HMAC-SHA256 over
 * `id.timestamp.body`. The id stays the same when a message is sent again, the timestamp does not.
 */
export function signatureHeaders(
  secret: string,
  message: { readonly id: string; readonly body: string },
  nowMs: number,
): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const signature = createHmac('sha256', key)
    .update(`${message.id}.${timestamp}.${message.body}`)
    .digest('base64');
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}
