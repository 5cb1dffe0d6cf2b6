/** Bytes that are no Protocol Buffers message, or not the one that is wanted. */
export class ProtobufError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtobufError';
  }
}

/** A field of a message: a number, or bytes (text and messages, too). Fields of fixed width are passed over. */
export type ProtobufField =
  | { readonly number: number; readonly value: number }
  | { readonly number: number; readonly bytes: Uint8Array };

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/** The fields of a message in their order; views, no copies. Throws ProtobufError. */
export function* readFields(message: Uint8Array): Generator<ProtobufField, void, undefined> {
  let at = 0;

  const varint = (): number => {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10; count++) {
      const byte = message[at];
      if (byte === undefined) throw new ProtobufError('a number breaks off');
      at += 1;
      value += (byte & 127) * factor;
      factor *= 128;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) throw new ProtobufError('a number is too large');
        return value;
      }
    }
    throw new ProtobufError('a number has more than ten bytes');
  };
  const skip = (bytes: number): number => {
    const start = at;
    if (bytes > message.length - at) throw new ProtobufError('a field breaks off');
    at += bytes;
    return start;
  };

  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new ProtobufError('a field has the number 0');
    switch (tag % 8) {
      case VARINT:
        yield { number, value: varint() };
        break;
      case BYTES: {
        const start = skip(varint());
        yield { number, bytes: message.subarray(start, at) };
        break;
      }
      case FIXED_64:
        skip(8);
        break;
      case FIXED_32:
        skip(4);
        break;
      default:
        throw new ProtobufError(`a field has the wire type ${tag % 8}`);
    }
  }
}
