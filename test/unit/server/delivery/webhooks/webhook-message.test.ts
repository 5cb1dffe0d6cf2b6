import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import {
  newWebhookSecret,
  SECRET_PATTERN,
  signatureHeaders,
} from '../../../../../server/delivery/webhooks/signature.ts';
import { eventMessage, webhookRequest } from '../../../../../server/delivery/webhooks/webhook-message.ts';
import { retryAfterOf } from '../../../../../server/notify/http-delivery.ts';
import { eventOf } from '../../../../integration/delivery/support/events.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('the signature of the example of Standard Webhooks', () => {
  const headers = signatureHeaders(
    SECRET,
    { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' },
    1_614_265_330_999,
  );
  assert.deepEqual(headers, {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('secrets: new ones are different and well formed; wrong ones are told', () => {
  const secret = newWebhookSecret();
  assert.match(secret, SECRET_PATTERN);
  assert.notEqual(secret, newWebhookSecret());
  assert.match(SECRET, SECRET_PATTERN);
  for (const wrong of [
    '',
    'whsec_',
    'whsec_c2hvcnQ=',
    SECRET.slice(6),
    `${SECRET}!`,
    `whsec_${'A'.repeat(92)}`,
  ]) {
    assert.doesNotMatch(wrong, SECRET_PATTERN);
  }
});

test('the request: one event, signed over exactly these bytes; a password in the URL becomes a header', () => {
  const event = eventOf({ type: 'line', line: 'gate' });
  const { phase: _, ...line } = event;
  const message = eventMessage(line);
  assert.equal(message.type, 'detection.line');
  assert.equal(eventMessage(event).type, 'detection.line.enter');
  const webhook = { url: 'https://ada:p%40ss@siren.example/hook?x=1', secret: SECRET };
  const { method, url, headers, body } = webhookRequest(webhook, message, 1_760_000_000_000);
  assert.equal(method, 'POST');
  assert.equal(url, 'https://siren.example/hook?x=1');
  assert.equal(headers.authorization, `Basic ${Buffer.from('ada:p@ss').toString('base64')}`);
  assert.deepEqual(JSON.parse(body.toString()), {
    type: 'detection.line',
    timestamp: new Date(event.producerMs).toISOString(),
    data: line,
  });
  const key = Buffer.from(SECRET.slice(6), 'base64');
  const mac = createHmac('sha256', key).update(`${event.id}.1760000000.`).update(body).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${mac}`);
});

test('Retry-After: seconds, a date, or nothing that can be read', () => {
  const nowMs = Date.parse('2026-03-01T12:00:00Z');
  assert.equal(retryAfterOf('120', nowMs), 120_000);
  assert.equal(retryAfterOf('Sun, 01 Mar 2026 12:00:30 GMT', nowMs), 30_000);
  assert.equal(retryAfterOf('Sun, 01 Mar 2026 11:00:00 GMT', nowMs), 0);
  assert.equal(retryAfterOf('soon', nowMs), undefined);
  assert.equal(retryAfterOf(null, nowMs), undefined);
});
