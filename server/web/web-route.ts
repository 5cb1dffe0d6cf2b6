import express, { type Request, type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import { isFromBrowserPage, isSameOrigin } from '../access/same-origin.ts';
import { ApiError } from './api-error.ts';
import { Call, type WebContext } from './call.ts';

export type Method = 'get' | 'post' | 'patch' | 'delete';

/** A route as the app mounts it and as the test holds it against openapi.json. */
export interface WebRoute {
  readonly method: Method;
  /** Express path from the root: `/api/streams/:name`. */
  readonly path: string;
  /** Names of the query parameters and body properties it takes. */
  readonly queryNames: readonly string[];
  readonly bodyNames: readonly string[];
  handler(web: WebContext): RequestHandler[];
}

interface RouteSpec<Query extends z.ZodObject, Body extends z.ZodObject> {
  readonly method: Method;
  readonly path: string;
  /** What the query string may hold. Unknown parameters are ignored, so that caches can be busted. */
  readonly query?: Query;
  /** What the JSON body must be; a strict object, so that a misspelt property is not passed over in silence. */
  readonly body?: Body;
  /** Default: 64 KiB. */
  readonly bodyLimitBytes?: number;
  /** Answers the JSON to send, or `undefined` after it answered itself. */
  readonly handle: (
    call: Call<z.output<Query>, z.output<Body>>,
  ) => object | undefined | Promise<object | undefined>;
}

const JSON_BODY_LIMIT_BYTES = 64 * 1024;

/** Declares a route: its input is parsed before, its output sent after `handle`. */
export function route<Query extends z.ZodObject, Body extends z.ZodObject>(
  spec: RouteSpec<Query, Body>,
): WebRoute {
  return {
    method: spec.method,
    path: spec.path,
    queryNames: Object.keys(spec.query?.shape ?? {}),
    bodyNames: Object.keys(spec.body?.shape ?? {}),
    handler: (web) => {
      const answer = async (request: Request, response: Response): Promise<void> => {
        refuseForeignPage(request, web.settings.publicOrigin);
        const query = parse(spec.query, request.query);
        const body = parse(spec.body, request.body);
        const json = await spec.handle(new Call(web, request, response, query, body));
        if (json !== undefined) response.json(json);
      };
      if (spec.body === undefined) return [answer];
      return [express.json({ limit: spec.bodyLimitBytes ?? JSON_BODY_LIMIT_BYTES }), answer];
    },
  };
}

function parse<Shape extends z.ZodObject>(shape: Shape | undefined, input: unknown): z.output<Shape> {
  return shape === undefined ? ({} as z.output<Shape>) : shape.parse(input);
}

/**
 * A page of another site can make a browser send our cookie, and in open mode needs none: what changes state must come
 * from our own page, from a program that is no browser, or carry a key, which no browser adds by itself.
 */
function refuseForeignPage(request: Request, publicOrigin: string | undefined): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  if (request.headers.authorization !== undefined) return;
  if (
    isSameOrigin(request, publicOrigin) ||
    !(isFromBrowserPage(request) || request.headers.cookie !== undefined)
  )
    return;
  throw new ApiError(403, 'foreign-origin', 'What changes something must be asked for by this site itself.');
}
