import type { AwsOutput } from '../aws-call.ts';
import type { Shape, StructureShape } from '../model.ts';

/**
 * CBOR as AWS services write it (kinesis-data-streams.md §1): bytes as byte strings, times as integers of milliseconds under
 * tag 1, everything of definite length.
 */

const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
/** Tag 1: epoch time. */
const TIME_TAG = 0xc1;
const FALSE = 0xf4;
const TRUE = 0xf5;
const DOUBLE = 0xfb;

/** Writes the members of a structure that the model has for the body; absent and undefined ones are left out. */
export function writeCbor(shape: StructureShape, value: AwsOutput): Uint8Array {
  const writer = new CborWriter();
  writer.structure(shape, value);
  return writer.bytes();
}

/** Writes a map of texts: errors have no shape of their own. */
export function writeCborTexts(members: Readonly<Record<string, string>>): Uint8Array {
  const writer = new CborWriter();
  writer.texts(members);
  return writer.bytes();
}

class CborWriter {
  #buffer = Buffer.allocUnsafe(1024);
  #at = 0;

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#at);
  }

  structure(shape: StructureShape, value: AwsOutput): void {
    const members = shape.members.filter(
      ({ name, header, isPayload }) =>
        value[name] !== undefined && value[name] !== null && header === undefined && !isPayload,
    );
    this.#head(MAP, members.length);
    for (const { name, shape: memberShape } of members) {
      this.#text(name);
      this.#value(memberShape, value[name]);
    }
  }

  texts(members: Readonly<Record<string, string>>): void {
    const entries = Object.entries(members);
    this.#head(MAP, entries.length);
    for (const [key, text] of entries) {
      this.#text(key);
      this.#text(text);
    }
  }

  #value(shape: Shape, value: unknown): void {
    switch (shape.type) {
      case 'structure':
        this.structure(shape, value as AwsOutput);
        return;
      case 'list': {
        const list = value as readonly unknown[];
        this.#head(LIST, list.length);
        for (const element of list) this.#value(shape.element, element);
        return;
      }
      case 'map': {
        const entries = Object.entries(value as AwsOutput);
        this.#head(MAP, entries.length);
        for (const [key, element] of entries) {
          this.#text(key);
          this.#value(shape.value, element);
        }
        return;
      }
      case 'blob': {
        const bytes = value as Uint8Array;
        this.#head(BYTES, bytes.length);
        this.#room(bytes.length);
        this.#buffer.set(bytes, this.#at);
        this.#at += bytes.length;
        return;
      }
      case 'timestamp':
        this.#room(1);
        this.#buffer[this.#at++] = TIME_TAG;
        this.#number(Math.round(value as number));
        return;
      case 'boolean':
        this.#room(1);
        this.#buffer[this.#at++] = value === true ? TRUE : FALSE;
        return;
      case 'string':
        this.#text(value as string);
        return;
      default:
        this.#number(value as number);
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value)) {
      if (value < 0) this.#head(NEGATIVE, -1 - value);
      else this.#head(UNSIGNED, value);
      return;
    }
    this.#room(9);
    this.#buffer[this.#at] = DOUBLE;
    this.#at = this.#buffer.writeDoubleBE(value, this.#at + 1);
  }

  #text(text: string): void {
    const sizeBytes = Buffer.byteLength(text);
    this.#head(TEXT, sizeBytes);
    this.#room(sizeBytes);
    this.#at += this.#buffer.write(text, this.#at);
  }

  /** The shortest form, RFC 8949 §4.2.1. */
  #head(major: number, argument: number): void {
    this.#room(9);
    const first = major << 5;
    if (argument < 24) {
      this.#buffer[this.#at++] = first | argument;
    } else if (argument < 0x100) {
      this.#buffer[this.#at] = first | 24;
      this.#at = this.#buffer.writeUInt8(argument, this.#at + 1);
    } else if (argument < 0x1_0000) {
      this.#buffer[this.#at] = first | 25;
      this.#at = this.#buffer.writeUInt16BE(argument, this.#at + 1);
    } else if (argument < 0x1_0000_0000) {
      this.#buffer[this.#at] = first | 26;
      this.#at = this.#buffer.writeUInt32BE(argument, this.#at + 1);
    } else {
      this.#buffer[this.#at] = first | 27;
      this.#at = this.#buffer.writeBigUInt64BE(BigInt(argument), this.#at + 1);
    }
  }

  #room(sizeBytes: number): void {
    if (this.#at + sizeBytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + sizeBytes));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}
