import { type AmfObject, type AmfValue, amfProperties } from './amf-value.ts';
import type { ChunkLimits } from './chunk-reader.ts';
import { type Command, command, readCommand } from './commands.ts';
import { AUDIO_FOUR_CCS, VIDEO_FOUR_CCS } from './four-cc.ts';
import { ClientHandshake } from './handshake.ts';
import type { DigestScheme } from './handshake-digest.ts';
import { MessageStream } from './message-stream.ts';
import { MessageType, type OutgoingMessage, type RtmpMessage, setChunkSize } from './messages.ts';
import type { RtmpUrl } from './rtmp-address.ts';

/** The publisher's end of an RTMP connection, sans IO: connect, createStream, publish, then media. */

export type ClientEvent =
  /** Media may be sent. `precise`: the server reads Enhanced RTMP with nanosecond offsets. */
  | { readonly type: 'publishing'; readonly precise: boolean }
  /** The server said no, or ended the publication. The connection is of no more use. */
  | { readonly type: 'refused'; readonly code: string; readonly description: string };

export interface ClientSessionOptions {
  /** Use the digest handshake; the simple one otherwise. */
  readonly digestScheme?: DigestScheme;
}

const CHUNK_BYTES = 60_000;
const WINDOW_BYTES = 2_500_000;
/** Servers send commands and little else; some send metadata of their own. */
const LIMITS: ChunkLimits = { maxMessageBytes: 1 << 20, maxPartialBytes: 2 << 20, maxChunkStreams: 64 };
const Transaction = {
  connect: 1,
  releaseStream: 2,
  fcPublish: 3,
  createStream: 4,
  publish: 5,
  fcUnpublish: 6,
} as const;
/** Enhanced RTMP v2, CapsExMask.TimestampNanoOffset. */
const NANO_OFFSET = 0x08;
const CAPS_EX = 0x02 | 0x04 | NANO_OFFSET;

export class ClientSession {
  readonly #url: RtmpUrl;
  readonly #handshake: ClientHandshake;
  readonly #messages: MessageStream;
  #state: 'handshake' | 'connecting' | 'creating' | 'asking' | 'publishing' | 'closed' = 'handshake';
  #events: ClientEvent[] = [];
  #streamId = 0;
  #precise = false;

  constructor(url: RtmpUrl, options: ClientSessionOptions = {}) {
    this.#url = url;
    this.#handshake = new ClientHandshake(options.digestScheme);
    this.#messages = new MessageStream({
      handshake: this.#handshake,
      limits: LIMITS,
      windowBytes: WINDOW_BYTES,
    });
  }

  /** What is to be sent now, in order. */
  takeOutput(): Uint8Array[] {
    return this.#messages.takeOutput();
  }

  /** The first bytes of the connection. */
  start(nowMs: number): void {
    this.#messages.sendBytes(this.#handshake.start(nowMs));
  }

  /** Takes bytes from the server. Throws RtmpError. */
  push(input: Buffer, nowMs: number): ClientEvent[] {
    if (this.#state === 'closed') return [];
    const messages = this.#messages;
    messages.feed(input, nowMs);
    if (this.#state === 'handshake' && messages.isOpen) this.#connect();
    for (let message = messages.next(); message !== undefined; message = messages.next()) {
      this.#take(message);
    }
    messages.acknowledge();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Sends a media or data message of the publication; its stream id is put in. */
  send(message: Omit<OutgoingMessage, 'streamId'>): void {
    this.#send({ ...message, streamId: this.#streamId });
  }

  /** Ends the publication in good order. */
  unpublish(): void {
    if (this.#state === 'publishing') {
      this.#send(command(0, 'FCUnpublish', Transaction.fcUnpublish, null, this.#url.name));
      this.#send(command(0, 'deleteStream', 0, null, this.#streamId));
    }
    this.#state = 'closed';
  }

  #send(message: OutgoingMessage): void {
    this.#messages.send(message);
  }

  #connect(): void {
    this.#state = 'connecting';
    const { app, tcUrl } = this.#url;
    this.#send(
      command(0, 'connect', Transaction.connect, {
        app,
        type: 'nonprivate',
        flashVer: 'FMLE/3.0 (compatible; Framelog)',
        tcUrl,
        fourCcList: [...VIDEO_FOUR_CCS, ...AUDIO_FOUR_CCS],
        capsEx: CAPS_EX,
      }),
    );
  }

  #take(message: RtmpMessage): void {
    const { commandAmf0, commandAmf3 } = MessageType;
    if (message.typeId === commandAmf0 || message.typeId === commandAmf3) {
      this.#takeCommand(readCommand(message));
    } else {
      this.#messages.takeControl(message);
    }
  }

  #takeCommand(reply: Command): void {
    const info = amfProperties(reply.args[0]) ?? {};
    if (reply.name === 'onStatus') {
      this.#takeStatus(info);
    } else if (reply.name === '_error') {
      const { connect, createStream } = Transaction;
      // Servers without releaseStream and FCPublish say so; those are relics that nothing depends on.
      if (reply.transactionId === connect || reply.transactionId === createStream) this.#refuse(info);
    } else if (reply.name === '_result') {
      if (reply.transactionId === Transaction.connect) this.#connected(reply.object, info);
      else if (reply.transactionId === Transaction.createStream) this.#created(reply.args[0]);
    } else if (reply.name === 'close') {
      this.#refuse({
        code: 'NetConnection.Connect.Closed',
        description: 'The server closed the connection.',
      });
    }
  }

  #connected(properties: AmfObject, info: AmfObject): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'creating';
    this.#precise = canReadNanos(properties) || canReadNanos(info);
    this.#send(setChunkSize(CHUNK_BYTES));
    this.#send(command(0, 'releaseStream', Transaction.releaseStream, null, this.#url.name));
    this.#send(command(0, 'FCPublish', Transaction.fcPublish, null, this.#url.name));
    this.#send(command(0, 'createStream', Transaction.createStream, null));
  }

  #created(streamId: AmfValue): void {
    if (this.#state !== 'creating') return;
    this.#state = 'asking';
    this.#streamId = typeof streamId === 'number' ? streamId >>> 0 : 0;
    this.#send(command(this.#streamId, 'publish', Transaction.publish, null, this.#url.name, 'live'));
  }

  #takeStatus(info: AmfObject): void {
    if (info.level === 'error') {
      this.#refuse(info);
    } else if (info.code === 'NetStream.Publish.Start' && this.#state === 'asking') {
      this.#state = 'publishing';
      this.#events.push({ type: 'publishing', precise: this.#precise });
    }
  }

  #refuse(info: AmfObject): void {
    this.#state = 'closed';
    const text = (value: AmfValue) => (typeof value === 'string' ? value.slice(0, 300) : '');
    this.#events.push({ type: 'refused', code: text(info.code), description: text(info.description) });
  }
}

/** Does the server take nanosecond offsets, and H.264 and AAC in the enhanced form that alone can carry them? */
function canReadNanos(properties: AmfObject): boolean {
  const { capsEx, fourCcList, videoFourCcInfoMap, audioFourCcInfoMap } = properties;
  if (typeof capsEx !== 'number' || (capsEx & NANO_OFFSET) === 0) return false;
  const listed = new Set<AmfValue>(Array.isArray(fourCcList) ? fourCcList : []);
  const knows = (fourCc: string, map: AmfValue) => {
    const names = amfProperties(map) ?? {};
    return listed.has(fourCc) || listed.has('*') || fourCc in names || '*' in names;
  };
  return knows('avc1', videoFourCcInfoMap) && knows('mp4a', audioFourCcInfoMap);
}
