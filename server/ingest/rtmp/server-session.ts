import { type AmfObject, amfProperties } from './amf-value.ts';
import type { ChunkLimits } from './chunk-reader.ts';
import { type Command, command, onStatus, readCommand, readData } from './commands.ts';
import { connectResult } from './connect-result.ts';
import { ServerHandshake } from './handshake.ts';
import { MessageStream } from './message-stream.ts';
import {
  MessageType,
  type OutgoingMessage,
  type RtmpMessage,
  setChunkSize,
  setPeerBandwidth,
  splitAggregate,
  UserControl,
  userControl,
} from './messages.ts';
import { RtmpError } from './rtmp-error.ts';

/**
 * The server's end of one RTMP connection, sans IO: bytes in, events and bytes out. Who may do what is not decided
 * here: after `connect`, `publish` and `play` the session stands still until it is told the answer.
 */

/** What a client said with `connect`. */
export interface ConnectRequest {
  readonly app: string;
  readonly tcUrl: string;
  /** What software it claims to be. */
  readonly flashVer: string;
}

export type ServerEvent =
  /** Answer with acceptConnect or rejectConnect. */
  | { readonly type: 'connect'; readonly request: ConnectRequest }
  /** Answer with acceptStream or refuseStream. `name` is as it came, with its query. */
  | { readonly type: 'publish' | 'play'; readonly name: string }
  /** A message of the accepted publication. The payload is the receiver's to keep. */
  | { readonly type: 'audio' | 'video'; readonly timestampMs: number; readonly payload: Buffer }
  | { readonly type: 'metadata'; readonly values: AmfObject }
  | { readonly type: 'pause'; readonly isPaused: boolean }
  /** The client ended its publication or its play; the connection goes on. */
  | { readonly type: 'end' };

/** Refusals in the words of RTMP (Adobe "NetStream" and "NetConnection" information objects). */
export type StreamRefusal =
  | 'NetStream.Publish.BadName'
  | 'NetStream.Publish.Denied'
  | 'NetStream.Play.StreamNotFound'
  | 'NetStream.Play.Failed'
  | 'NetStream.Failed';
export type ConnectRefusal = 'NetConnection.Connect.Rejected' | 'NetConnection.Connect.InvalidApp';

export interface ServerSessionSettings {
  /** Bounds once a publication was accepted. */
  readonly limits: ChunkLimits;
  /** Chunk size of what we send; ffmpeg and others take it over for what they send. */
  readonly chunkBytes: number;
  readonly windowBytes: number;
}

export const DEFAULT_SESSION_SETTINGS: ServerSessionSettings = {
  limits: { maxMessageBytes: 8 << 20, maxPartialBytes: 16 << 20, maxChunkStreams: 64 },
  chunkBytes: 60_000,
  windowBytes: 2_500_000,
};

/** Before a publication is accepted only commands may come: nobody gets memory for more. */
const COMMAND_LIMITS: ChunkLimits = {
  maxMessageBytes: 64 << 10,
  maxPartialBytes: 128 << 10,
  maxChunkStreams: 16,
};
const MAX_CREATED_STREAMS = 16;

/** `deciding`: an answer to connect, publish or play is awaited. `closed`: refused or told to close. */
type State = 'handshake' | 'connecting' | 'deciding' | 'idle' | 'publishing' | 'playing' | 'closed';

/** Commands that are answered and change nothing. */
const NODDED_AT = new Set([
  'releaseStream',
  'FCPublish',
  'FCSubscribe',
  'getStreamLength',
  '_checkbw',
  'setPlaylist',
]);
/** Commands that need no answer and change nothing for a live stream. */
const IGNORED = new Set(['receiveAudio', 'receiveVideo', 'seek', 'onBWDone', '_result', '_error']);

export class ServerSession {
  readonly #settings: ServerSessionSettings;
  readonly #messages: MessageStream;
  #state: State = 'handshake';
  #events: ServerEvent[] = [];
  #pending: Command | undefined;
  #createdStreams = 0;
  /** Message stream of the publication or the play. */
  #streamId = 0;
  /** Media without an accepted publication, dropped. */
  ignoredMessages = 0;

  constructor(settings: ServerSessionSettings = DEFAULT_SESSION_SETTINGS) {
    this.#settings = settings;
    this.#messages = new MessageStream({
      handshake: new ServerHandshake(),
      limits: COMMAND_LIMITS,
      windowBytes: settings.windowBytes,
    });
  }

  /** Messages of the peer, whole ones: what shows that it is alive. */
  get messages(): number {
    return this.#messages.messages;
  }

  get state(): State {
    return this.#state;
  }

  /** Bytes that wait for a decision; the socket should be paused meanwhile. */
  get waitingBytes(): number {
    return this.#messages.unreadBytes;
  }

  /** What is to be sent now, in order. */
  takeOutput(): Uint8Array[] {
    return this.#messages.takeOutput();
  }

  /** Takes bytes from the peer. Throws RtmpError: the connection is then to be closed. */
  push(input: Buffer, nowMs: number): ServerEvent[] {
    if (this.#state === 'closed') return [];
    this.#messages.feed(input, nowMs);
    if (this.#state === 'handshake') {
      if (!this.#messages.isOpen) return [];
      this.#state = 'connecting';
    }
    return this.#run();
  }

  acceptConnect(): ServerEvent[] {
    const { transactionId } = this.#decide('connect');
    const { windowBytes, chunkBytes } = this.#settings;
    this.#messages.sendWindow(windowBytes);
    this.#send(setPeerBandwidth(windowBytes));
    this.#send(setChunkSize(chunkBytes));
    this.#send(command(0, '_result', transactionId, ...connectResult()));
    this.#state = 'idle';
    return this.#run();
  }

  /** After this the session is closed: send the output, then hang up. */
  rejectConnect(code: ConnectRefusal, description: string): void {
    const { transactionId } = this.#decide('connect');
    this.#send(command(0, '_error', transactionId, null, { level: 'error', code, description }));
    this.#close();
  }

  /** Accepts the publish or play that was asked for. */
  acceptStream(): ServerEvent[] {
    const { name, args, streamId } = this.#decide('publish', 'play');
    this.#streamId = streamId;
    this.#send(userControl(UserControl.streamBegin, streamId));
    if (name === 'publish') {
      this.#state = 'publishing';
      this.#messages.limits = this.#settings.limits;
      this.#send(onStatus(streamId, 'status', 'NetStream.Publish.Start', 'Publishing.'));
    } else {
      this.#state = 'playing';
      // §7.2.2.1: Reset is sent "only if the play command sent by the client has set the reset flag"; it is the default.
      if (args[3] !== false)
        this.#send(onStatus(streamId, 'status', 'NetStream.Play.Reset', 'Playing and resetting.'));
      this.#send(onStatus(streamId, 'status', 'NetStream.Play.Start', 'Playing.'));
    }
    return this.#run();
  }

  /** After this the session is closed: send the output, then hang up. Nothing the client still sends is looked at. */
  refuseStream(code: StreamRefusal, description: string): void {
    const { streamId } = this.#decide('publish', 'play');
    this.#send(onStatus(streamId, 'error', code, description));
    this.#close();
  }

  /** Tells the client why its accepted stream ends now, and closes. */
  closeWith(code: string, description: string): void {
    if (this.#state === 'publishing' || this.#state === 'playing') {
      const level = code === 'NetStream.Play.UnpublishNotify' ? 'status' : 'error';
      this.#send(onStatus(this.#streamId, level, code, description));
    } else if (this.#state !== 'handshake' && this.#state !== 'closed') {
      this.#send(onStatus(0, 'error', code, description));
    }
    this.#close();
  }

  /** Sends a media or data message of the play; its stream id is put in. */
  sendToPlayer(message: Omit<OutgoingMessage, 'streamId'>): void {
    this.#send({ ...message, streamId: this.#streamId });
  }

  /** Asks a silent peer whether it is there; the answer counts as a message. */
  ping(nowMs: number): void {
    if (this.#state !== 'handshake') this.#send(userControl(UserControl.pingRequest, nowMs));
  }

  #send(message: OutgoingMessage): void {
    this.#messages.send(message);
  }

  #close(): void {
    this.#state = 'closed';
    this.#pending = undefined;
  }

  #decide(...names: readonly string[]): Command {
    const pending = this.#pending;
    if (pending === undefined || !names.includes(pending.name))
      throw new Error(`no ${names.join(' or ')} to answer`);
    this.#pending = undefined;
    return pending;
  }

  /** Works through what was fed, until it is used up or a decision is awaited. */
  #run(): ServerEvent[] {
    while (this.#state !== 'deciding' && this.#state !== 'closed') {
      const message = this.#messages.next();
      if (message === undefined) break;
      this.#take(message);
    }
    if (this.#state !== 'closed') this.#messages.acknowledge();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #take(message: RtmpMessage): void {
    switch (message.typeId) {
      case MessageType.audio:
      case MessageType.video:
        this.#takeMedia(message);
        break;
      case MessageType.aggregate:
        for (const part of splitAggregate(message)) {
          if (part.typeId === MessageType.aggregate)
            throw new RtmpError('bad-message', 'aggregate in an aggregate');
          this.#take(part);
        }
        break;
      case MessageType.commandAmf0:
      case MessageType.commandAmf3:
        this.#takeCommand(readCommand(message));
        break;
      case MessageType.dataAmf0:
      case MessageType.dataAmf3:
        this.#takeData(message);
        break;
      default:
        this.#messages.takeControl(message);
    }
  }

  #takeMedia(message: RtmpMessage): void {
    if (this.#state !== 'publishing') {
      this.ignoredMessages++;
      return;
    }
    const type = message.typeId === MessageType.audio ? 'audio' : 'video';
    this.#events.push({ type, timestampMs: message.timestampMs, payload: message.payload });
  }

  #takeData(message: RtmpMessage): void {
    if (this.#state !== 'publishing') {
      this.ignoredMessages++;
      return;
    }
    const values = readData(message);
    const from = values[0] === '@setDataFrame' ? 1 : 0;
    const properties = amfProperties(values[from + 1]);
    if (values[from] === 'onMetaData' && properties !== undefined) {
      this.#events.push({ type: 'metadata', values: properties });
    }
  }

  #takeCommand(request: Command): void {
    if (this.#state === 'connecting') {
      if (request.name !== 'connect')
        throw new RtmpError('bad-command', `${brief(request.name)} before connect`);
      this.#await(request, { type: 'connect', request: connectRequest(request.object) });
      return;
    }
    switch (request.name) {
      case 'createStream':
        this.#createStream(request);
        break;
      case 'publish':
      case 'play':
        this.#askForStream(request);
        break;
      case 'deleteStream':
        this.#endStream(request.args[0] === this.#streamId);
        break;
      case 'closeStream':
        this.#endStream(request.streamId === this.#streamId);
        break;
      case 'FCUnpublish':
        this.#nod(request);
        this.#endStream(this.#state === 'publishing');
        break;
      case 'pause':
      case 'pauseRaw':
        this.#pause(request.args[0] === true);
        break;
      default:
        if (NODDED_AT.has(request.name)) this.#nod(request);
        else if (!IGNORED.has(request.name)) this.#failCall(request);
    }
  }

  #await(request: Command, event: ServerEvent): void {
    this.#pending = request;
    this.#state = 'deciding';
    this.#events.push(event);
  }

  #createStream(request: Command): void {
    if (this.#createdStreams >= MAX_CREATED_STREAMS)
      throw new RtmpError('bad-command', 'too many createStream');
    this.#createdStreams++;
    this.#send(command(0, '_result', request.transactionId, null, this.#createdStreams));
  }

  #askForStream(request: Command): void {
    if (this.#state !== 'idle') throw new RtmpError('bad-command', `${request.name} while ${this.#state}`);
    const name = request.args[0];
    if (typeof name !== 'string') throw new RtmpError('bad-command', `${request.name} without a stream name`);
    this.#await(request, { type: request.name === 'publish' ? 'publish' : 'play', name });
  }

  #endStream(isOurs: boolean): void {
    if (!isOurs || (this.#state !== 'publishing' && this.#state !== 'playing')) return;
    if (this.#state === 'publishing') {
      this.#send(onStatus(this.#streamId, 'status', 'NetStream.Unpublish.Success', 'Unpublished.'));
    }
    this.#state = 'idle';
    this.#messages.limits = COMMAND_LIMITS;
    this.#events.push({ type: 'end' });
  }

  #pause(isPaused: boolean): void {
    if (this.#state !== 'playing') return;
    const code = isPaused ? 'NetStream.Pause.Notify' : 'NetStream.Unpause.Notify';
    this.#send(onStatus(this.#streamId, 'status', code, isPaused ? 'Paused.' : 'Playing.'));
    this.#events.push({ type: 'pause', isPaused });
  }

  #nod(request: Command): void {
    if (request.transactionId !== 0)
      this.#send(command(0, '_result', request.transactionId, null, undefined));
  }

  #failCall(request: Command): void {
    if (request.transactionId === 0) return;
    const info = { level: 'error', code: 'NetConnection.Call.Failed', description: 'Unknown command.' };
    this.#send(command(0, '_error', request.transactionId, null, info));
  }
}

function connectRequest(object: AmfObject): ConnectRequest {
  const text = (name: string) => (typeof object[name] === 'string' ? object[name] : '');
  return { app: text('app'), tcUrl: text('tcUrl'), flashVer: brief(text('flashVer')) };
}

/** Text of a peer, fit for a log line. */
function brief(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
}
