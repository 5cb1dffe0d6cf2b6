import { type AmfObject, type AmfValue, amfObject, EcmaArray } from './amf-value.ts';
import { decodeAmf3 } from './amf3.ts';
import { RtmpError } from './rtmp-error.ts';

/**
 * Action Message Format 0 (Adobe, "AMF 0 Specification", 2007): the notation of RTMP commands and metadata.
 */

const Marker = {
  number: 0,
  boolean: 1,
  string: 2,
  object: 3,
  null: 5,
  undefined: 6,
  reference: 7,
  ecmaArray: 8,
  objectEnd: 9,
  strictArray: 10,
  date: 11,
  longString: 12,
  unsupported: 13,
  xml: 15,
  typedObject: 16,
  avmPlus: 17,
} as const;

/** Nested objects and arrays deeper than this are refused; real encoders stay under 5. */
const MAX_DEPTH = 16;
/** Values in one message, counted over all levels; real encoders stay under 100. */
const MAX_VALUES = 4096;

/** Reads all values of a command or data message. Throws RtmpError `bad-amf`. */
export function decodeAmf0(bytes: Buffer, from = 0): AmfValue[] {
  const reader = new Amf0Reader(bytes, from);
  const values: AmfValue[] = [];
  while (reader.hasMore) values.push(reader.value(0));
  return values;
}

class Amf0Reader {
  readonly #bytes: Buffer;
  #at: number;
  #values = 0;
  /** §2.9: "a reference ... an index into a table of previously serialized objects". */
  readonly #complex: AmfValue[] = [];

  constructor(bytes: Buffer, from: number) {
    this.#bytes = bytes;
    this.#at = from;
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  value(depth: number): AmfValue {
    if (depth > MAX_DEPTH) throw new RtmpError('bad-amf', `AMF0 nested deeper than ${MAX_DEPTH}`);
    if (++this.#values > MAX_VALUES) throw new RtmpError('bad-amf', `more than ${MAX_VALUES} AMF0 values`);
    const marker = this.#u8();
    switch (marker) {
      case Marker.number:
        return this.#bytes.readDoubleBE(this.#take(8));
      case Marker.boolean:
        return this.#u8() !== 0;
      case Marker.string:
        return this.#string();
      case Marker.object:
        return this.#object(depth);
      case Marker.null:
        return null;
      case Marker.undefined:
      case Marker.unsupported:
        return undefined;
      case Marker.reference:
        return this.#reference();
      case Marker.ecmaArray: {
        // The count is a hint only: encoders write 0 or a wrong number, and the end marker is what counts.
        this.#take(4);
        const array = new EcmaArray(amfObject());
        this.#complex.push(array);
        this.#properties(array.properties, depth);
        return array;
      }
      case Marker.strictArray:
        return this.#strictArray(depth);
      case Marker.date: {
        const at = this.#take(10);
        // §2.13: the two bytes of time zone after it are "reserved, not supported, should be set to 0".
        return new Date(this.#bytes.readDoubleBE(at));
      }
      case Marker.longString:
      case Marker.xml:
        return this.#longString();
      case Marker.typedObject:
        this.#string();
        return this.#object(depth);
      case Marker.avmPlus: {
        const { value, end, values } = decodeAmf3(this.#bytes, this.#at, MAX_VALUES - this.#values);
        this.#at = end;
        this.#values += values;
        return value;
      }
      default:
        throw new RtmpError('bad-amf', `unknown AMF0 marker ${marker} at byte ${this.#at - 1}`);
    }
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new RtmpError('bad-amf', `AMF0 value cut short at byte ${at}`);
    this.#at = at + count;
    return at;
  }

  #u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  #string(): string {
    const length = this.#bytes.readUInt16BE(this.#take(2));
    const at = this.#take(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  #longString(): string {
    const length = this.#bytes.readUInt32BE(this.#take(4));
    const at = this.#take(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  #object(depth: number): AmfObject {
    const target = amfObject();
    this.#complex.push(target);
    this.#properties(target, depth);
    return target;
  }

  #properties(target: AmfObject, depth: number): void {
    for (;;) {
      const name = this.#string();
      if (name === '' && this.#bytes[this.#at] === Marker.objectEnd) {
        this.#at++;
        return;
      }
      target[name] = this.value(depth + 1);
    }
  }

  #strictArray(depth: number): AmfValue[] {
    const count = this.#bytes.readUInt32BE(this.#take(4));
    // Every value takes at least its marker byte, so a larger count is a lie.
    if (count > this.#bytes.length - this.#at)
      throw new RtmpError('bad-amf', `AMF0 array of ${count} cut short`);
    const array: AmfValue[] = [];
    this.#complex.push(array);
    for (let i = 0; i < count; i++) array.push(this.value(depth + 1));
    return array;
  }

  #reference(): AmfValue {
    const index = this.#bytes.readUInt16BE(this.#take(2));
    if (index >= this.#complex.length)
      throw new RtmpError('bad-amf', `AMF0 reference to unknown object ${index}`);
    return this.#complex[index];
  }
}

/** Writes values one after the other. */
export function encodeAmf0(values: readonly AmfValue[]): Buffer {
  const pieces: Buffer[] = [];
  for (const value of values) encodeValue(value, pieces);
  return Buffer.concat(pieces);
}

function encodeValue(value: AmfValue, out: Buffer[]): void {
  if (value === null) out.push(Buffer.of(Marker.null));
  else if (value === undefined) out.push(Buffer.of(Marker.undefined));
  else if (typeof value === 'boolean') out.push(Buffer.of(Marker.boolean, value ? 1 : 0));
  else if (typeof value === 'number') out.push(encodeDouble(Marker.number, value));
  else if (typeof value === 'string') encodeString(value, out);
  else if (value instanceof Date) out.push(encodeDouble(Marker.date, value.getTime()), Buffer.of(0, 0));
  else if (Array.isArray(value)) {
    out.push(encodeCount(Marker.strictArray, value.length));
    for (const item of value) encodeValue(item, out);
  } else if (value instanceof EcmaArray) {
    out.push(encodeCount(Marker.ecmaArray, Object.keys(value.properties).length));
    encodeProperties(value.properties, out);
  } else {
    out.push(Buffer.of(Marker.object));
    encodeProperties(value, out);
  }
}

function encodeProperties(properties: AmfObject, out: Buffer[]): void {
  for (const [name, value] of Object.entries(properties)) {
    const text = Buffer.from(name);
    if (text.length > 0xffff) throw new RtmpError('bad-amf', `AMF0 property name of ${text.length} bytes`);
    const length = Buffer.allocUnsafe(2);
    length.writeUInt16BE(text.length);
    out.push(length, text);
    encodeValue(value, out);
  }
  out.push(Buffer.of(0, 0, Marker.objectEnd));
}

function encodeString(value: string, out: Buffer[]): void {
  const text = Buffer.from(value);
  if (text.length > 0xffff) {
    out.push(encodeCount(Marker.longString, text.length), text);
    return;
  }
  const head = Buffer.allocUnsafe(3);
  head.writeUInt8(Marker.string);
  head.writeUInt16BE(text.length, 1);
  out.push(head, text);
}

function encodeDouble(marker: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  bytes.writeUInt8(marker);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function encodeCount(marker: number, count: number): Buffer {
  const bytes = Buffer.allocUnsafe(5);
  bytes.writeUInt8(marker);
  bytes.writeUInt32BE(count, 1);
  return bytes;
}
