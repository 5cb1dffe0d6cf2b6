import { z } from 'zod';
import { webhookFilterSchema } from '../../catalog/webhook-catalog.ts';
import { SECRET_PATTERN } from '../../delivery/webhooks/signature.ts';
import type { WebhookStatus } from '../../delivery/webhooks/webhooks.ts';
import { DestinationError } from '../../notify/destinations.ts';
import { redactUrl } from '../../observe/redact.ts';
import { ApiError } from '../api-error.ts';
import { route } from '../web-route.ts';

const WEBHOOK = '/api/webhooks/:name';
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;

export const webhookRoutes = [
  route({
    method: 'get',
    path: '/api/webhooks',
    handle: (call) => {
      call.require({ action: 'admin' });
      return { webhooks: call.web.webhooks.list().map(webhookJson) };
    },
  }),
  route({
    method: 'post',
    path: '/api/webhooks',
    body: z.strictObject({
      name: z.string().regex(NAME, 'up to 64 letters, digits, `_`, `.` and `-`'),
      url: z.string().min(1).max(2048),
      secret: z.string().regex(SECRET_PATTERN, '`whsec_` and 24 to 64 bytes in base64').optional(),
      filter: webhookFilterSchema.prefault({}),
    }),
    handle: (call) => {
      const admin = call.require({ action: 'admin' });
      const { webhooks, logger } = call.web;
      try {
        const webhook = webhooks.create(call.body, call.nowMs);
        logger.info({ webhook: webhook.name, by: admin.id }, 'webhook created');
        call.response.status(201).location(`/api/webhooks/${webhook.name}`);
        const json = webhookJson({ webhook, waiting: 0, lastDeliveredMs: undefined, problem: undefined });
        // The only answer that ever holds the secret.
        return { ...json, secret: webhook.secret };
      } catch (error) {
        if (!(error instanceof DestinationError)) throw error;
        throw new ApiError(400, 'invalid-request', `url: ${error.message}`, {}, { cause: error });
      }
    },
  }),
  route({
    method: 'delete',
    path: WEBHOOK,
    handle: async (call) => {
      const admin = call.require({ action: 'admin' });
      const name = call.param('name');
      if (!(await call.web.webhooks.remove(name))) {
        throw new ApiError(404, 'not-found', `There is no webhook ${name}.`);
      }
      call.web.logger.info({ webhook: name, by: admin.id }, 'webhook removed');
      call.response.status(204).end();
      return undefined;
    },
  }),
  route({
    method: 'post',
    path: `${WEBHOOK}/test`,
    handle: async (call) => {
      call.require({ action: 'admin' });
      const problem = await call.web.webhooks.test(call.param('name'));
      return { delivered: problem === undefined, problem: problem ?? null };
    },
  }),
];

/** Without its secret, and without the password that may stand in its URL. */
function webhookJson({ webhook, waiting, lastDeliveredMs, problem }: WebhookStatus) {
  const { name, createdMs, url, filter, offReason } = webhook;
  return {
    name,
    url: redactUrl(url),
    filter,
    createdMs,
    isOn: offReason === null,
    waiting,
    lastDeliveredMs: lastDeliveredMs ?? null,
    problem: problem ?? null,
  };
}
