import { CodecError } from './codec-error.ts';

/** Open bitstream units of AV1 (AV1 specification §5.3) in the low-overhead form: each with its size, except perhaps the last. */

export const OBU_SEQUENCE_HEADER = 1;
export const OBU_TEMPORAL_DELIMITER = 2;
export const OBU_FRAME_HEADER = 3;
export const OBU_FRAME = 6;

/** §4.10.5: leb128 takes at most eight bytes. */
const MAX_LEB128_BYTES = 8;

/**
 * Walks the OBUs of a temporal unit without allocating. An OBU that runs past the end ends the walk with `isTorn` set.
 */
export class ObuCursor {
  readonly #unit: Uint8Array;
  type = 0;
  /** First byte of the OBU header. */
  start = 0;
  /** First byte behind header and size. */
  payloadStart = 0;
  end = 0;
  isTorn = false;

  constructor(unit: Uint8Array) {
    this.#unit = unit;
  }

  next(): boolean {
    const unit = this.#unit;
    const start = this.end;
    const header = unit[start];
    if (header === undefined || this.isTorn) return false;
    // obu_forbidden_bit 1, obu_type 4, obu_extension_flag 1, obu_has_size_field 1, reserved 1
    let position = start + ((header & 4) !== 0 ? 2 : 1);
    let end = unit.length;
    if ((header & 2) !== 0) {
      let size = 0;
      let more = true;
      for (let i = 0; more; i++) {
        const byte = unit[position];
        if (byte === undefined || i === MAX_LEB128_BYTES) return this.#torn();
        size += (byte & 127) * 2 ** (7 * i);
        more = byte >= 128;
        position += 1;
      }
      end = position + size;
    }
    if (end > unit.length || position > end) return this.#torn();
    this.type = (header >> 3) & 15;
    this.start = start;
    this.payloadStart = position;
    this.end = end;
    return true;
  }

  #torn(): false {
    this.isTorn = true;
    return false;
  }
}

/** The payload of the first sequence header in a run of OBUs, as a view. Throws CodecError `truncated` when it is torn before one. */
export function findSequenceHeader(unit: Uint8Array): Uint8Array | undefined {
  const cursor = new ObuCursor(unit);
  while (cursor.next()) {
    if (cursor.type === OBU_SEQUENCE_HEADER) return unit.subarray(cursor.payloadStart, cursor.end);
  }
  if (cursor.isTorn) throw new CodecError('truncated', 'OBU runs past the end');
  return undefined;
}

/** A sequence header OBU with its size field and no extension. */
export function sequenceHeaderObu(payload: Uint8Array): Uint8Array {
  const size: number[] = [];
  let left = payload.length;
  do {
    size.push((left & 127) | (left > 127 ? 128 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.concat([Uint8Array.of((OBU_SEQUENCE_HEADER << 3) | 2, ...size), payload]);
}

/**
 * A sample without temporal delimiters: "OBU_TEMPORAL_DELIMITER ... SHOULD NOT be present" in samples (AV1-ISOBMFF
 * §2.4). Answers a view where the delimiter comes first, which it does, and the same array where there is none.
 */
export function withoutTemporalDelimiters(unit: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  let keptFrom = 0;
  const cursor = new ObuCursor(unit);
  while (cursor.next()) {
    if (cursor.type !== OBU_TEMPORAL_DELIMITER) continue;
    if (cursor.start > keptFrom) kept.push(unit.subarray(keptFrom, cursor.start));
    keptFrom = cursor.end;
  }
  const rest = unit.subarray(keptFrom);
  return kept.length === 0 ? rest : Buffer.concat([...kept, rest]);
}
