import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { Logger } from 'pino';
import type { Access, Signers } from '../../access/access.ts';
import type { StreamService } from '../../streams/stream-service.ts';
import { AdobeAuth } from './adobe-auth.ts';
import { LogThrottle } from './log-throttle.ts';
import { ReadPacer } from './read-pacer.ts';
import { FAREWELL_MS, RtmpConnection, type RtmpDependencies } from './rtmp-connection.ts';
import { createRtmpCounters, type RtmpCounters } from './rtmp-counters.ts';
import { DEFAULT_RTMP_SETTINGS, type RtmpSettings } from './rtmp-settings.ts';

/** What the RTMP door needs of the house. */
export interface RtmpServerOptions {
  readonly streams: StreamService;
  readonly access: Access & Signers;
  readonly logger: Logger;
  readonly settings?: RtmpSettings;
  /** Epoch ms; tests pass their own. */
  readonly now?: () => number;
}

/** Where to listen; with `tls` it is RTMPS. */
export interface RtmpEndpoint {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tls?: Pick<TlsOptions, 'cert' | 'key'>;
}

const SWEEP_MS = 1000;

/** The RTMP door: listens, admits connections within bounds, looks after their time-outs. */
export class RtmpServer {
  readonly counters: RtmpCounters = createRtmpCounters();
  readonly #deps: RtmpDependencies;
  readonly #servers: Server[] = [];
  /** In order of arrival. */
  readonly #connections = new Set<RtmpConnection>();
  readonly #byAddress = new Map<string, Set<RtmpConnection>>();
  #sweeper: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(options: RtmpServerOptions) {
    const { streams, access, logger, settings = DEFAULT_RTMP_SETTINGS, now = Date.now } = options;
    this.#deps = {
      streams,
      access,
      auth: new AdobeAuth(access),
      logger,
      settings,
      now,
      counters: this.counters,
      throttle: new LogThrottle(),
      pacer: new ReadPacer(),
    };
  }

  /** Opens a port; may be called again for another one. Rejects with the socket's error. */
  async listen(endpoint: RtmpEndpoint): Promise<AddressInfo> {
    const { settings, logger } = this.#deps;
    const server =
      endpoint.tls === undefined
        ? createServer({ noDelay: true }, (socket) => this.#admit(socket))
        : createTlsServer({ ...endpoint.tls, handshakeTimeout: settings.handshakeTimeoutMs }, (socket) =>
            this.#admit(socket),
          );
    // Connections inside their TLS handshake are not among ours yet: bounded by the listener.
    if (endpoint.tls !== undefined) server.maxConnections = 2 * settings.maxConnections;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: endpoint.host, port: endpoint.port, backlog: 1024 }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => logger.error({ err: error }, 'RTMP listener failed'));
    server.on('tlsClientError', (error) => logger.debug({ err: error }, 'RTMPS handshake failed'));
    this.#servers.push(server);
    this.#sweeper ??= setInterval(() => this.sweep(), SWEEP_MS).unref();
    return server.address() as AddressInfo;
  }

  /** Closes what is overdue. Runs by itself every second. */
  sweep(): void {
    const nowMs = this.#deps.now();
    for (const connection of this.#connections) connection.sweep(nowMs);
  }

  /** Stops listening, tells everybody, and resolves when all publications have ended. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#sweeper);
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    const connections = [...this.#connections];
    for (const connection of connections) {
      connection.hangUp('NetConnection.Connect.AppShutdown', 'The server is closing.');
    }
    await Promise.all(connections.map((connection) => connection.ended));
    const patience = new AbortController();
    await Promise.race([
      Promise.all(connections.map((connection) => connection.finished)),
      sleep(FAREWELL_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    for (const connection of connections) connection.destroy();
    await Promise.all(closed);
  }

  #admit(socket: Socket): void {
    const { counters } = this.#deps;
    const address = socket.remoteAddress;
    if (address === undefined || this.#isClosing || !this.#hasRoomFor(address)) {
      counters.refusedConnections++;
      socket.destroy();
      return;
    }
    const connection = new RtmpConnection(socket, address, this.#deps);
    const neighbours = this.#byAddress.get(address) ?? new Set();
    this.#connections.add(connection);
    this.#byAddress.set(address, neighbours.add(connection));
    counters.acceptedConnections++;
    counters.connections++;
    socket.once('close', () => this.#forget(connection));
  }

  #forget(connection: RtmpConnection): void {
    if (!this.#connections.delete(connection)) return;
    this.counters.connections--;
    const neighbours = this.#byAddress.get(connection.remoteAddress);
    neighbours?.delete(connection);
    if (neighbours?.size === 0) this.#byAddress.delete(connection.remoteAddress);
  }

  /**
   * Connections that say nothing must not lock cameras out: when a bound is reached, the oldest one that neither publishes
   * nor plays gives way to the new one.
   */
  #hasRoomFor(address: string): boolean {
    const { maxConnections, maxConnectionsPerAddress } = this.#deps.settings;
    const neighbours = this.#byAddress.get(address) ?? new Set();
    if (neighbours.size >= maxConnectionsPerAddress && !this.#displaceOldest(neighbours)) return false;
    return this.#connections.size < maxConnections || this.#displaceOldest(this.#connections);
  }

  #displaceOldest(connections: ReadonlySet<RtmpConnection>): boolean {
    for (const connection of connections) {
      if (!connection.isPending) continue;
      this.counters.displacedConnections++;
      this.#forget(connection);
      connection.destroy();
      return true;
    }
    return false;
  }
}
