import { type AmfObject, type AmfValue, amfObject } from './amf-value.ts';
import { RtmpError } from './rtmp-error.ts';

/**
 * Reads one AMF3 value (Adobe, "AMF 3 Specification", 2013). Clients that asked for object encoding 3 may put one
 * behind AMF0's avmplus marker; nothing here writes AMF3, since every peer must also read AMF0.
 */

const MAX_DEPTH = 16;

interface Traits {
  readonly isDynamic: boolean;
  readonly names: readonly string[];
}

/** What was read, where it ended, and how many values it held. Throws RtmpError `bad-amf`. */
export function decodeAmf3(
  bytes: Buffer,
  from: number,
  maxValues: number,
): { readonly value: AmfValue; readonly end: number; readonly values: number } {
  const reader = new Amf3Reader(bytes, from, maxValues);
  const value = reader.value(0);
  return { value, end: reader.at, values: reader.values };
}

class Amf3Reader {
  readonly #bytes: Buffer;
  readonly #maxValues: number;
  at: number;
  values = 0;
  readonly #strings: string[] = [];
  readonly #objects: AmfValue[] = [];
  readonly #traits: Traits[] = [];

  constructor(bytes: Buffer, from: number, maxValues: number) {
    this.#bytes = bytes;
    this.at = from;
    this.#maxValues = maxValues;
  }

  value(depth: number): AmfValue {
    if (depth > MAX_DEPTH) throw new RtmpError('bad-amf', `AMF3 nested deeper than ${MAX_DEPTH}`);
    if (++this.values > this.#maxValues) throw new RtmpError('bad-amf', 'too many AMF3 values');
    const marker = this.#bytes.readUInt8(this.#take(1));
    switch (marker) {
      case 0x00:
        return undefined;
      case 0x01:
        return null;
      case 0x02:
        return false;
      case 0x03:
        return true;
      case 0x04:
        // §3.6: integers are 29 bits in two's complement.
        return (this.#u29() << 3) >> 3;
      case 0x05:
        return this.#bytes.readDoubleBE(this.#take(8));
      case 0x06:
        return this.#string();
      case 0x07:
      case 0x0b:
        return this.#byReference((length) => this.#text(length));
      case 0x08:
        return this.#byReference(() => new Date(this.#bytes.readDoubleBE(this.#take(8))));
      case 0x09:
        return this.#array(depth);
      case 0x0a:
        return this.#object(depth);
      case 0x0c:
        // A byte array means nothing to RTMP commands: passed over, kept as its length.
        return this.#byReference((length) => {
          this.#take(length);
          return length;
        });
      default:
        throw new RtmpError('bad-amf', `unknown AMF3 marker ${marker} at byte ${this.at - 1}`);
    }
  }

  #take(count: number): number {
    const at = this.at;
    if (at + count > this.#bytes.length) throw new RtmpError('bad-amf', `AMF3 value cut short at byte ${at}`);
    this.at = at + count;
    return at;
  }

  /** §1.3.1: up to three bytes of seven bits with a continuation bit, then one of eight. */
  #u29(): number {
    let value = 0;
    for (let i = 0; i < 3; i++) {
      const byte = this.#bytes.readUInt8(this.#take(1));
      value = (value << 7) | (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return (value << 8) | this.#bytes.readUInt8(this.#take(1));
  }

  #text(length: number): string {
    const at = this.#take(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  #string(): string {
    const head = this.#u29();
    if ((head & 1) === 0) {
      const known = this.#strings[head >> 1];
      if (known === undefined)
        throw new RtmpError('bad-amf', `AMF3 reference to unknown string ${head >> 1}`);
      return known;
    }
    const text = this.#text(head >> 1);
    // §3.8: "the empty string is never sent by reference".
    if (text !== '') this.#strings.push(text);
    return text;
  }

  #byReference(read: (length: number) => AmfValue): AmfValue {
    const head = this.#u29();
    if ((head & 1) === 0) return this.#known(head >> 1);
    const value = read(head >> 1);
    this.#objects.push(value);
    return value;
  }

  #known(index: number): AmfValue {
    if (index >= this.#objects.length)
      throw new RtmpError('bad-amf', `AMF3 reference to unknown object ${index}`);
    return this.#objects[index];
  }

  #array(depth: number): AmfValue {
    const head = this.#u29();
    if ((head & 1) === 0) return this.#known(head >> 1);
    const count = head >> 1;
    if (count > this.#bytes.length - this.at)
      throw new RtmpError('bad-amf', `AMF3 array of ${count} cut short`);
    const array: AmfValue[] = [];
    this.#objects.push(array);
    // The associative part comes first and ends with an empty name; RTMP commands have no use for it.
    while (this.#string() !== '') this.value(depth + 1);
    for (let i = 0; i < count; i++) array.push(this.value(depth + 1));
    return array;
  }

  #object(depth: number): AmfValue {
    const head = this.#u29();
    if ((head & 1) === 0) return this.#known(head >> 1);
    const traits = this.#readTraits(head);
    const object: AmfObject = amfObject();
    this.#objects.push(object);
    for (const name of traits.names) object[name] = this.value(depth + 1);
    if (traits.isDynamic) {
      for (let name = this.#string(); name !== ''; name = this.#string())
        object[name] = this.value(depth + 1);
    }
    return object;
  }

  #readTraits(head: number): Traits {
    if ((head & 2) === 0) {
      const known = this.#traits[head >> 2];
      if (known === undefined)
        throw new RtmpError('bad-amf', `AMF3 reference to unknown traits ${head >> 2}`);
      return known;
    }
    // §3.12: an externalizable object's form is known to its class alone.
    if ((head & 4) !== 0) throw new RtmpError('bad-amf', 'AMF3 externalizable object');
    const count = head >> 4;
    if (count > this.#bytes.length - this.at)
      throw new RtmpError('bad-amf', `AMF3 traits of ${count} cut short`);
    this.#string();
    const names: string[] = [];
    for (let i = 0; i < count; i++) names.push(this.#string());
    const traits = { isDynamic: (head & 8) !== 0, names };
    this.#traits.push(traits);
    return traits;
  }
}
