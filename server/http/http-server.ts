import { createServer, Server } from 'node:http';
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { createDispatcher, type DispatcherOptions } from './dispatcher.ts';
import { type HttpCounters, newHttpCounters } from './http-counters.ts';
import { bridgeToHttp1 } from './http1-bridge.ts';
import { acceptPriorKnowledge } from './prior-knowledge.ts';
import { createUpgradeListener, type UpgradeRoute, wantsWebSocket } from './upgrades.ts';

/** Limits of the HTTP port. */
export interface HttpSettings {
  /** Connections open at once; more are closed on arrival and counted. */
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  /** From the start of a connection (or request) to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From the start of a request to the end of its body, unless its route streams bodies; 0: they may last for ever. */
  readonly requestTimeoutMs: number;
  /** A connection may stay idle between requests for this long. */
  readonly keepAliveMs: number;
}

export const DEFAULT_HTTP_SETTINGS: HttpSettings = {
  maxConnections: 10_000,
  maxHeaderBytes: 16 * 1024,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 120_000,
  keepAliveMs: 65_000,
};

export interface HttpServerOptions extends Omit<DispatcherOptions, 'counters' | 'requestTimeoutMs'> {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM. With it the port speaks HTTPS: HTTP/2, and HTTP/1.1 to those who ask for it. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Shared with the MediaSender, so that one set of counters tells all of the port. */
  readonly counters?: HttpCounters;
  readonly settings?: Partial<HttpSettings>;
  /** Paths on which WebSocket connections are taken; none when left out. */
  readonly upgradeRoutes?: readonly UpgradeRoute[];
}

/** The one HTTP port of the server. */
export interface HttpServer {
  readonly counters: HttpCounters;
  /** `http://host:port`, known once it listens. */
  readonly origin: string;
  /** Rejects with the system's error (EADDRINUSE...) when it cannot. */
  listen(): Promise<AddressInfo>;
  /**
   * Stops accepting, ends idle connections, lets running responses finish for up to `graceMs`, then cuts what is
   * left. Idempotent.
   */
  close(graceMs?: number): Promise<void>;
}

/** Makes the HTTP port; it does nothing until `listen`. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const settings = { ...DEFAULT_HTTP_SETTINGS, ...options.settings };
  const counters = options.counters ?? newHttpCounters();
  const connections = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const server =
    options.tls === undefined
      ? plainServer(options, settings, counters)
      : secureServer(options, settings, counters);
  let closing: Promise<void> | undefined;

  const onSession = (session: ServerHttp2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // A session's clock stops while streams send; a blocked playlist request is shorter than this.
    session.setTimeout(Math.max(settings.keepAliveMs, 120_000), () => session.close());
  };
  server.on('session', onSession);
  let undecided: ReadonlySet<Socket> = new Set();
  if (server instanceof Server) {
    const http2 = plainHttp2Server(options, settings, counters);
    http2.on('session', onSession);
    undecided = acceptPriorKnowledge(server, http2, settings.headersTimeoutMs, (socket) =>
      refuseBadBytes({ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, socket, counters),
    );
  }
  const { upgradeRoutes = [], logger } = options;
  server.on('upgrade', createUpgradeListener({ routes: upgradeRoutes, counters, logger }));
  server.maxConnections = settings.maxConnections;
  server.on('drop', () => {
    counters.connectionsRefused += 1;
  });
  server.on('connection', (socket: Socket) => {
    counters.connections += 1;
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  return {
    counters,
    get origin() {
      const { address, family, port } = addressOf(server);
      const host = family === 'IPv6' ? `[${address}]` : address;
      return `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}`;
    },
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(options.port, options.host, () => {
          server.off('error', reject);
          resolve(addressOf(server));
        });
      }),
    close(graceMs = 5000) {
      for (const socket of undecided) socket.destroy();
      closing ??= closeGracefully(server, connections, sessions, graceMs);
      return closing;
    },
  };
}

function plainServer(options: HttpServerOptions, settings: HttpSettings, counters: HttpCounters): Server {
  const { requestTimeoutMs } = settings;
  const dispatcher = createDispatcher({ ...options, counters, requestTimeoutMs });
  const server = createServer(http1Options(settings), dispatcher);
  server.on('clientError', (error, socket) => refuseBadBytes(error, socket as Socket, counters));
  return server;
}

/** Takes over connections of the plain port that begin with HTTP/2; it does not listen itself. */
function plainHttp2Server(
  options: HttpServerOptions,
  settings: HttpSettings,
  counters: HttpCounters,
): Http2Server {
  const dispatcher = createDispatcher({
    ...options,
    counters,
    requestTimeoutMs: settings.requestTimeoutMs,
    fallback: bridgeToHttp1(options.fallback),
  });
  const server = createHttp2Server({ settings: http2Settings(settings) });
  server.on('request', (request, response) =>
    // The compatibility layer offers the same methods under other types.
    dispatcher(...([request, response] as unknown as Parameters<typeof dispatcher>)),
  );
  server.on('sessionError', () => {
    counters.badRequests += 1;
  });
  return server;
}

function http2Settings(settings: HttpSettings) {
  return { maxConcurrentStreams: 200, maxHeaderListSize: settings.maxHeaderBytes };
}

function secureServer(
  options: HttpServerOptions,
  settings: HttpSettings,
  counters: HttpCounters,
): Http2SecureServer {
  const bridged = bridgeToHttp1(options.fallback);
  const { requestTimeoutMs } = settings;
  const http1 = createDispatcher({ ...options, counters, requestTimeoutMs });
  const http2 = createDispatcher({ ...options, counters, requestTimeoutMs, fallback: bridged });
  const server = createSecureServer({
    ...options.tls,
    ...http1Options(settings),
    allowHTTP1: true,
    handshakeTimeout: settings.headersTimeoutMs,
    settings: http2Settings(settings),
  });
  // node:http2 sets its own defaults for these after it has read the options, or does not read them.
  Object.assign(server, {
    headersTimeout: settings.headersTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    shouldUpgradeCallback: wantsWebSocket,
  });
  server.on('request', (request, response) => {
    // The compatibility layer offers the same methods under other types.
    const pair = [request, response] as unknown as Parameters<typeof http1>;
    if (request.httpVersionMajor >= 2) http2(...pair);
    else http1(...pair);
  });
  server.on('clientError', (error: Error, socket: Socket) => refuseBadBytes(error, socket, counters));
  for (const event of ['sessionError', 'tlsClientError']) {
    server.on(event, () => {
      counters.badRequests += 1;
    });
  }
  return server;
}

function http1Options(settings: HttpSettings) {
  return {
    maxHeaderSize: settings.maxHeaderBytes,
    headersTimeout: settings.headersTimeoutMs,
    // Bodies are watched by the dispatcher, which knows the routes whose bodies have no end.
    requestTimeout: 0,
    keepAliveTimeout: settings.keepAliveMs,
    // How often the two timeouts are looked at; node's own default is 30 s.
    connectionsCheckingInterval: Math.max(1000, Math.min(5000, settings.headersTimeoutMs / 3)),
    noDelay: true,
    shouldUpgradeCallback: wantsWebSocket,
  };
}

/** Answers bytes that are not HTTP, or came too slowly, and hangs up. */
function refuseBadBytes(error: object, socket: Socket, counters: HttpCounters): void {
  counters.badRequests += 1;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}

function addressOf(server: Server | Http2SecureServer): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The HTTP port is not listening.');
  return address;
}

async function closeGracefully(
  server: Server | Http2SecureServer,
  connections: ReadonlySet<Socket>,
  sessions: ReadonlySet<ServerHttp2Session>,
  graceMs: number,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // An error here means that it was not listening: as good as closed.
  server.close(() => resolve());
  for (const session of sessions) session.close();
  // A connection becomes idle when its response ends; `close` looked only once.
  const closeIdle = setInterval(() => Server.prototype.closeIdleConnections.call(server), 20);
  const cut = setTimeout(() => {
    // A session has taken its socket over: destroying that alone leaves it open.
    for (const session of sessions) session.destroy();
    for (const socket of connections) socket.destroy();
  }, graceMs);
  await promise;
  clearInterval(closeIdle);
  clearTimeout(cut);
}
