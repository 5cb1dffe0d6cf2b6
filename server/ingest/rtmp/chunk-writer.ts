import { MessageType, type OutgoingMessage } from './messages.ts';

/** Messages to chunks (Adobe RTMP 1.0 §5.3), sans IO. Bodies go out by reference, cut at the chunk size. */

const DEFAULT_CHUNK_BYTES = 128;
const EXTENDED = 0xff_ffff;

interface Previous {
  timestampMs: number;
  /** `undefined` after a type 0 chunk: implementations differ in what a type 3 chunk repeats then. */
  deltaMs: number | undefined;
  lengthBytes: number;
  typeId: number;
  streamId: number;
}

/** Writes chunks with the shortest header that every reader understands the same way. */
export class ChunkWriter {
  readonly #previous = new Map<number, Previous>();
  #chunkBytes = DEFAULT_CHUNK_BYTES;

  /** The pieces to send, in order. A Set Chunk Size message applies to what follows it. */
  write(message: OutgoingMessage): Uint8Array[] {
    let lengthBytes = 0;
    for (const piece of message.payload) lengthBytes += piece.length;
    const out: Uint8Array[] = [this.#firstHeader(message, lengthBytes)];
    const continuation = continuationHeader(message.chunkStreamId, out[0] as Buffer);
    let room = this.#chunkBytes;
    for (const piece of message.payload) {
      for (let at = 0; at < piece.length; ) {
        if (room === 0) {
          out.push(continuation);
          room = this.#chunkBytes;
        }
        const count = Math.min(room, piece.length - at);
        out.push(count === piece.length ? piece : piece.subarray(at, at + count));
        at += count;
        room -= count;
      }
    }
    if (message.typeId === MessageType.setChunkSize) {
      this.#chunkBytes = Buffer.from(message.payload[0] as Uint8Array).readUInt32BE(0);
    }
    return out;
  }

  #firstHeader(message: OutgoingMessage, lengthBytes: number): Buffer {
    const { chunkStreamId, typeId, streamId, timestampMs } = message;
    const previous = this.#previous.get(chunkStreamId);
    const deltaMs = previous === undefined ? 0 : (timestampMs - previous.timestampMs) >>> 0;
    // A step back in time needs an absolute timestamp; it shows as a delta in the upper half of the range.
    if (previous === undefined || previous.streamId !== streamId || deltaMs >= 0x8000_0000) {
      this.#previous.set(chunkStreamId, { timestampMs, deltaMs: undefined, lengthBytes, typeId, streamId });
      return header(0, message, timestampMs, lengthBytes);
    }
    const isSameShape = previous.lengthBytes === lengthBytes && previous.typeId === typeId;
    const format = !isSameShape ? 1 : previous.deltaMs === deltaMs && deltaMs < EXTENDED ? 3 : 2;
    previous.timestampMs = timestampMs;
    previous.deltaMs = deltaMs;
    previous.lengthBytes = lengthBytes;
    previous.typeId = typeId;
    return header(format, message, deltaMs, lengthBytes);
  }
}

/** A chunk header with timestamp (type 0) or delta (types 1 and 2) in `field`. */
export function header(
  format: 0 | 1 | 2 | 3,
  message: Pick<OutgoingMessage, 'chunkStreamId' | 'typeId' | 'streamId'>,
  field: number,
  lengthBytes: number,
): Buffer {
  const bytes = Buffer.allocUnsafe(18);
  let at = writeBasicHeader(bytes, format, message.chunkStreamId);
  if (format < 3) at = bytes.writeUIntBE(Math.min(field, EXTENDED), at, 3);
  if (format < 2) {
    at = bytes.writeUIntBE(lengthBytes, at, 3);
    at = bytes.writeUInt8(message.typeId, at);
  }
  // "Message stream ID is stored in little-endian format."
  if (format === 0) at = bytes.writeUInt32LE(message.streamId, at);
  if (format < 3 && field >= EXTENDED) at = bytes.writeUInt32BE(field, at);
  return bytes.subarray(0, at);
}

/** The type 3 header inside a message: it repeats the extended timestamp, when the first chunk had one. */
function continuationHeader(chunkStreamId: number, first: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(7);
  const basic = writeBasicHeader(bytes, 3, chunkStreamId);
  const format = first.readUInt8(0) >> 6;
  if (format === 3 || first.readUIntBE(basic, 3) !== EXTENDED) return bytes.subarray(0, basic);
  first.copy(bytes, basic, first.length - 4);
  return bytes.subarray(0, basic + 4);
}

function writeBasicHeader(bytes: Buffer, format: number, chunkStreamId: number): number {
  if (chunkStreamId < 64) return bytes.writeUInt8((format << 6) | chunkStreamId, 0);
  if (chunkStreamId < 320) {
    bytes.writeUInt8(format << 6, 0);
    return bytes.writeUInt8(chunkStreamId - 64, 1);
  }
  bytes.writeUInt8((format << 6) | 1, 0);
  return bytes.writeUInt16LE(chunkStreamId - 64, 1);
}
