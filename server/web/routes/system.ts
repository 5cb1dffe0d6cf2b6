import { readFileSync } from 'node:fs';
import { hostOfHeader, isLoopbackHost } from '../../access/loopback.ts';
import type { Call } from '../call.ts';
import { route } from '../web-route.ts';

const openApi = JSON.parse(readFileSync(new URL('../openapi.json', import.meta.url), 'utf8')) as {
  info: { version: string };
};

export const systemRoutes = [
  route({
    method: 'get',
    path: '/healthz',
    handle: () => ({ status: 'ok' }),
  }),
  route({
    method: 'get',
    path: '/readyz',
    handle: ({ web, response }) => {
      const { checks, detection } = web.health();
      const isReady = Object.values(checks).every(Boolean);
      response.status(isReady ? 200 : 503);
      return { status: isReady ? 'ready' : 'not-ready', checks, detection: detection ?? null };
    },
  }),
  route({
    method: 'get',
    path: '/metrics',
    handle: async (call) => {
      if (!isLocal(call)) call.require({ action: 'admin' });
      const { metrics } = call.web;
      call.response.setHeader('content-type', metrics.contentType);
      call.response.end(await metrics.metrics());
      return undefined;
    },
  }),
  route({
    method: 'get',
    path: '/api/openapi.json',
    handle: ({ web }) => ({ ...openApi, info: { ...openApi.info, version: web.settings.version } }),
  }),
];

/**
 * A scraper on this machine needs no key. Behind a proxy on this machine everybody seems to be local, so a request that
 * was passed on does not count.
 */
function isLocal(call: Call): boolean {
  const { headers } = call.request;
  const wasPassedOn = 'forwarded' in headers || 'x-forwarded-for' in headers || 'via' in headers;
  const host = headers.host ?? '';
  return isLoopbackHost(call.remoteAddress) && !wasPassedOn && isLoopbackHost(hostOfHeader(host));
}
