import { crc32 } from 'node:zlib';

/**
 * `application/vnd.amazon.eventstream`, big endian (kinesis-data-streams.md §5):
 *
 *   u32 total | u32 headers | u32 CRC-32 of those 8 | headers | payload | u32 CRC-32 of everything before
 *   header: u8 name length, name, u8 type 7 (string), u16 value length, value
 */

export const EVENT_STREAM_TYPE = 'application/vnd.amazon.eventstream';

const PRELUDE_BYTES = 12;
const STRING = 7;

/** An event of an operation's output stream. */
export function eventMessage(eventType: string, contentType: string, payload: Uint8Array): Buffer {
  return message(
    { ':message-type': 'event', ':event-type': eventType, ':content-type': contentType },
    payload,
  );
}

/** An error of the model in the middle of a stream; the last message. */
export function exceptionMessage(code: string, contentType: string, payload: Uint8Array): Buffer {
  return message(
    { ':message-type': 'exception', ':exception-type': code, ':content-type': contentType },
    payload,
  );
}

function message(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const entries = Object.entries(headers);
  const headerBytes = entries.reduce(
    (sum, [name, value]) => sum + 4 + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  const bytes = Buffer.allocUnsafe(PRELUDE_BYTES + headerBytes + payload.length + 4);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(headerBytes, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  let at = PRELUDE_BYTES;
  for (const [name, value] of entries) {
    at = bytes.writeUInt8(Buffer.byteLength(name), at);
    at += bytes.write(name, at);
    at = bytes.writeUInt8(STRING, at);
    at = bytes.writeUInt16BE(Buffer.byteLength(value), at);
    at += bytes.write(value, at);
  }
  bytes.set(payload, at);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, bytes.length - 4)), bytes.length - 4);
  return bytes;
}
