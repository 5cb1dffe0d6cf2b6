import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Principal } from '../../access/access.ts';
import { refuseUpgrade, type UpgradeRoute } from '../../http/upgrades.ts';
import type { SignalingMember, SignalingPeer } from '../../signaling/channel-relay.ts';
import { checkRight, readSeatRequest, refusalOf } from '../../signaling/handshake.ts';
import type { SignalingEnd } from '../../signaling/signaling-counters.ts';
import { SignalingError } from '../../signaling/signaling-error.ts';
import type { SignalingRelay } from '../../signaling/signaling-relay.ts';
import { AwsError } from '../aws-call.ts';

/** A payload of 10 K, its ICE servers and their JSON; what is longer is refused before it is read. */
const MAX_FRAME_BYTES = 64 * 1024;
/** Waits for a peer to read. Beyond it the peer is hung up on. */
const MAX_UNSENT_BYTES = 1 << 20;
const TICK_MS = 5000;
/** A peer that has not answered a ping when the next one is due is dead. */
const PING_MS = 30_000;

/** Close codes of RFC 6455 §7.4.1; who does not listen gets none. */
const CLOSE_CODE: Partial<Record<SignalingEnd, number>> = {
  replaced: 1000,
  idle: 1001,
  expired: 1001,
  closing: 1001,
  deleted: 1008,
  revoked: 1008,
  protocol: 1003,
};

export interface SignalingServerOptions {
  readonly relay: SignalingRelay;
  /** Who signed the handshake's URL. Throws AwsError, whose message the client is told, when nobody we know did. */
  readonly authenticate: (request: IncomingMessage, nowMs: number) => Principal | Promise<Principal>;
  readonly logger: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly pingMs?: number;
}

interface Connection {
  readonly socket: WebSocket;
  readonly principal: Principal;
  isAlive: boolean;
}

/** WebSocket connections of signaling clients: ConnectAsMaster and ConnectAsViewer (kvs.md §6.2). */
export class SignalingServer implements UpgradeRoute {
  readonly path = '/';
  readonly #options: SignalingServerOptions;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
  });
  readonly #connections = new Set<Connection>();
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(options: SignalingServerOptions) {
    this.#options = options;
    this.#timers = [
      setInterval(() => options.relay.tick(options.now()), TICK_MS).unref(),
      setInterval(() => this.#ping(), options.pingMs ?? PING_MS).unref(),
    ];
  }

  async handle(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): Promise<void> {
    const { relay, logger } = this.#options;
    try {
      const wish = readSeatRequest(url.searchParams);
      const principal = await this.#authenticate(request);
      checkRight(principal, wish);
      const take = relay.admit(wish.channelArn, wish.seat, this.#options.now());
      // Calls back at once, or not at all: a handshake that breaks RFC 6455 §4.2.1 is answered with its 400.
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#open(client, principal, take));
    } catch (error) {
      if (!(error instanceof SignalingError)) throw error;
      relay.counters.refusedHandshakes[error.code] += 1;
      const { remoteAddress } = request.socket;
      logger.info({ code: error.code, reason: error.message, remoteAddress }, 'signaling refused');
      refuseUpgrade(socket, refusalOf(error));
    }
  }

  /** Tells all peers to go away and hangs up. Idempotent. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#options.relay.close();
  }

  async #authenticate(request: IncomingMessage): Promise<Principal> {
    try {
      return await this.#options.authenticate(request, this.#options.now());
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      throw new SignalingError('AccessDeniedException', error.message);
    }
  }

  #open(socket: WebSocket, principal: Principal, take: (peer: SignalingPeer) => SignalingMember): void {
    const { relay, now } = this.#options;
    const connection: Connection = { socket, principal, isAlive: true };
    this.#connections.add(connection);
    // Before the peer is seated: what was held is sent at once, and may already break.
    socket.on('error', () => {
      // A frame that is too long, or no frame at all; `ws` closes the connection.
      relay.counters.ended.protocol += 1;
    });
    const member = take({
      send: (text) => this.#send(connection, text),
      close: (reason) => hangUp(socket, reason),
    });
    socket.on('message', (data, isBinary) => {
      connection.isAlive = true;
      if (isBinary) this.#end(connection, 'protocol');
      else member.receive(String(data), now());
    });
    socket.on('ping', () => {
      connection.isAlive = true;
      member.touch(now());
    });
    socket.on('pong', () => {
      connection.isAlive = true;
    });
    socket.on('close', () => {
      this.#connections.delete(connection);
      member.leave();
    });
  }

  #send(connection: Connection, text: string): void {
    const { socket } = connection;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) this.#end(connection, 'slow');
    else socket.send(text);
  }

  #ping(): void {
    const nowMs = this.#options.now();
    for (const connection of this.#connections) {
      if (!connection.isAlive) this.#end(connection, 'dead');
      else if (connection.principal.isOver?.(nowMs) === true) this.#end(connection, 'revoked');
      else {
        connection.isAlive = false;
        connection.socket.ping();
      }
    }
  }

  /** The relay hears of it when the socket closes. */
  #end({ socket }: Connection, reason: SignalingEnd): void {
    this.#options.relay.counters.ended[reason] += 1;
    hangUp(socket, reason);
  }
}

function hangUp(socket: WebSocket, reason: SignalingEnd): void {
  const code = CLOSE_CODE[reason];
  if (code === undefined) socket.terminate();
  else socket.close(code, reason);
}
