import { controlValue, MessageType, type RtmpMessage } from './messages.ts';
import { RtmpError } from './rtmp-error.ts';

/**
 * Chunks to messages (Adobe RTMP 1.0 §5.3), sans IO. The hot path of ingest. A message that lies in one piece of input is
 * put together there, by closing the gaps that its chunk headers leave, and handed out as a view; one that is spread over
 * several is written once, into one Buffer of exactly its size.
 */

/** Bounds of what one peer can make us keep. */
export interface ChunkLimits {
  readonly maxMessageBytes: number;
  /** Memory held for messages that were begun and not finished, over all chunk streams. */
  readonly maxPartialBytes: number;
  readonly maxChunkStreams: number;
}

/** §5.4.1: "The maximum chunk size ... SHOULD be at least 128 bytes"; 128 applies until the peer says otherwise. */
const DEFAULT_CHUNK_BYTES = 128;
/** §5.4.1: a chunk cannot be larger than the largest message, 24 bits. */
const MAX_CHUNK_BYTES = 0xff_ffff;
/** Basic header 3, message header 11, extended timestamp 4. */
const MAX_HEADER_BYTES = 18;
const MESSAGE_HEADER_BYTES = [11, 7, 3, 0] as const;
const EXTENDED = 0xff_ffff;
/** Memory that a header alone gets; a larger message gets the rest when this much of it has really arrived. */
const TRUSTED_BYTES = 256 * 1024;
/** A payload may keep alive no more than this many times its own size. */
const MAX_RETENTION = 8;
/** Payloads below this share Node's buffer pool; larger ones stand alone, so that they keep nothing else alive. */
const POOLED_BYTES = 2048;

const NOTHING = Buffer.alloc(0);

class ChunkStream {
  /** Of the message being received, modulo 2^32. */
  timestampMs = 0;
  /** The last timestamp or delta field, extended when it was: what a type 3 chunk that begins a message repeats. */
  field = 0;
  isExtended = false;
  hasLength = false;
  lengthBytes = 0;
  typeId = 0;
  streamId = 0;
  payload: Buffer = NOTHING;
  receivedBytes = 0;
  isReceiving = false;
}

/** Reads chunks. Feed bytes, then take messages until there are none. */
export class ChunkReader {
  limits: ChunkLimits;
  readonly #streams = new Map<number, ChunkStream>();
  #chunkBytes = DEFAULT_CHUNK_BYTES;
  #input: Buffer = NOTHING;
  #at = 0;
  readonly #held = Buffer.alloc(MAX_HEADER_BYTES);
  #heldBytes = 0;
  /** The chunk whose payload is being read; `undefined`: at a chunk header. */
  #stream: ChunkStream | undefined;
  /** Payload bytes to come in this chunk. */
  #chunkLeft = 0;
  #partialBytes = 0;
  /** The message that is being put together in the input, and where it begins there. */
  #inPlace: ChunkStream | undefined;
  #inPlaceAt = 0;

  constructor(limits: ChunkLimits) {
    this.limits = limits;
  }

  /** Memory held for unfinished messages. */
  get partialBytes(): number {
    return this.#partialBytes;
  }

  /** Bytes fed and not yet read: more than none only while the caller does not take messages. */
  get unreadBytes(): number {
    return this.#input.length - this.#at;
  }

  /** The reader owns the bytes from here on: it moves them about, and payloads refer to them. */
  feed(input: Buffer): void {
    this.#input = this.unreadBytes === 0 ? input : Buffer.concat([this.#input.subarray(this.#at), input]);
    this.#at = 0;
  }

  /** The next whole message, `undefined` when more bytes are needed. Throws RtmpError; the reader is of no use then. */
  next(): RtmpMessage | undefined {
    for (;;) {
      const stream = this.#stream ?? this.#readHeader();
      if (stream === undefined) return this.#wait();
      const message = this.#readPayload(stream);
      if (message === undefined) {
        if (this.#at === this.#input.length) return this.#wait();
      } else if (message.typeId === MessageType.setChunkSize) {
        this.#setChunkSize(controlValue(message));
      } else if (message.typeId === MessageType.abort) {
        this.#abort(controlValue(message));
      } else {
        return message;
      }
    }
  }

  /** Lets go of the input that was read, so that an idle connection keeps nothing alive. */
  #wait(): undefined {
    this.#settle();
    this.#input = NOTHING;
    this.#at = 0;
  }

  #setChunkSize(sizeBytes: number): void {
    // §5.4.1: the first bit MUST be zero, and the size at least 1.
    if (sizeBytes === 0 || sizeBytes > 0x7fff_ffff)
      throw new RtmpError('bad-chunk-size', `chunk size ${sizeBytes}`);
    this.#chunkBytes = Math.min(sizeBytes, MAX_CHUNK_BYTES);
  }

  /** §5.4.2: "discard the partially received message over a chunk stream". */
  #abort(chunkStreamId: number): void {
    const stream = this.#streams.get(chunkStreamId);
    if (stream?.isReceiving) this.#finish(stream);
  }

  /** Reads a chunk's header; `undefined` when it is not all there. */
  #readHeader(): ChunkStream | undefined {
    if (this.#heldBytes === 0 && this.#input.length - this.#at >= MAX_HEADER_BYTES) {
      this.#at += this.#parseHeader(this.#input, this.#at);
      return this.#stream;
    }
    while (this.#heldBytes < this.#headerBytes()) {
      if (this.#at === this.#input.length) return undefined;
      this.#held[this.#heldBytes++] = this.#input[this.#at++] as number;
    }
    const unused = this.#heldBytes - this.#parseHeader(this.#held, 0);
    if (unused > 0) {
      this.#settle();
      const back = Buffer.from(this.#held.subarray(this.#heldBytes - unused, this.#heldBytes));
      this.#input = Buffer.concat([back, this.#input.subarray(this.#at)]);
      this.#at = 0;
    }
    this.#heldBytes = 0;
    return this.#stream;
  }

  /** How many bytes the held header has, as far as its bytes so far tell. */
  #headerBytes(): number {
    const held = this.#held;
    if (this.#heldBytes === 0) return 1;
    const basic = basicHeaderBytes(held, 0);
    const format = held.readUInt8(0) >> 6;
    const whole = basic + (MESSAGE_HEADER_BYTES[format] as number);
    if (this.#heldBytes < whole) return whole;
    const isExtended =
      format === 3
        ? this.#streams.get(chunkStreamId(held, 0, basic))?.isExtended === true
        : held.readUIntBE(basic, 3) === EXTENDED;
    return isExtended ? whole + 4 : whole;
  }

  /** Takes the whole header at `from`, sets up the chunk, and answers the header's length. */
  #parseHeader(bytes: Buffer, from: number): number {
    const format = bytes.readUInt8(from) >> 6;
    const basic = basicHeaderBytes(bytes, from);
    const stream = this.#chunkStream(chunkStreamId(bytes, from, basic));
    let at = from + basic;
    if (format === 3) {
      if (!stream.hasLength)
        throw new RtmpError('bad-chunk', 'type 3 chunk on a chunk stream without a message');
      if (stream.isExtended) at += extendedBytesOfType3(stream, bytes.readUInt32BE(at));
      if (!stream.isReceiving) {
        // §5.3.1.2.4: a new message "with the same timestamp delta"; after a type 0 chunk, its timestamp is the delta.
        stream.timestampMs = (stream.timestampMs + stream.field) >>> 0;
      }
    } else {
      if (stream.isReceiving) throw new RtmpError('bad-chunk', `type ${format} chunk inside a message`);
      at = parseMessageHeader(stream, format, bytes, at);
    }
    if (stream !== this.#inPlace) this.#settle();
    if (!stream.isReceiving) this.#begin(stream);
    this.#stream = stream;
    this.#chunkLeft = Math.min(this.#chunkBytes, stream.lengthBytes - stream.receivedBytes);
    return at - from;
  }

  #chunkStream(id: number): ChunkStream {
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      if (this.#streams.size >= this.limits.maxChunkStreams) {
        throw new RtmpError(
          'too-many-chunk-streams',
          `more than ${this.limits.maxChunkStreams} chunk streams`,
        );
      }
      stream = new ChunkStream();
      this.#streams.set(id, stream);
    }
    return stream;
  }

  #begin(stream: ChunkStream): void {
    if (stream.lengthBytes > this.limits.maxMessageBytes) {
      throw new RtmpError(
        'message-too-long',
        `message of ${stream.lengthBytes} bytes, allowed are ${this.limits.maxMessageBytes}`,
      );
    }
    stream.isReceiving = true;
    stream.receivedBytes = 0;
  }

  #finish(stream: ChunkStream): void {
    this.#partialBytes -= stream.payload.length;
    stream.payload = NOTHING;
    stream.isReceiving = false;
  }

  /** Takes what the input has of this chunk's payload; answers the message when that completes it. */
  #readPayload(stream: ChunkStream): RtmpMessage | undefined {
    const count = Math.min(this.#chunkLeft, this.#input.length - this.#at);
    const from = this.#at;
    this.#at += count;
    if (stream.receivedBytes === 0) {
      this.#inPlace = stream;
      this.#inPlaceAt = from;
    } else if (stream === this.#inPlace) {
      this.#input.copyWithin(this.#inPlaceAt + stream.receivedBytes, from, this.#at);
    } else {
      this.#makeRoom(stream, stream.receivedBytes + count);
      this.#input.copy(stream.payload, stream.receivedBytes, from, this.#at);
    }
    stream.receivedBytes += count;
    this.#chunkLeft -= count;
    if (this.#chunkLeft > 0) return undefined;
    this.#stream = undefined;
    if (stream.receivedBytes < stream.lengthBytes) return undefined;
    const message = messageOf(stream, stream === this.#inPlace ? this.#takeInPlace(stream) : stream.payload);
    this.#finish(stream);
    return message;
  }

  /** The message in the input, as it is; or a copy, where it would keep much more alive than itself. */
  #takeInPlace(stream: ChunkStream): Buffer {
    this.#inPlace = undefined;
    const from = this.#inPlaceAt;
    const to = from + stream.lengthBytes;
    if (stream.lengthBytes * MAX_RETENTION >= this.#input.buffer.byteLength)
      return this.#input.subarray(from, to);
    const copy = allocate(stream.lengthBytes);
    this.#input.copy(copy, 0, from, to);
    return copy;
  }

  /** The input ends here, or another message comes between: what there is of the message moves to memory of its own. */
  #settle(): void {
    const stream = this.#inPlace;
    if (stream === undefined) return;
    this.#inPlace = undefined;
    this.#makeRoom(stream, stream.receivedBytes);
    this.#input.copy(stream.payload, 0, this.#inPlaceAt, this.#inPlaceAt + stream.receivedBytes);
  }

  #makeRoom(stream: ChunkStream, needed: number): void {
    if (needed <= stream.payload.length) return;
    // A header of 12 bytes may claim megabytes; they are reserved once a good part of them has come.
    const size = needed <= TRUSTED_BYTES ? Math.min(stream.lengthBytes, TRUSTED_BYTES) : stream.lengthBytes;
    const growth = size - stream.payload.length;
    if (this.#partialBytes + growth > this.limits.maxPartialBytes) {
      throw new RtmpError(
        'too-much-partial-data',
        `${this.#partialBytes + growth} bytes of unfinished messages, allowed are ${this.limits.maxPartialBytes}`,
      );
    }
    this.#partialBytes += growth;
    const larger = allocate(size);
    stream.payload.copy(larger);
    stream.payload = larger;
  }
}

function allocate(sizeBytes: number): Buffer {
  return sizeBytes < POOLED_BYTES ? Buffer.allocUnsafe(sizeBytes) : Buffer.allocUnsafeSlow(sizeBytes);
}

function messageOf(stream: ChunkStream, payload: Buffer): RtmpMessage {
  return { typeId: stream.typeId, streamId: stream.streamId, timestampMs: stream.timestampMs, payload };
}

/** §5.3.1.1: ids 2-63 take one byte, 64-319 two (marked 0), 64-65599 three (marked 1). */
function basicHeaderBytes(bytes: Buffer, from: number): number {
  const mark = bytes.readUInt8(from) & 0x3f;
  return mark === 0 ? 2 : mark === 1 ? 3 : 1;
}

function chunkStreamId(bytes: Buffer, from: number, basic: number): number {
  if (basic === 1) return bytes.readUInt8(from) & 0x3f;
  // "the third byte * 256 + the second byte + 64"
  return basic === 2 ? bytes.readUInt8(from + 1) + 64 : bytes.readUInt16LE(from + 1) + 64;
}

/** §5.3.1.2 and §5.3.1.3: message header of type 0, 1 or 2, and the extended timestamp. Answers where it ended. */
function parseMessageHeader(stream: ChunkStream, format: number, bytes: Buffer, from: number): number {
  let at = from;
  const field = bytes.readUIntBE(at, 3);
  at += 3;
  if (format <= 1) {
    stream.lengthBytes = bytes.readUIntBE(at, 3);
    stream.typeId = bytes.readUInt8(at + 3);
    stream.hasLength = true;
    at += 4;
  } else if (!stream.hasLength) {
    throw new RtmpError('bad-chunk', 'type 2 chunk on a chunk stream without a message');
  }
  if (format === 0) {
    stream.streamId = bytes.readUInt32LE(at);
    at += 4;
  }
  stream.isExtended = field === EXTENDED;
  stream.field = field;
  if (stream.isExtended) {
    stream.field = bytes.readUInt32BE(at);
    at += 4;
  }
  stream.timestampMs = format === 0 ? stream.field : (stream.timestampMs + stream.field) >>> 0;
  return at;
}

/**
 * §5.3.1.3: the extended timestamp "is present in Type 3 chunks when the most recent Type 0, 1, or 2 chunk for the same
 * chunk stream ID indicated the presence". Some encoders leave it out inside a message all the same: then the four
 * bytes there are payload, which shows in their not being the timestamp again.
 */
function extendedBytesOfType3(stream: ChunkStream, value: number): 0 | 4 {
  return !stream.isReceiving || value === stream.field || value === stream.timestampMs ? 4 : 0;
}
