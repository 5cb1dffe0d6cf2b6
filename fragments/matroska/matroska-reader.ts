import { type BlockContext, readBlock } from './block.ts';
import { DocumentHeader, MAX_HEADER_BYTES } from './document-header.ts';
import {
  ElementCursor,
  MAX_ID_LENGTH,
  MAX_SIZE_LENGTH,
  readId,
  readVint,
  UNKNOWN_SIZE,
  vintLength,
} from './ebml.ts';
import { ElementCollector } from './element-collector.ts';
import * as Id from './element-ids.ts';
import { readEbmlHeader } from './header-elements.ts';
import { MatroskaError, type MatroskaErrorCode, type MatroskaEvent } from './matroska-event.ts';
import { readTags } from './tags.ts';

const MAX_TAGS_BYTES = 1 << 20;
/** Seek tables, voids and unknown elements of the header are kept up to this size; pictures and fonts are not. */
const MAX_KEPT_BYTES = 1 << 16;
/** What is not looked at may be large, but not endless. */
const MAX_SKIPPED_BYTES = 256 << 20;
const MAX_TIMECODE_BYTES = 8;

export interface MatroskaReaderOptions {
  /** Largest SimpleBlock or BlockGroup, which is held in memory while it comes. */
  readonly maxBlockBytes?: number;
}

const DEFAULT_MAX_BLOCK_BYTES = 50_000_000;

/** Where the reader stands: outside of a Segment, among its children, or among those of a Cluster. */
type Level = 'document' | 'segment' | 'cluster';

/**
 * Reads an endless live Matroska stream as it arrives in pieces of any size. Sizes of a Cluster may be unknown; that of
 * the Segment is not looked at: it ends where another document begins. Frames are views of the pushed pieces where they
 * lie in one piece, and joined once where not, so nobody may write to pushed bytes. Memory is bounded by one block and
 * the header.
 */
export class MatroskaReader {
  readonly #maxBlockBytes: number;
  #failure: MatroskaError | undefined;

  /** Bytes of the stream before the chunk that is being read. */
  #chunkOffset = 0;
  /** The head of an element that is split over chunks. */
  readonly #scratch = new Uint8Array(MAX_ID_LENGTH + MAX_SIZE_LENGTH);
  #scratchBytes = 0;

  /** The element whose data are being read: its id, place in the stream and the length of its head. */
  #id = 0;
  #elementOffset = 0;
  #headBytes = 0;
  #collector: ElementCollector | undefined;
  #skipBytes = 0;

  #level: Level = 'document';
  #maxSizeLength = MAX_SIZE_LENGTH;
  #header: DocumentHeader | undefined;
  #followsCluster = false;
  /** Stream offset behind the cluster, Infinity when its size is unknown. */
  #clusterEnd = 0;
  #clusterTimecode: number | undefined;

  constructor(options: MatroskaReaderOptions = {}) {
    this.#maxBlockBytes = options.maxBlockBytes ?? DEFAULT_MAX_BLOCK_BYTES;
  }

  /** Bytes taken so far. */
  get bytesRead(): number {
    return this.#chunkOffset;
  }

  /**
   * Takes the next bytes and answers what they say. When they are bad, iterating yields the events in front of the bad
   * place and then throws MatroskaError; so does every later call.
   */
  push(bytes: Uint8Array): Iterable<MatroskaEvent> {
    return this.#collect((events) => {
      this.#read(bytes, events);
      this.#chunkOffset += bytes.length;
    });
  }

  /** The stream is over. Throws MatroskaError `truncated` when that is in the middle of an element of known size. */
  end(): Iterable<MatroskaEvent> {
    return this.#collect((events) => {
      const offset = this.#chunkOffset;
      if (this.#scratchBytes > 0 || this.#collector !== undefined || this.#skipBytes > 0) {
        throw new MatroskaError('truncated', offset, 'the stream ends within an element');
      }
      if (this.#level !== 'cluster') return;
      if (this.#clusterEnd !== Number.POSITIVE_INFINITY) {
        throw new MatroskaError('truncated', offset, 'the stream ends within a Cluster of known size');
      }
      this.#endCluster(offset, events);
    });
  }

  #collect(work: (events: MatroskaEvent[]) => void): Iterable<MatroskaEvent> {
    if (this.#failure !== undefined) throw this.#failure;
    const events: MatroskaEvent[] = [];
    try {
      work(events);
    } catch (error) {
      if (!(error instanceof MatroskaError)) throw error;
      this.#failure = error;
      return thenThrow(events, error);
    }
    return events;
  }

  #read(bytes: Uint8Array, events: MatroskaEvent[]): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, bytes.length - at);
        this.#skipBytes -= skipped;
        at += skipped;
        if (this.#skipBytes === 0) this.#afterElement(this.#chunkOffset + at, events);
      } else if (this.#collector !== undefined) {
        at += this.#collector.take(bytes, at);
        this.#finishCollected(this.#chunkOffset + at, events);
      } else {
        at = this.#readHead(bytes, at, events);
      }
    }
  }

  /** Reads an element's id and size at `at`, and its data where they are all there; answers where to go on. */
  #readHead(bytes: Uint8Array, at: number, events: MatroskaEvent[]): number {
    if (this.#scratchBytes === 0) {
      const length = this.#headLength(bytes, at, bytes.length);
      if (length > 0) {
        this.#elementOffset = this.#chunkOffset + at;
        return this.#openElement(bytes, at, length, bytes, at + length, events);
      }
    }
    let next = at;
    while (next < bytes.length) {
      if (this.#scratchBytes === 0) this.#elementOffset = this.#chunkOffset + next;
      this.#scratch[this.#scratchBytes++] = bytes[next++] ?? 0;
      const length = this.#headLength(this.#scratch, 0, this.#scratchBytes);
      if (length === 0) continue;
      this.#scratchBytes = 0;
      return this.#openElement(this.#scratch, 0, length, bytes, next, events);
    }
    return next;
  }

  /** Bytes of the id and size at `at`, 0 when not all of them are there. Throws MatroskaError when none can follow. */
  #headLength(bytes: Uint8Array, at: number, end: number): number {
    const idLength = vintLength(bytes[at] ?? 0);
    if (idLength > MAX_ID_LENGTH) {
      const offset = bytes === this.#scratch ? this.#elementOffset : this.#chunkOffset + at;
      const code = this.#header === undefined ? 'not-matroska' : 'bad-element';
      throw new MatroskaError(code, offset, `no element begins with byte ${bytes[at]}`);
    }
    const sizeAt = at + idLength;
    if (sizeAt >= end) return 0;
    const sizeLength = vintLength(bytes[sizeAt] ?? 0);
    if (sizeLength > this.#maxSizeLength) {
      const offset = bytes === this.#scratch ? this.#elementOffset : this.#chunkOffset + at;
      throw new MatroskaError('bad-size', offset, `a size that begins with byte ${bytes[sizeAt]}`);
    }
    const length = idLength + sizeLength;
    return at + length <= end ? length : 0;
  }

  /** `head` holds id and size at `headAt`; the data begin at `dataAt` of `bytes`. Answers where to go on in `bytes`. */
  #openElement(
    head: Uint8Array,
    headAt: number,
    headBytes: number,
    bytes: Uint8Array,
    dataAt: number,
    events: MatroskaEvent[],
  ): number {
    const idLength = vintLength(head[headAt] ?? 0);
    const id = readId(head, headAt, idLength);
    const size = readVint(head, headAt + idLength, headBytes - idLength);
    this.#id = id;
    this.#headBytes = headBytes;
    if (this.#header === undefined && id !== Id.EBML) {
      throw this.#error('not-matroska', 'the stream does not begin with an EBML header');
    }
    if (size > Number.MAX_SAFE_INTEGER) throw this.#error('bad-size', 'a size beyond 2^53');
    if (this.#level === 'cluster' && this.#clusterEnd === Number.POSITIVE_INFINITY && Id.isTopLevel(id)) {
      this.#endCluster(this.#elementOffset, events);
    }
    if (size === UNKNOWN_SIZE && id !== Id.SEGMENT && id !== Id.CLUSTER) {
      throw this.#error('bad-size', `element ${id.toString(16)} of unknown size`);
    }
    switch (this.#level) {
      case 'cluster':
        return this.#openInCluster(size, bytes, dataAt, events);
      case 'segment':
        return this.#openInSegment(size, head.subarray(headAt, headAt + headBytes), bytes, dataAt, events);
      case 'document':
        return this.#openInDocument(size, head.subarray(headAt, headAt + headBytes), dataAt, events);
    }
  }

  #openInDocument(size: number, head: Uint8Array, dataAt: number, events: MatroskaEvent[]): number {
    if (this.#id === Id.EBML) return this.#keep(size, head, dataAt, events);
    if (this.#id !== Id.SEGMENT) return this.#skip(size, dataAt, events);
    this.#level = 'segment';
    this.#header?.add(Id.SEGMENT, Uint8Array.from(head), head.length, this.#elementOffset);
    return dataAt;
  }

  #openInSegment(
    size: number,
    head: Uint8Array,
    bytes: Uint8Array,
    dataAt: number,
    events: MatroskaEvent[],
  ): number {
    switch (this.#id) {
      case Id.CLUSTER:
        this.#beginCluster(size, events);
        return dataAt;
      case Id.TAGS:
        this.#requireAtMost(size, MAX_TAGS_BYTES);
        return this.#take(size, bytes, dataAt, events);
      case Id.EBML:
      case Id.INFO:
      case Id.TRACKS:
        this.#requireAtMost(size, MAX_HEADER_BYTES);
        return this.#keep(size, head, dataAt, events);
      case Id.SEGMENT:
        throw this.#error('bad-element', 'a second Segment in one document');
      case Id.SIMPLE_BLOCK:
      case Id.BLOCK_GROUP:
        throw this.#error('bad-element', 'a block outside of a Cluster');
      default:
        return this.#followsCluster || size > MAX_KEPT_BYTES
          ? this.#skip(size, dataAt, events)
          : this.#keep(size, head, dataAt, events);
    }
  }

  #openInCluster(size: number, bytes: Uint8Array, dataAt: number, events: MatroskaEvent[]): number {
    if (this.#elementOffset + this.#headBytes + size > this.#clusterEnd) {
      throw this.#error('bad-size', 'an element reaches beyond its Cluster');
    }
    switch (this.#id) {
      case Id.SIMPLE_BLOCK:
      case Id.BLOCK_GROUP:
        this.#requireAtMost(size, this.#maxBlockBytes);
        return this.#take(size, bytes, dataAt, events);
      case Id.TIMECODE:
        this.#requireAtMost(size, MAX_TIMECODE_BYTES);
        return this.#take(size, bytes, dataAt, events);
      default:
        if (Id.isTopLevel(this.#id)) throw this.#error('bad-element', 'a top level element within a Cluster');
        return this.#skip(size, dataAt, events);
    }
  }

  /** Reads the data of an element: at once where they are here, else when they are. */
  #take(size: number, bytes: Uint8Array, dataAt: number, events: MatroskaEvent[]): number {
    const end = dataAt + size;
    if (end <= bytes.length) {
      this.#readData(bytes, dataAt, end, events);
      this.#afterElement(this.#chunkOffset + end, events);
      return end;
    }
    this.#collector = new ElementCollector(size);
    return dataAt;
  }

  /** Collects an element with its head, in memory of its own. */
  #keep(size: number, head: Uint8Array, dataAt: number, events: MatroskaEvent[]): number {
    this.#requireAtMost(size, MAX_HEADER_BYTES);
    this.#collector = new ElementCollector(head.length + size);
    this.#collector.take(head, 0);
    this.#finishCollected(this.#elementOffset + head.length, events);
    return dataAt;
  }

  #skip(size: number, dataAt: number, events: MatroskaEvent[]): number {
    this.#requireAtMost(size, MAX_SKIPPED_BYTES);
    this.#skipBytes = size;
    if (size === 0) this.#afterElement(this.#elementOffset + this.#headBytes, events);
    return dataAt;
  }

  #finishCollected(endOffset: number, events: MatroskaEvent[]): void {
    const element = this.#collector?.complete;
    if (element === undefined) return;
    this.#collector = undefined;
    this.#readData(element, 0, element.length, events);
    this.#afterElement(endOffset, events);
  }

  /** The data of the current element are in `[start, end)`; of kept elements, head and data. */
  #readData(bytes: Uint8Array, start: number, end: number, events: MatroskaEvent[]): void {
    const dataOffset = this.#elementOffset + this.#headBytes;
    if (this.#level === 'cluster') {
      if (this.#id === Id.SIMPLE_BLOCK) this.#simpleBlock(bytes, start, end, events);
      else if (this.#id === Id.BLOCK_GROUP) this.#blockGroup(bytes, start, end, events);
      else this.#timecode(bytes.subarray(start, end), events);
    } else if (this.#id === Id.EBML) {
      const { docType, maxSizeLength } = readEbmlHeader(bytes.subarray(this.#headBytes), dataOffset);
      this.#level = 'document';
      this.#followsCluster = false;
      this.#maxSizeLength = maxSizeLength;
      this.#header = new DocumentHeader();
      this.#header.add(Id.EBML, bytes, this.#headBytes, this.#elementOffset);
      events.push({ type: 'document', docType });
    } else if (this.#id === Id.TAGS) {
      const tags = readTags(bytes.subarray(start, end), dataOffset);
      events.push({
        type: 'tags',
        tags,
        position: this.#followsCluster ? 'after-cluster' : 'before-cluster',
      });
    } else {
      this.#followsCluster = false;
      this.#header?.add(this.#id, bytes, this.#headBytes, this.#elementOffset);
    }
  }

  #beginCluster(size: number, events: MatroskaEvent[]): void {
    const header = this.#header?.take(this.#elementOffset);
    if (header !== undefined) events.push(header);
    this.#level = 'cluster';
    this.#clusterTimecode = undefined;
    const dataOffset = this.#elementOffset + this.#headBytes;
    this.#clusterEnd = size === UNKNOWN_SIZE ? Number.POSITIVE_INFINITY : dataOffset + size;
    events.push({ type: 'cluster-begins' });
    this.#afterElement(dataOffset, events);
  }

  #timecode(data: Uint8Array, events: MatroskaEvent[]): void {
    if (this.#clusterTimecode !== undefined)
      throw this.#error('bad-element', 'a second Timestamp in a Cluster');
    let timecode = 0;
    for (const octet of data) timecode = timecode * 256 + octet;
    if (timecode > Number.MAX_SAFE_INTEGER) throw this.#error('bad-element', 'a Timestamp beyond 2^53');
    this.#clusterTimecode = timecode;
    events.push({ type: 'cluster', timecode });
  }

  #simpleBlock(bytes: Uint8Array, start: number, end: number, events: MatroskaEvent[]): void {
    readBlock(bytes, start, end, this.#elementOffset, this.#blockContext(undefined, undefined), events);
  }

  #blockGroup(bytes: Uint8Array, start: number, end: number, events: MatroskaEvent[]): void {
    const cursor = new ElementCursor(bytes, this.#elementOffset + this.#headBytes - start, start, end);
    let isKey = true;
    let durationTicks: number | undefined;
    let block: { readonly start: number; readonly end: number } | undefined;
    while (cursor.next()) {
      if (cursor.id === Id.BLOCK) block = { start: cursor.start, end: cursor.end };
      else if (cursor.id === Id.BLOCK_DURATION) durationTicks = cursor.uint();
      else if (cursor.id === Id.REFERENCE_BLOCK) isKey = false;
    }
    if (block === undefined) throw this.#error('bad-block', 'a BlockGroup without a Block');
    const context = this.#blockContext(isKey, durationTicks);
    readBlock(bytes, block.start, block.end, this.#elementOffset, context, events);
  }

  #blockContext(isKey: boolean | undefined, durationTicks: number | undefined): BlockContext {
    if (this.#clusterTimecode === undefined)
      throw this.#error('bad-block', "a block before its Cluster's Timestamp");
    return { clusterTimecode: this.#clusterTimecode, isKey, durationTicks, header: this.#header };
  }

  /** The element that was read ends at `offset`: does its Cluster, too? */
  #afterElement(offset: number, events: MatroskaEvent[]): void {
    if (this.#level === 'cluster' && offset === this.#clusterEnd) this.#endCluster(offset, events);
  }

  #endCluster(offset: number, events: MatroskaEvent[]): void {
    if (this.#clusterTimecode === undefined) {
      throw new MatroskaError('bad-element', offset, 'a Cluster without a Timestamp');
    }
    this.#level = 'segment';
    this.#followsCluster = true;
    const isSized = this.#clusterEnd !== Number.POSITIVE_INFINITY;
    events.push(isSized ? { type: 'cluster-ends', isSized } : { type: 'cluster-ends' });
  }

  #requireAtMost(size: number, maxBytes: number): void {
    if (size > maxBytes) {
      throw this.#error(
        'too-large',
        `element ${this.#id.toString(16)} of ${size} bytes, ${maxBytes} at most`,
      );
    }
  }

  #error(code: MatroskaErrorCode, message: string): MatroskaError {
    return new MatroskaError(code, this.#elementOffset, message);
  }
}

function* thenThrow(events: readonly MatroskaEvent[], error: MatroskaError): Generator<MatroskaEvent> {
  yield* events;
  throw error;
}
