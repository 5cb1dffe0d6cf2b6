/** EBML elements as bytes (RFC 8794). Ids are numbers with their marker bits. */

/** Sizes that a fixed number of octets can tell; one more value means unknown. */
function maxSize(length: number): number {
  return 2 ** (7 * length) - 2;
}

/** A size in the fewest octets that hold it, or in `length` of them. Throws RangeError when it does not fit. */
export function sizeBytes(size: number, length = shortestSize(size)): Uint8Array {
  if (size > maxSize(length)) throw new RangeError(`a size of ${size} does not fit in ${length} bytes`);
  const bytes = new Uint8Array(length);
  let rest = size;
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[0] = (bytes[0] ?? 0) | (0x80 >> (length - 1));
  return bytes;
}

/** "The size is unknown", in eight octets. */
export const UNKNOWN_SIZE_BYTES: Uint8Array = Uint8Array.of(1, 255, 255, 255, 255, 255, 255, 255);

function shortestSize(size: number): number {
  let length = 1;
  while (size > maxSize(length)) length += 1;
  return length;
}

/** The octets of an id. */
export function idBytes(id: number): Uint8Array {
  const length = id > 0xff_ffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;
  return Uint8Array.from({ length }, (_, i) => id >>> (8 * (length - 1 - i)));
}

/** An element of these parts; `sizeLength` octets tell its size, the fewest by default. */
export function element(id: number, parts: readonly Uint8Array[], sizeLength?: number): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([idBytes(id), sizeBytes(size, sizeLength), ...parts]);
}

/** An unsigned integer element in the fewest octets, one at least. */
export function uintElement(id: number, value: number | bigint): Uint8Array {
  const hex = value.toString(16);
  return element(id, [Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')]);
}

export function floatElement(id: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return element(id, [bytes]);
}

/** A UTF-8 element. */
export function textElement(id: number, value: string, sizeLength?: number): Uint8Array {
  return element(id, [Buffer.from(value, 'utf8')], sizeLength);
}
