import type { Request, Response } from 'express';
import type { Principal, Wish } from '../access/access.ts';
import { ApiError, refusal } from './api-error.ts';
import type { Followers } from './followers.ts';
import type { WebDependencies } from './web-dependencies.ts';

/** What the routes work with: what was given, and what the web app keeps itself. */
export interface WebContext extends WebDependencies {
  /** Of fragment events. */
  readonly followers: Followers;
  /** Of records of data streams. */
  readonly recordFollowers: Followers;
  /** Of detections. */
  readonly eventFollowers: Followers;
  /** Reads of shards that wait for records. */
  readonly longPolls: Followers;
}

/** One request to a route: what was asked, by whom, and when. */
export class Call<Query = unknown, Body = unknown> {
  readonly web: WebContext;
  readonly request: Request;
  readonly response: Response;
  readonly query: Query;
  readonly body: Body;
  readonly nowMs: number;
  #principal: Principal | undefined;

  constructor(web: WebContext, request: Request, response: Response, query: Query, body: Body) {
    this.web = web;
    this.request = request;
    this.response = response;
    this.query = query;
    this.body = body;
    this.nowMs = web.now();
  }

  /** A parameter of the path. */
  param(name: string): string {
    const value = this.request.params[name];
    if (typeof value !== 'string') throw new TypeError(`the route has no parameter ${name}`);
    return value;
  }

  get remoteAddress(): string {
    return this.request.socket.remoteAddress ?? '';
  }

  /** Who asks; throws a 401 or 429 ApiError for somebody we do not know. */
  get principal(): Principal {
    this.#principal ??= this.#recognize();
    return this.#principal;
  }

  /** Throws a 401, 403 or 429 ApiError unless the caller has this right. */
  require(wish: Wish): Principal {
    if (!this.principal.may(wish)) throw new ApiError(403, 'forbidden', `This needs ${describe(wish)}.`);
    return this.principal;
  }

  #recognize(): Principal {
    const { token } = this.request.query;
    // A shared link is for looking: it adds no right to change anything.
    const mayUseToken = this.request.method === 'GET' && typeof token === 'string';
    const recognition = this.web.access.recognizeHttp(
      {
        headers: this.request.headers,
        token: mayUseToken ? token : undefined,
        remoteAddress: this.remoteAddress,
      },
      this.nowMs,
    );
    if (!recognition.ok) throw refusal(recognition);
    return recognition.principal;
  }
}

function describe(wish: Wish): string {
  if (wish.action === 'admin') return 'an admin key';
  return `the right to ${wish.action} the stream ${wish.stream}`;
}

/** The widest view of an archive. */
export const ALL_TIME = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY } as const;

/** May know that the stream exists: it can be watched live, or all of its archive can. */
export function maySee(principal: Principal, stream: string): boolean {
  return (
    principal.may({ action: 'view', stream, of: 'live' }) ||
    principal.may({ action: 'view', stream, of: ALL_TIME })
  );
}
