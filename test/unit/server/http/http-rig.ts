import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { request } from 'node:http';
import type { TestContext } from 'node:test';
import { type HttpCounters, newHttpCounters } from '../../../../server/http/http-counters.ts';
import type { HttpLogger } from '../../../../server/http/http-logger.ts';
import { createHttpServer, type HttpServer, type HttpSettings } from '../../../../server/http/http-server.ts';
import { MediaSender, type MediaSenderOptions } from '../../../../server/http/media-sender.ts';
import type { UpgradeRoute } from '../../../../server/http/upgrades.ts';

/** A certificate for localhost that nobody trusts, with its key. */
export const TLS = {
  cert: readFileSync(new URL('tls/cert.pem', import.meta.url)),
  key: readFileSync(new URL('tls/key.pem', import.meta.url)),
};

/** Remembers what was logged. */
export class LogBook {
  readonly lines: { level: string; facts: Record<string, unknown>; message: string }[] = [];
  readonly logger: HttpLogger;

  constructor() {
    const at = (level: string) => (facts: unknown, message?: string) => {
      this.lines.push({ level, facts: facts as Record<string, unknown>, message: message ?? '' });
    };
    this.logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }
}

export interface HttpRig {
  readonly server: HttpServer;
  readonly counters: HttpCounters;
  readonly sender: MediaSender;
  readonly log: LogBook;
}

export type MediaHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  sender: MediaSender,
  url: URL,
) => Promise<void> | void;

/** A listening server whose `/media/` is answered by `handler`; closed when the test ends. */
export async function startRig(
  t: TestContext,
  handler: MediaHandler,
  options: {
    tls?: typeof TLS;
    settings?: Partial<HttpSettings>;
    sender?: Partial<MediaSenderOptions>;
    fallback?: RequestListener;
    upgradeRoutes?: readonly UpgradeRoute[];
  } = {},
): Promise<HttpRig> {
  const counters = newHttpCounters();
  const log = new LogBook();
  const sender = new MediaSender({ counters, logger: log.logger, ...options.sender });
  const server = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    mediaRoutes: [
      {
        prefix: '/media/',
        handle: async (request, response, url) => handler(request, response, sender, url),
      },
    ],
    fallback: options.fallback ?? ((_request, response) => void response.end('fallback')),
    logger: log.logger,
    counters,
    ...(options.settings === undefined ? {} : { settings: options.settings }),
    ...(options.upgradeRoutes === undefined ? {} : { upgradeRoutes: options.upgradeRoutes }),
  });
  await server.listen();
  t.after(() => server.close(0));
  return { server, counters, sender, log };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One HTTP/1.1 request over a connection of its own. */
export function get(
  url: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, ...options }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(pieces) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
