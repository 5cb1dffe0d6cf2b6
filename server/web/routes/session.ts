import { z } from 'zod';
import { refusal } from '../api-error.ts';
import { route } from '../web-route.ts';

export const sessionRoutes = [
  route({
    method: 'get',
    path: '/api/session',
    handle: (call) => {
      const { principal, web, request } = call;
      return {
        principal: { kind: principal.kind, id: principal.id },
        isAdmin: principal.may({ action: 'admin' }),
        nowMs: call.nowMs,
        version: web.settings.version,
        publishUrl: web.settings.publishUrl(request.hostname),
      };
    },
  }),
  route({
    method: 'post',
    path: '/api/session',
    body: z.strictObject({ secret: z.string().min(1).max(512) }),
    handle: (call) => {
      const { web, request, response, body, nowMs } = call;
      const login = web.access.loginWithSecret(body.secret, request.secure, call.remoteAddress, nowMs);
      if (!login.ok) throw refusal(login);
      response.setHeader('set-cookie', login.setCookie);
      response.status(204).end();
      return undefined;
    },
  }),
  route({
    method: 'delete',
    path: '/api/session',
    handle: (call) => {
      const { web, request, response } = call;
      response.setHeader('set-cookie', web.access.logout(request.headers.cookie, request.secure));
      response.status(204).end();
      return undefined;
    },
  }),
];
