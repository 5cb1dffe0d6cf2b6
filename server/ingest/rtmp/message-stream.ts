import { type ChunkLimits, ChunkReader } from './chunk-reader.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { HandshakeStep } from './handshake.ts';
import {
  acknowledgement,
  controlValue,
  MessageType,
  type OutgoingMessage,
  type RtmpMessage,
  readUserControl,
  UserControl,
  userControl,
  windowAcknowledgementSize,
} from './messages.ts';

export interface MessageStreamOptions {
  /** Takes the first bytes of the peer. */
  readonly handshake: { push(input: Buffer, nowMs: number): HandshakeStep };
  readonly limits: ChunkLimits;
  /** The peer's acknowledgement window until it names another. */
  readonly windowBytes: number;
}

/**
 * What both ends of an RTMP connection do alike, sans IO: the handshake, messages out of chunks and into chunks, acknowledgements and
 * the answers to protocol control.
 */
export class MessageStream {
  readonly #handshake: MessageStreamOptions['handshake'];
  readonly #reader: ChunkReader;
  readonly #writer = new ChunkWriter();
  #isOpen = false;
  #output: Uint8Array[] = [];
  #messages = 0;
  #receivedBytes = 0;
  #acknowledgedBytes = 0;
  #peerWindowBytes: number;
  /** The window that we asked the peer for; 0: none yet. */
  #sentWindowBytes = 0;

  constructor({ handshake, limits, windowBytes }: MessageStreamOptions) {
    this.#handshake = handshake;
    this.#reader = new ChunkReader(limits);
    this.#peerWindowBytes = windowBytes;
  }

  /** The handshake is done: messages may go in both directions. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Messages of the peer, whole ones: what shows that it is alive. */
  get messages(): number {
    return this.#messages;
  }

  /** Bytes that were fed and not read. */
  get unreadBytes(): number {
    return this.#reader.unreadBytes;
  }

  /** Bounds of what the peer may send from now on. */
  set limits(limits: ChunkLimits) {
    this.#reader.limits = limits;
  }

  /** What is to be sent now, in order. */
  takeOutput(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  /** Puts bytes of the handshake's own into the output. */
  sendBytes(bytes: Uint8Array): void {
    this.#output.push(bytes);
  }

  send(message: OutgoingMessage): void {
    this.#output.push(...this.#writer.write(message));
  }

  /** Asks the peer for an acknowledgement every so many bytes. */
  sendWindow(windowBytes: number): void {
    this.#sentWindowBytes = windowBytes;
    this.send(windowAcknowledgementSize(windowBytes));
  }

  /** Takes bytes from the peer. Throws RtmpError. */
  feed(input: Buffer, nowMs: number): void {
    this.#receivedBytes += input.length;
    if (this.#isOpen) {
      this.#reader.feed(input);
      return;
    }
    const { output, rest } = this.#handshake.push(input, nowMs);
    this.#output.push(...output);
    if (rest === undefined) return;
    this.#isOpen = true;
    this.#reader.feed(rest);
  }

  /** The next whole message of what was fed. Throws RtmpError. */
  next(): RtmpMessage | undefined {
    if (!this.#isOpen) return undefined;
    const message = this.#reader.next();
    if (message !== undefined) this.#messages++;
    return message;
  }

  /** §5.4.3: "MUST send the acknowledgment to the peer after receiving bytes equal to the window size". */
  acknowledge(): void {
    if (this.#receivedBytes - this.#acknowledgedBytes < this.#peerWindowBytes) return;
    this.#acknowledgedBytes = this.#receivedBytes;
    this.send(acknowledgement(this.#receivedBytes % 2 ** 32));
  }

  /** Does what a protocol control message asks for; any other asks for nothing. Throws RtmpError. */
  takeControl(message: RtmpMessage): void {
    switch (message.typeId) {
      case MessageType.windowAcknowledgementSize:
        this.#peerWindowBytes = Math.max(1, controlValue(message));
        break;
      case MessageType.setPeerBandwidth:
        this.#takePeerBandwidth(controlValue(message));
        break;
      case MessageType.userControl: {
        const { event, value } = readUserControl(message);
        if (event === UserControl.pingRequest) this.send(userControl(UserControl.pingResponse, value));
        break;
      }
      default:
      // Acknowledgements ask for nothing; shared objects and unknown types are no business of a media server.
    }
  }

  /** §5.4.5: "SHOULD respond with a Window Acknowledgement Size message if the window size is different". */
  #takePeerBandwidth(windowBytes: number): void {
    if (windowBytes !== this.#sentWindowBytes) this.sendWindow(windowBytes);
  }
}
