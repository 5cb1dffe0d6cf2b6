import { type AmfObject, type AmfValue, amfProperties } from './amf-value.ts';
import { decodeAmf0, encodeAmf0 } from './amf0.ts';
import { ChunkStreamId, MessageType, type OutgoingMessage, type RtmpMessage } from './messages.ts';
import { RtmpError } from './rtmp-error.ts';

/** Command and data messages (Adobe RTMP 1.0 §7.1.1, §7.1.2, §7.2): AMF values in a message. */

export interface Command {
  readonly name: string;
  /** 0: no answer is expected. */
  readonly transactionId: number;
  /** The command object; empty when there is none. */
  readonly object: AmfObject;
  readonly args: readonly AmfValue[];
  readonly streamId: number;
}

/** Reads a command of type 20 or 17. Throws RtmpError `bad-amf` or `bad-command`. */
export function readCommand(message: RtmpMessage): Command {
  const [name, transactionId, object, ...args] = decodeBody(message);
  if (typeof name !== 'string') throw new RtmpError('bad-command', 'command without a name');
  return {
    name,
    transactionId: typeof transactionId === 'number' ? transactionId : 0,
    object: amfProperties(object) ?? {},
    args,
    streamId: message.streamId,
  };
}

/** The values of a data message of type 18 or 15. Throws RtmpError `bad-amf`. */
export function readData(message: RtmpMessage): AmfValue[] {
  return decodeBody(message);
}

function decodeBody(message: RtmpMessage): AmfValue[] {
  const isAmf3 = message.typeId === MessageType.commandAmf3 || message.typeId === MessageType.dataAmf3;
  // "Message payload for message types of 15, 16 and 17 starts with a format selector byte. Currently, only format 0
  // is defined to indicate AMF0-encoded values" (Enhanced RTMP v2).
  return decodeAmf0(message.payload, isAmf3 && message.payload[0] === 0 ? 1 : 0);
}

/** A command to send. */
export function command(streamId: number, ...values: AmfValue[]): OutgoingMessage {
  return {
    chunkStreamId: ChunkStreamId.command,
    typeId: MessageType.commandAmf0,
    streamId,
    timestampMs: 0,
    payload: [encodeAmf0(values)],
  };
}

/** A data message to send, e.g. onMetaData. */
export function data(streamId: number, timestampMs: number, ...values: AmfValue[]): OutgoingMessage {
  return {
    chunkStreamId: ChunkStreamId.data,
    typeId: MessageType.dataAmf0,
    streamId,
    timestampMs,
    payload: [encodeAmf0(values)],
  };
}

/** §7.2.2: "the server sends ... updates to clients using the onStatus command". */
export function onStatus(
  streamId: number,
  level: 'status' | 'error',
  code: string,
  description: string,
): OutgoingMessage {
  return command(streamId, 'onStatus', 0, null, { level, code, description });
}
