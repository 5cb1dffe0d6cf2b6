import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { hasLoopbackHost } from '../access/same-origin.ts';
import { ApiError, toApiError } from './api-error.ts';
import { mountPage } from './assets.ts';
import type { WebContext } from './call.ts';
import { Followers } from './followers.ts';
import { dataStreamRoutes } from './routes/data-streams.ts';
import { detectionRoutes } from './routes/detection.ts';
import { detectionJobRoutes } from './routes/detection-jobs.ts';
import { eventRoutes } from './routes/events.ts';
import { fragmentEventRoutes } from './routes/fragment-events.ts';
import { galleryRoutes } from './routes/galleries.ts';
import { groupRoutes } from './routes/groups.ts';
import { keyRoutes } from './routes/keys.ts';
import { recordingRoutes } from './routes/recordings.ts';
import { recordRoutes } from './routes/records.ts';
import { sessionRoutes } from './routes/session.ts';
import { shardRecordRoutes } from './routes/shard-records.ts';
import { streamRoutes } from './routes/streams.ts';
import { systemRoutes } from './routes/system.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { securityHeaders } from './security-headers.ts';
import type { WebDependencies } from './web-dependencies.ts';
import { createWebMetrics, type WebMetrics } from './web-metrics.ts';
import type { WebRoute } from './web-route.ts';

/** Every route of the API; openapi.json is held against this list, and this list against the app, by a test. */
export const webRoutes: readonly WebRoute[] = [
  ...systemRoutes,
  ...sessionRoutes,
  ...streamRoutes,
  ...recordingRoutes,
  ...fragmentEventRoutes,
  ...eventRoutes,
  ...detectionRoutes,
  ...detectionJobRoutes,
  ...galleryRoutes,
  ...webhookRoutes,
  ...recordRoutes,
  ...dataStreamRoutes,
  ...shardRecordRoutes,
  ...groupRoutes,
  ...keyRoutes,
  ...tokenRoutes,
];

const DEFAULT_MAX_FOLLOWERS = 1000;
const DEFAULT_MAX_LONG_POLLS = 10_000;

/** The REST API, the login and the page. Media does not pass through it (server/http/media-route.ts). */
export function createWebApp(dependencies: WebDependencies): Express {
  const { settings } = dependencies;
  const metrics = createWebMetrics(dependencies.metrics);
  const maxFollowers = settings.maxFollowers ?? DEFAULT_MAX_FOLLOWERS;
  const web: WebContext = {
    ...dependencies,
    followers: new Followers(maxFollowers, metrics.followers),
    recordFollowers: new Followers(maxFollowers, metrics.recordFollowers),
    eventFollowers: new Followers(maxFollowers, metrics.eventFollowers),
    longPolls: new Followers(settings.maxLongPolls ?? DEFAULT_MAX_LONG_POLLS, metrics.longPolls),
  };
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('query parser', 'simple');

  app.use(securityHeaders);
  app.use(countRequests(web, metrics));
  if (settings.open) app.use(refuseForeignHost);
  app.use('/api', (_request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    next();
  });
  for (const route of webRoutes) app[route.method](route.path, ...route.handler(web));
  for (const [path, methods] of methodsByPath(webRoutes)) app.route(path).all(refuseMethod(methods));
  mountPage(app, web);
  app.use(() => {
    throw new ApiError(404, 'not-found', 'There is nothing here.');
  });
  app.use(answerError(web));
  return app;
}

/** Counts answers by status and logs them without their query: it may hold a token. */
function countRequests({ logger, now }: WebContext, { answers }: WebMetrics): RequestHandler {
  return (request, response, next) => {
    const startMs = now();
    const { method, path } = request;
    response.on('finish', () => {
      answers.inc({ status: response.statusCode });
      logger.debug({ method, path, status: response.statusCode, durationMs: now() - startMs }, 'request');
    });
    next();
  };
}

const refuseForeignHost: RequestHandler = (request, _response, next) => {
  if (!hasLoopbackHost(request)) {
    throw new ApiError(421, 'foreign-host', 'In open mode this server answers to loopback host names only.');
  }
  next();
};

function methodsByPath(routes: readonly WebRoute[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { path, method } of routes)
    methods.set(path, [...(methods.get(path) ?? []), method.toUpperCase()]);
  return methods;
}

function refuseMethod(methods: readonly string[]): RequestHandler {
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ');
  return () => {
    throw new ApiError(405, 'method-not-allowed', `This address takes ${allow}.`, { allow });
  };
}

/** The last word on every failure: a status and a JSON body; what went wrong inside goes to the log only. */
function answerError({ logger }: WebContext): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const { status, code, message, headers } = toApiError(error);
    if (status >= 500)
      logger.error({ err: error, method: request.method, path: request.path }, 'request failed');
    if (response.headersSent) {
      next(error);
      return;
    }
    response.status(status).set(headers).set('cache-control', 'no-store').json({ error: { code, message } });
  };
}
