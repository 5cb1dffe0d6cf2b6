import { z } from 'zod';
import { makeKey } from '../../access/key-factory.ts';
import { rightsSchema } from '../../catalog/right-schema.ts';
import { ApiError } from '../api-error.ts';
import { instant } from '../instant.ts';
import { keyJson } from '../resources.ts';
import { route } from '../web-route.ts';

export const keyRoutes = [
  route({
    method: 'get',
    path: '/api/keys',
    handle: (call) => {
      call.require({ action: 'admin' });
      return { keys: call.web.keys.listKeys().map(keyJson) };
    },
  }),
  route({
    method: 'post',
    path: '/api/keys',
    body: z.strictObject({
      name: z.string().trim().min(1).max(128),
      rights: rightsSchema,
      expires: instant.nullable().default(null),
    }),
    handle: (call) => {
      const admin = call.require({ action: 'admin' });
      const { name, rights, expires } = call.body;
      if (expires !== null && expires <= call.nowMs) {
        throw new ApiError(400, 'invalid-request', 'expires: lies in the past');
      }
      const key = makeKey({ name, rights, expiresMs: expires }, call.nowMs);
      call.web.keys.insertKey(key);
      call.web.logger.info({ key: key.id, name, by: admin.id }, 'key created');
      call.response.status(201).location(`/api/keys/${key.id}`);
      // The only answer that ever holds the secret.
      return { ...keyJson(key), secret: key.secret };
    },
  }),
  route({
    method: 'delete',
    path: '/api/keys/:id',
    handle: (call) => {
      const admin = call.require({ action: 'admin' });
      const id = call.param('id');
      if (!call.web.keys.revokeKey(id, call.nowMs))
        throw new ApiError(404, 'not-found', `There is no key ${id}.`);
      call.web.logger.info({ key: id, by: admin.id }, 'key revoked');
      call.response.status(204).end();
      return undefined;
    },
  }),
];
