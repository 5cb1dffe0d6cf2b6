import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { until } from '../../../e2e/support/until.ts';

/** A request that came. */
export interface Posted {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What to answer; by default 204. */
export type Answer = (posted: Posted, response: ServerResponse) => void | Promise<void>;

/** A real HTTP server that takes webhooks; it can be stopped, and started again on its port. */
export class Receiver {
  readonly posted: Posted[] = [];
  answer: Answer = (_posted, response) => void response.writeHead(204).end();
  #server: Server | undefined;
  #port = 0;

  static async start(t: TestContext): Promise<Receiver> {
    const receiver = new Receiver();
    t.after(() => receiver.stop());
    await receiver.start();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#take(request, response));
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  /** Ids of the events that were posted, in order. */
  get ids(): (string | undefined)[] {
    return this.posted.map(({ headers }) => headers['webhook-id']?.toString());
  }

  untilPosted(count: number): Promise<unknown> {
    return until(`${count} requests (${this.posted.length} came)`, () => this.posted.length >= count);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const posted = { path: request.url ?? '', headers: request.headers, body };
    this.posted.push(posted);
    await this.answer(posted, response);
  }
}
