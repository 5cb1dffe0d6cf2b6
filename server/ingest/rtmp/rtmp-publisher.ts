import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Sample, Track } from '../../../fragments/media/track.ts';
import { type ClientEvent, ClientSession } from './client-session.ts';
import type { DigestScheme } from './handshake-digest.ts';
import { parseRtmpUrl } from './rtmp-address.ts';
import { RtmpError } from './rtmp-error.ts';
import { isCarried, metadataMessage, SampleWriter } from './sample-writer.ts';
import { writePieces } from './write-pieces.ts';

export interface PublisherOptions {
  /** For rtmps: what to trust. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'rejectUnauthorized'>;
  /** From the first packet to the server's consent. */
  readonly timeoutMs?: number;
  readonly digestScheme?: DigestScheme;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** Media on its way to the server beyond which `write` asks to wait. */
const MAX_UNSENT_BYTES = 1 << 20;

/** Publishes one stream to an RTMP server: ours, or any other. */
export class RtmpPublisher {
  readonly #socket: Socket;
  readonly #session: ClientSession;
  readonly #started = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #precise = false;
  #tracks = new Map<number, Track>();
  #writer: SampleWriter | undefined;
  #isEnding = false;

  private constructor(socket: Socket, session: ClientSession) {
    this.#socket = socket;
    this.#session = session;
    // Whoever writes looks at these, or learns of the end from `write`.
    this.#started.promise.catch(() => undefined);
    this.#closed.promise.catch(() => undefined);
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('error', (error) => this.#fail(new RtmpError('closed', error.message, { cause: error })));
    socket.on('close', () => this.#onClose());
  }

  /**
   * Connects, and resolves when the server has accepted the publication. Rejects with RtmpError `bad-url`, `refused`,
   * `timeout` or `closed`.
   */
  static async connect(url: string, options: PublisherOptions = {}): Promise<RtmpPublisher> {
    const target = parseRtmpUrl(url);
    const { host, port } = target;
    const { timeoutMs = DEFAULT_TIMEOUT_MS, tls, digestScheme } = options;
    const socket = target.isTls
      ? connectTls({ host, port, ...(/[a-z]/i.test(host) && { servername: host }), ...tls })
      : connectTcp({ host, port, noDelay: true });
    const session = new ClientSession(target, digestScheme === undefined ? {} : { digestScheme });
    const publisher = new RtmpPublisher(socket, session);
    socket.once(target.isTls ? 'secureConnect' : 'connect', () => {
      session.start(Date.now());
      publisher.#flush();
    });
    const timer = setTimeout(() => {
      publisher.#fail(new RtmpError('timeout', `no consent to publish within ${timeoutMs} ms`));
    }, timeoutMs);
    try {
      await publisher.#started.promise;
    } finally {
      clearTimeout(timer);
    }
    return publisher;
  }

  /** Resolves when the publication was ended by `end`; rejects with RtmpError when the server or the network ended it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Bytes given to `write` that the network has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Declares the tracks; again when a configuration changes. Data tracks cannot be carried and are left out. */
  setTracks(tracks: readonly Track[]): void {
    const carried = tracks.filter(isCarried);
    this.#tracks = new Map(carried.map((track) => [track.id, track]));
    this.#session.send(metadataMessage(0, carried));
    this.#writer = undefined;
    this.#flush();
  }

  /** Sends a sample. False: wait for `drained` before the next one, lest memory fill up. */
  write(sample: Sample): boolean {
    const track = this.#tracks.get(sample.trackId);
    if (track === undefined || this.#socket.destroyed) return true;
    this.#writer ??= this.#begin(sample.dtsTicks / track.timescale);
    this.#session.send(this.#writer.sample(track, sample));
    this.#flush();
    return this.#socket.writableLength < MAX_UNSENT_BYTES;
  }

  /** Resolves when there is room again, or the connection has ended. */
  async drained(): Promise<void> {
    if (this.#socket.destroyed || !this.#socket.writableNeedDrain) return;
    await Promise.race([once(this.#socket, 'drain'), this.#closed.promise.catch(() => undefined)]);
  }

  /** Ends the publication and the connection in good order. */
  async end(): Promise<void> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      this.#session.unpublish();
      this.#flush();
      this.#socket.end();
    }
    await this.#closed.promise;
  }

  /** Cuts the connection, as a camera that loses its network does. */
  destroy(): void {
    this.#isEnding = true;
    this.#socket.destroy();
  }

  /** The decoder configurations go before the first sample; the first sample's time is the peer's zero. */
  #begin(originSeconds: number): SampleWriter {
    const writer = new SampleWriter({ precise: this.#precise, originSeconds });
    for (const track of this.#tracks.values()) {
      const config = writer.config(track, 0);
      if (config !== undefined) this.#session.send(config);
    }
    return writer;
  }

  #onData(bytes: Buffer): void {
    try {
      for (const event of this.#session.push(bytes, Date.now())) this.#take(event);
      this.#flush();
    } catch (error) {
      if (!(error instanceof RtmpError)) throw error;
      this.#fail(error);
    }
  }

  #take(event: ClientEvent): void {
    if (event.type === 'publishing') {
      this.#precise = event.precise;
      this.#started.resolve();
    } else {
      this.#fail(new RtmpError('refused', `${event.code}: ${event.description}`));
    }
  }

  #flush(): void {
    const pieces = this.#session.takeOutput();
    if (pieces.length === 0 || this.#socket.destroyed || this.#socket.writableEnded) return;
    writePieces(this.#socket, pieces);
  }

  #fail(error: RtmpError): void {
    this.#started.reject(error);
    this.#closed.reject(error);
    this.#socket.destroy();
  }

  #onClose(): void {
    const error = new RtmpError('closed', 'the server closed the connection');
    this.#started.reject(error);
    if (this.#isEnding) this.#closed.resolve();
    else this.#closed.reject(error);
  }
}
