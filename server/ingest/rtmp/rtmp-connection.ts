import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Access, Principal } from '../../access/access.ts';
import type { OpenStream, Publication, StreamService } from '../../streams/stream-service.ts';
import { type AdobeAuth, speaksAdobeAuth } from './adobe-auth.ts';
import { admitPlayer, admitPublisher, type Caller, refusalOf } from './gatekeeper.ts';
import { LivePlayer } from './live-player.ts';
import type { LogThrottle } from './log-throttle.ts';
import type { ReadPacer } from './read-pacer.ts';
import { appName, RTMP_APP, RTMP_AUTH_APP } from './rtmp-address.ts';
import type { RtmpCounters } from './rtmp-counters.ts';
import { RtmpError } from './rtmp-error.ts';
import type { RtmpSettings } from './rtmp-settings.ts';
import { SampleMaker } from './sample-maker.ts';
import { type ConnectRequest, type ServerEvent, ServerSession } from './server-session.ts';
import { writePieces } from './write-pieces.ts';

/** What a connection needs of its server. */
export interface RtmpDependencies {
  readonly streams: StreamService;
  readonly access: Access;
  /** Shared by all connections. */
  readonly auth: AdobeAuth;
  readonly logger: Logger;
  readonly counters: RtmpCounters;
  readonly settings: RtmpSettings;
  readonly now: () => number;
  /** Shared by all connections. */
  readonly throttle: LogThrottle;
  /** Shared by all publishers. */
  readonly pacer: ReadPacer;
}

interface Publishing {
  readonly stream: string;
  readonly publication: Publication;
  readonly maker: SampleMaker;
}

interface Playing {
  readonly name: string;
  readonly stream: OpenStream;
  readonly player: LivePlayer;
  readonly stopListening: () => void;
}

/** Replies that a publisher may leave unread. */
const MAX_UNREAD_REPLY_BYTES = 256 << 10;
/** A player is sent no more than this, and the sample that goes over it, ahead of its reading. */
const MAX_UNREAD_MEDIA_BYTES = 256 << 10;
/** Time that a peer has to take our last words before the socket is destroyed. */
export const FAREWELL_MS = 2000;
/** How soon a revoked key ends what it began. */
const RIGHT_CHECK_MS = 5000;
const REVOKED = {
  'taken-over': ['NetStream.Publish.BadName', 'Another publisher took the stream over.'],
  deleted: ['NetStream.Publish.BadName', 'The stream was deleted.'],
  closing: ['NetConnection.Connect.AppShutdown', 'The server is closing.'],
} as const;
const NO_REQUEST: ConnectRequest = { app: '', tcUrl: '', flashVer: '' };

/** One socket and its session: moves bytes, asks who may do what, and hands samples on. */
export class RtmpConnection {
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #session: ServerSession;
  readonly #deps: RtmpDependencies;
  #connect = NO_REQUEST;
  /** Who answered the challenge with user and password. */
  #user: Principal | undefined;
  /** By whose right it publishes or plays. */
  #principal: Principal | undefined;
  #principalCheckedAtMs = 0;
  #publishing: Publishing | undefined;
  #playing: Playing | undefined;
  /** Start of the current wait for publish or play. */
  #pendingSinceMs: number;
  #aliveAtMs: number;
  #messagesSeen = 0;
  #pinged = false;
  #stalledSinceMs: number | undefined;
  #bytesReadAtStall = 0;
  #farewellAtMs: number | undefined;
  #ended: Promise<void> = Promise.resolve();
  readonly #finished = Promise.withResolvers<void>();

  constructor(socket: Socket, remoteAddress: string, deps: RtmpDependencies) {
    this.#socket = socket;
    this.#deps = deps;
    this.remoteAddress = remoteAddress;
    this.#pendingSinceMs = deps.now();
    this.#aliveAtMs = this.#pendingSinceMs;
    this.#session = new ServerSession(deps.settings.session);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, deps.settings.idleTimeoutMs);
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('drain', () => this.#onDrain());
    socket.on('error', (error) => this.#log('debug', { err: error }, 'RTMP socket error'));
    socket.on('finish', () => this.#finished.resolve());
    socket.on('close', () => this.#onClose());
  }

  /** Neither publishes nor plays yet. */
  get isPending(): boolean {
    return this.#publishing === undefined && this.#playing === undefined;
  }

  /** Resolves when the publication, if there was one, has ended and its fragment is safe. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Looks at the clock: closes what is overdue. Call about once a second. */
  sweep(nowMs: number): void {
    const { settings, counters } = this.#deps;
    if (this.#farewellAtMs !== undefined) {
      if (nowMs >= this.#farewellAtMs) this.#socket.destroy();
      return;
    }
    if (this.#isStalled(nowMs)) {
      counters.stalledReaders++;
      this.#log('warn', {}, 'RTMP peer does not read; dropped');
      this.#socket.destroy();
      return;
    }
    if (this.isPending) {
      if (nowMs - this.#pendingSinceMs < settings.handshakeTimeoutMs) return;
      counters.handshakeTimeouts++;
      this.#complain({ code: 'timeout' }, 'RTMP connection did not publish or play in time');
      this.#socket.destroy();
    } else if (this.#isRightOver(nowMs)) {
      this.#log('info', {}, 'RTMP key revoked or expired');
      this.hangUp('NetStream.Failed', 'The stream key is not valid any more.');
    } else if (this.#publishing !== undefined) {
      this.#sweepPublisher(nowMs);
    } else {
      this.#playing?.stream.countViewer(`rtmp ${this.remoteAddress} ${this.#socket.remotePort}`, nowMs);
    }
  }

  /** Says why, ends the publication, hangs up. */
  hangUp(code: string, description: string): void {
    if (this.#farewellAtMs !== undefined) return;
    this.#session.closeWith(code, description);
    this.#finish();
  }

  /** Resolves when everything that was sent is on its way, or the connection is gone. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Cuts the connection off, e.g. to make room for a newer one. */
  destroy(): void {
    this.#socket.destroy();
  }

  #isRightOver(nowMs: number): boolean {
    if (nowMs - this.#principalCheckedAtMs < RIGHT_CHECK_MS) return false;
    this.#principalCheckedAtMs = nowMs;
    return this.#principal?.isOver?.(nowMs) ?? false;
  }

  #sweepPublisher(nowMs: number): void {
    const { settings, counters } = this.#deps;
    if (this.#session.messages !== this.#messagesSeen) {
      this.#messagesSeen = this.#session.messages;
      this.#aliveAtMs = nowMs;
      this.#pinged = false;
      return;
    }
    const silentMs = nowMs - this.#aliveAtMs;
    if (silentMs >= settings.idleTimeoutMs) {
      counters.idleTimeouts++;
      this.#log('warn', { silentMs }, 'RTMP publisher fell silent');
      this.#publishing?.publication.fail('the publisher fell silent', nowMs);
      this.#socket.destroy();
    } else if (silentMs >= settings.idleTimeoutMs / 2 && !this.#pinged) {
      this.#pinged = true;
      this.#session.ping(nowMs);
      this.#flush();
    }
  }

  /** Something waits for the peer to read it, and the peer has read nothing for too long. */
  #isStalled(nowMs: number): boolean {
    const socket = this.#socket;
    const sentBytes = socket.bytesWritten - socket.writableLength;
    if (socket.writableLength === 0 || sentBytes !== this.#bytesReadAtStall) {
      this.#bytesReadAtStall = sentBytes;
      this.#stalledSinceMs = socket.writableLength === 0 ? undefined : nowMs;
      return false;
    }
    return nowMs - (this.#stalledSinceMs ?? nowMs) >= this.#deps.settings.readTimeoutMs;
  }

  #onData(bytes: Buffer): void {
    this.#deps.counters.receivedBytes += bytes.length;
    if (this.#farewellAtMs !== undefined) return;
    const nowMs = this.#deps.now();
    this.#guarded(() => this.#handle(this.#session.push(bytes, nowMs), nowMs));
  }

  /** Runs protocol work; a violation of the protocol ends this connection and nothing else. */
  #guarded(work: () => void): void {
    try {
      work();
      this.#flush();
    } catch (error) {
      if (error instanceof RtmpError) {
        const { protocolErrors } = this.#deps.counters;
        protocolErrors[error.code] = (protocolErrors[error.code] ?? 0) + 1;
        this.#publishing?.publication.fail(error.message, this.#deps.now());
        this.#complain({ code: error.code, reason: error.message }, 'RTMP protocol error');
      } else {
        this.#log('error', { err: error }, 'RTMP connection failed');
      }
      this.#socket.destroy();
    }
  }

  #handle(events: readonly ServerEvent[], nowMs: number): void {
    for (const event of events) {
      switch (event.type) {
        case 'video':
          this.#publishing?.maker.video(event.payload, event.timestampMs, nowMs);
          break;
        case 'audio':
          this.#publishing?.maker.audio(event.payload, event.timestampMs, nowMs);
          break;
        case 'metadata':
          this.#publishing?.maker.metadata(event.values);
          break;
        case 'connect':
          this.#takeConnect(event.request, nowMs);
          break;
        case 'publish':
        case 'play':
          this.#decide(event.type, event.name);
          break;
        case 'pause':
          if (this.#playing !== undefined) this.#playing.player.isPaused = event.isPaused;
          this.#playing?.player.pump();
          break;
        case 'end':
          this.#endStream();
          this.#pendingSinceMs = nowMs;
      }
    }
  }

  #takeConnect(request: ConnectRequest, nowMs: number): void {
    this.#connect = request;
    const app = appName(request.app);
    if (app === RTMP_AUTH_APP || (app === RTMP_APP && speaksAdobeAuth(request.app))) {
      this.#authenticate(request.app, nowMs);
    } else if (app === RTMP_APP) {
      this.#handle(this.#session.acceptConnect(), nowMs);
    } else {
      const description = `Unknown application; publish to rtmp://host/${RTMP_APP}/<stream>.`;
      this.#session.rejectConnect('NetConnection.Connect.InvalidApp', description);
      this.#finish();
    }
  }

  /** A client with user and password comes three times: to be told that it must, to be challenged, and with the answer. */
  #authenticate(app: string, nowMs: number): void {
    const { auth, counters } = this.#deps;
    const verdict = auth.judge(app, this.remoteAddress, nowMs);
    if (verdict.type === 'accepted') {
      this.#user = verdict.principal;
      this.#handle(this.#session.acceptConnect(), nowMs);
      return;
    }
    if (verdict.type === 'challenged') counters.challenges++;
    else {
      counters.refusedUsers++;
      this.#complain({ code: 'wrong-user', reason: verdict.reason }, 'RTMP user refused');
    }
    this.#session.rejectConnect('NetConnection.Connect.Rejected', verdict.description);
    this.#finish();
  }

  /** Publish and play are answered later; until then nothing more is read, so that nothing need be kept. */
  #decide(kind: 'publish' | 'play', name: string): void {
    this.#socket.pause();
    const begun = kind === 'publish' ? this.#publish(name) : this.#play(name);
    begun.catch((error: unknown) => {
      this.#guarded(() => {
        const refusal = refusalOf(error, kind);
        this.#deps.counters.refusedStreams++;
        this.#complain({ code: refusal.code, reason: refusal.message }, `RTMP ${kind} refused`);
        if (this.#socket.destroyed || this.#farewellAtMs !== undefined) return;
        this.#session.refuseStream(refusal.code, refusal.message);
        this.#finish();
      });
    });
  }

  get #caller(): Caller {
    return { connect: this.#connect, remoteAddress: this.remoteAddress, user: this.#user };
  }

  async #publish(name: string): Promise<void> {
    const { streams, access, counters, now } = this.#deps;
    const caller = this.#caller;
    const { stream, principal } = admitPublisher(access, name, caller, now());
    const publication = await streams.publish(
      {
        stream,
        publisher: { protocol: 'rtmp', remoteAddress: this.remoteAddress, sinceMs: now() },
        onRevoked: (reason) => {
          const [code, description] = REVOKED[reason];
          this.hangUp(code, description);
        },
      },
      now(),
    );
    if (this.#socket.destroyed || this.#farewellAtMs !== undefined) {
      await publication.end(now());
      return;
    }
    this.#principal = principal;
    this.#publishing = { stream, publication, maker: new SampleMaker(publication, counters) };
    counters.publications++;
    counters.publishers++;
    this.#log('info', { software: this.#connect.flashVer }, 'RTMP publisher accepted');
    this.#begin();
    if (this.#publishing !== undefined) this.#deps.pacer.add(this.#socket);
  }

  async #play(name: string): Promise<void> {
    const { streams, access, counters, now } = this.#deps;
    const caller = this.#caller;
    const { stream: streamName, principal } = admitPlayer(access, name, caller, now());
    const stream = await streams.open(streamName);
    if (this.#socket.destroyed || this.#farewellAtMs !== undefined) return;
    const socket = this.#socket;
    const session = this.#session;
    const player = new LivePlayer(stream.window, {
      get hasRoom() {
        return socket.writableLength < MAX_UNREAD_MEDIA_BYTES && !socket.destroyed;
      },
      send: (message) => {
        session.sendToPlayer(message);
        this.#flush();
      },
    });
    const stopListening = stream.window.listen((change) => {
      if (change === 'sample' || change === 'fragment') this.#guarded(() => this.#pump());
    });
    this.#principal = principal;
    this.#playing = { name: streamName, stream, player, stopListening };
    counters.players++;
    this.#log('info', { software: this.#connect.flashVer }, 'RTMP player accepted');
    this.#begin();
    this.#guarded(() => this.#pump());
  }

  /** The session goes on with what it held back. */
  #begin(): void {
    const nowMs = this.#deps.now();
    this.#aliveAtMs = nowMs;
    this.#guarded(() => this.#handle(this.#session.acceptStream(), nowMs));
    this.#socket.resume();
  }

  #pump(): void {
    const player = this.#playing?.player;
    if (player === undefined) return;
    const skips = player.skips;
    this.#socket.cork();
    player.pump();
    this.#socket.uncork();
    this.#deps.counters.playerSkips += player.skips - skips;
  }

  #onDrain(): void {
    this.#guarded(() => this.#pump());
  }

  #flush(): void {
    const pieces = this.#session.takeOutput();
    const socket = this.#socket;
    if (pieces.length === 0 || socket.destroyed || socket.writableEnded) return;
    writePieces(socket, pieces);
    if (this.#playing !== undefined || socket.writableLength <= MAX_UNREAD_REPLY_BYTES) return;
    this.#deps.counters.stalledReaders++;
    this.#log('warn', {}, 'RTMP peer does not read our replies; dropped');
    socket.destroy();
  }

  /** Sends the last words and closes; the peer gets a moment to take them. */
  #finish(): void {
    this.#farewellAtMs = this.#deps.now() + FAREWELL_MS;
    this.#flush();
    this.#endStream();
    this.#socket.resume();
    this.#socket.end();
  }

  #endStream(): void {
    const { counters, now } = this.#deps;
    const publishing = this.#publishing;
    if (publishing !== undefined) {
      this.#publishing = undefined;
      this.#deps.pacer.remove(this.#socket);
      counters.publishers--;
      publishing.maker.end(now());
      this.#log('info', { stream: publishing.stream }, 'RTMP publication ended');
      const ended = publishing.publication.end(now()).catch((error: unknown) => {
        this.#log('error', { err: error, stream: publishing.stream }, 'RTMP publication did not end well');
      });
      this.#ended = Promise.all([this.#ended, ended]).then(() => undefined);
    }
    if (this.#playing !== undefined) {
      this.#playing.stopListening();
      this.#playing = undefined;
      counters.players--;
    }
  }

  #onClose(): void {
    this.#finished.resolve();
    this.#deps.counters.ignoredMessages += this.#session.ignoredMessages;
    this.#endStream();
  }

  /** A line about a peer that does wrong, one a minute for each kind of wrong. */
  #complain(facts: { readonly code: string; readonly reason?: string }, message: string): void {
    const suppressed = this.#deps.throttle.pass(`${this.remoteAddress} ${facts.code}`, this.#deps.now());
    if (suppressed !== undefined)
      this.#log('warn', { ...facts, ...(suppressed > 0 && { suppressed }) }, message);
  }

  #log(level: 'debug' | 'info' | 'warn' | 'error', facts: object, message: string): void {
    const stream = this.#publishing?.stream ?? this.#playing?.name;
    this.#deps.logger[level](
      { remoteAddress: this.remoteAddress, ...(stream && { stream }), ...facts },
      message,
    );
  }
}
