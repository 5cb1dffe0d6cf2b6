import { RtmpError } from './rtmp-error.ts';

/** The messages that chunks carry (Adobe RTMP 1.0 §5.4, §6.1, §7.1). */

export const MessageType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgementSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
  aggregate: 22,
} as const;

/** User control event types (§7.1.7). */
export const UserControl = {
  streamBegin: 0,
  streamEof: 1,
  pingRequest: 6,
  pingResponse: 7,
} as const;

/** The chunk streams that we send on. §5.4: "Protocol control messages ... MUST be sent on chunk stream id 2". */
export const ChunkStreamId = { control: 2, command: 3, audio: 4, data: 5, video: 6 } as const;

/** A whole message as it arrived. */
export interface RtmpMessage {
  readonly typeId: number;
  /** Message stream id: 0 for the connection, else what createStream answered. */
  readonly streamId: number;
  /** Milliseconds modulo 2^32. */
  readonly timestampMs: number;
  readonly payload: Buffer;
}

/** A message to send. */
export interface OutgoingMessage {
  readonly chunkStreamId: number;
  readonly typeId: number;
  readonly streamId: number;
  /** Milliseconds modulo 2^32. */
  readonly timestampMs: number;
  /** The body, by reference, in order. */
  readonly payload: readonly Uint8Array[];
}

function control(typeId: number, payload: Buffer): OutgoingMessage {
  return { chunkStreamId: ChunkStreamId.control, typeId, streamId: 0, timestampMs: 0, payload: [payload] };
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function setChunkSize(sizeBytes: number): OutgoingMessage {
  return control(MessageType.setChunkSize, u32(sizeBytes));
}

/** `receivedBytes`: since the start of the connection, modulo 2^32. */
export function acknowledgement(receivedBytes: number): OutgoingMessage {
  return control(MessageType.acknowledgement, u32(receivedBytes));
}

export function windowAcknowledgementSize(sizeBytes: number): OutgoingMessage {
  return control(MessageType.windowAcknowledgementSize, u32(sizeBytes));
}

/** Set Peer Bandwidth with limit type 2, dynamic (§5.4.5). */
export function setPeerBandwidth(sizeBytes: number): OutgoingMessage {
  return control(MessageType.setPeerBandwidth, Buffer.concat([u32(sizeBytes), Buffer.of(2)]));
}

export function userControl(event: number, value: number): OutgoingMessage {
  const bytes = Buffer.allocUnsafe(6);
  bytes.writeUInt16BE(event);
  bytes.writeUInt32BE(value >>> 0, 2);
  return control(MessageType.userControl, bytes);
}

/** The 32-bit value of a protocol control message. Throws RtmpError `bad-message`. */
export function controlValue(message: RtmpMessage): number {
  if (message.payload.length < 4) {
    throw new RtmpError(
      'bad-message',
      `control message ${message.typeId} of ${message.payload.length} bytes`,
    );
  }
  return message.payload.readUInt32BE(0);
}

/** Event and value of a user control message; events without a value answer 0. Throws RtmpError `bad-message`. */
export function readUserControl(message: RtmpMessage): { readonly event: number; readonly value: number } {
  const { payload } = message;
  if (payload.length < 2)
    throw new RtmpError('bad-message', `user control message of ${payload.length} bytes`);
  return { event: payload.readUInt16BE(0), value: payload.length >= 6 ? payload.readUInt32BE(2) : 0 };
}

const TAG_HEADER_BYTES = 11;
const BACK_POINTER_BYTES = 4;

/**
 * The messages inside an aggregate message (§7.1.6): FLV tags, each followed by a back pointer. "The message timestamp
 * of the aggregate message ... the difference to the timestamp of the first sub-message is the offset to renormalize
 * the timestamps of the sub-messages". Throws RtmpError `bad-message`.
 */
export function splitAggregate(message: RtmpMessage): RtmpMessage[] {
  const { payload, streamId } = message;
  const messages: RtmpMessage[] = [];
  let offsetMs: number | undefined;
  for (let at = 0; at < payload.length; ) {
    if (at + TAG_HEADER_BYTES > payload.length)
      throw new RtmpError('bad-message', 'aggregate message cut short');
    const typeId = payload.readUInt8(at) & 0x1f;
    const sizeBytes = payload.readUIntBE(at + 1, 3);
    // FLV keeps the upper eight bits of the timestamp in a byte of their own, after the lower 24.
    const timestampMs = ((payload.readUInt8(at + 7) << 24) | payload.readUIntBE(at + 4, 3)) >>> 0;
    const body = at + TAG_HEADER_BYTES;
    if (body + sizeBytes > payload.length) throw new RtmpError('bad-message', 'aggregate message cut short');
    offsetMs ??= message.timestampMs - timestampMs;
    messages.push({
      typeId,
      streamId,
      timestampMs: (timestampMs + offsetMs) >>> 0,
      payload: payload.subarray(body, body + sizeBytes),
    });
    at = body + sizeBytes + BACK_POINTER_BYTES;
  }
  return messages;
}
