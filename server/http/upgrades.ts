import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpCounters } from './http-counters.ts';
import type { HttpLogger } from './http-logger.ts';

/** What takes WebSocket connections of one path (RFC 6455). Only HTTP/1.1 connections change their protocol. */
export interface UpgradeRoute {
  /** Exact, e.g. `/`. */
  readonly path: string;
  /** Owns the socket from now on, also when it refuses. What it throws is answered with a 500 and a log line. */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): Promise<void>;
}

/** An answer before which the socket is closed. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Is this request to leave HTTP? Other protocols are passed over (RFC 9110 §7.8 lets a server ignore `Upgrade`): Java's client asks every
 * plain server for h2c, and takes an ordinary answer.
 */
export function wantsWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

/** Hands each upgrade to the route of its path. */
export function createUpgradeListener(options: {
  readonly routes: readonly UpgradeRoute[];
  readonly counters: HttpCounters;
  readonly logger: HttpLogger;
}): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const { routes, counters, logger } = options;
  return (request, socket, head) => {
    counters.upgrades += 1;
    // node:http took its own listener away; a connection that breaks is no error of ours.
    socket.on('error', () => socket.destroy());
    const url = URL.parse(request.url ?? '/', 'http://localhost');
    const route = routes.find(({ path }) => path === url?.pathname);
    if (url === null || route === undefined) {
      counters.badRequests += 1;
      refuseUpgrade(socket, { status: 404 });
      return;
    }
    route.handle(request, socket, head, url).catch((error: unknown) => {
      counters.failures += 1;
      // The path only: the query may hold a signature.
      logger.error({ err: error, path: url.pathname }, 'upgrade failed');
      refuseUpgrade(socket, { status: 500 });
    });
  };
}

/** Answers as HTTP/1.1 and hangs up. */
export function refuseUpgrade(socket: Duplex, refusal: UpgradeRefusal): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers = {}, body = '' } = refusal;
  const lines = Object.entries({
    ...headers,
    Date: new Date().toUTCString(),
    Connection: 'close',
    'Content-Length': String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`, () =>
    socket.destroy(),
  );
}
