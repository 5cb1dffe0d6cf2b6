import { crc32Mpeg } from './crc32-mpeg.ts';
import { HEADER_BYTES, PACKET_BYTES, PAT_PID, PMT_PID, SYNC_BYTE } from './ts-packet.ts';

/** The two tables that a player must have before it can read the rest: PAT and PMT (ISO 13818-1 §2.4.4). */

const PROGRAM_NUMBER = 1;
const PAT_TABLE_ID = 0;
const PMT_TABLE_ID = 2;

/** An elementary stream as the PMT names it. */
export interface ProgramStream {
  readonly pid: number;
  /** Table 2-34. */
  readonly streamType: number;
}

/** Writes the PAT and the PMT of one program, a packet each. `counter`: continuity counter of both. */
export function writeProgramTables(
  target: Buffer,
  at: number,
  streams: readonly ProgramStream[],
  clockPid: number,
  counter: number,
): void {
  const program = Uint8Array.of(0, PROGRAM_NUMBER, 0xe0 | (PMT_PID >> 8), PMT_PID & 0xff);
  writeSectionPacket(target, at, PAT_PID, counter, section(PAT_TABLE_ID, program));
  const map = [
    ...[0xe0 | (clockPid >> 8), clockPid & 0xff, 0xf0, 0], // no program descriptors
    ...streams.flatMap(({ pid, streamType }) => [streamType, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, 0]),
  ];
  writeSectionPacket(
    target,
    at + PACKET_BYTES,
    PMT_PID,
    counter,
    section(PMT_TABLE_ID, Uint8Array.from(map)),
  );
}

/** A whole table in one section: version 0, current, section 0 of 0. Its id is that of the program, or 1 for the PAT. */
function section(tableId: number, content: Uint8Array): Buffer {
  const lengthBytes = 5 + content.length + 4;
  const bytes = Buffer.alloc(3 + lengthBytes);
  bytes[0] = tableId;
  bytes.writeUInt16BE(0xb000 | lengthBytes, 1);
  bytes.writeUInt16BE(PROGRAM_NUMBER, 3);
  bytes[5] = 0xc1;
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32Mpeg(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

function writeSectionPacket(target: Buffer, at: number, pid: number, counter: number, table: Buffer): void {
  target[at] = SYNC_BYTE;
  target.writeUInt16BE(0x4000 | pid, at + 1);
  target[at + 3] = 0x10 | (counter & 15);
  target[at + HEADER_BYTES] = 0; // pointer_field: the section begins at once
  table.copy(target, at + HEADER_BYTES + 1);
  target.fill(0xff, at + HEADER_BYTES + 1 + table.length, at + PACKET_BYTES);
}
