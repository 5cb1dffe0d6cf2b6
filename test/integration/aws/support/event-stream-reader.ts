import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';

/** One message of `application/vnd.amazon.eventstream`. */
export interface EventStreamMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
}

/**
 * Takes the messages out of a byte stream, written apart from the server's writer: lengths and both checksums of each are
 * verified.
 */
export class EventStreamReader {
  #rest = Buffer.alloc(0);

  /** Messages that are complete with these bytes. */
  push(bytes: Uint8Array): EventStreamMessage[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const messages: EventStreamMessage[] = [];
    for (;;) {
      const sizeBytes = this.#rest.length < 12 ? Number.POSITIVE_INFINITY : this.#rest.readUInt32BE(0);
      if (sizeBytes > this.#rest.length) return messages;
      messages.push(readMessage(this.#rest.subarray(0, sizeBytes)));
      this.#rest = this.#rest.subarray(sizeBytes);
    }
  }

  /** Bytes of a message that is not complete. */
  get pendingBytes(): number {
    return this.#rest.length;
  }
}

function readMessage(bytes: Buffer): EventStreamMessage {
  assert.equal(bytes.readUInt32BE(8), crc32(bytes.subarray(0, 8)), 'checksum of the prelude');
  assert.equal(bytes.readUInt32BE(bytes.length - 4), crc32(bytes.subarray(0, -4)), 'checksum of the message');
  const headersEnd = 12 + bytes.readUInt32BE(4);
  const headers: Record<string, string> = {};
  let at = 12;
  while (at < headersEnd) {
    const name = bytes.toString('utf8', at + 1, at + 1 + (bytes[at] ?? 0));
    at += 1 + Buffer.byteLength(name);
    assert.equal(bytes[at], 7, 'a header that is a text');
    const valueBytes = bytes.readUInt16BE(at + 1);
    headers[name] = bytes.toString('utf8', at + 3, at + 3 + valueBytes);
    at += 3 + valueBytes;
  }
  assert.equal(at, headersEnd, 'length of the headers');
  return { headers, payload: bytes.subarray(headersEnd, -4) };
}
