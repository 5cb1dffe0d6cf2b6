import {
  HEADER_BYTES,
  PACKET_BYTES,
  PAT_PID,
  PMT_PID,
  putClockReference,
  putTimestamp,
  readClockReference,
  readTimestamp,
} from './ts-packet.ts';

/**
 * A copy of a segment of TsMuxer at another time: `shiftTicks` of 90 kHz are added to its PTS, DTS and PCR, its tables get
 * another continuity counter. One muxed segment serves so all viewers, whose timelines begin at different moments.
 */
export function restamp(segment: Uint8Array, shiftTicks: number, tableCounter: number): Buffer {
  const bytes = Buffer.from(segment);
  for (let at = 0; at + PACKET_BYTES <= bytes.length; at += PACKET_BYTES) {
    const flags = bytes[at + 1] ?? 0;
    const pid = ((flags & 0x1f) << 8) | (bytes[at + 2] ?? 0);
    const control = bytes[at + 3] ?? 0;
    if (pid === PAT_PID || pid === PMT_PID) {
      bytes[at + 3] = (control & 0xf0) | (tableCounter & 15);
      continue;
    }
    let payloadAt = at + HEADER_BYTES;
    if (control & 0x20) {
      const lengthBytes = bytes[payloadAt] ?? 0;
      if (lengthBytes > 0 && (bytes[payloadAt + 1] ?? 0) & 0x10) {
        putClockReference(bytes, payloadAt + 2, readClockReference(bytes, payloadAt + 2) + shiftTicks);
      }
      payloadAt += 1 + lengthBytes;
    }
    if ((flags & 0x40) === 0) continue;
    const timestamps = (bytes[payloadAt + 7] ?? 0) >> 6;
    putTimestamp(bytes, payloadAt + 9, timestamps, readTimestamp(bytes, payloadAt + 9) + shiftTicks);
    if (timestamps === 3) {
      putTimestamp(bytes, payloadAt + 14, 1, readTimestamp(bytes, payloadAt + 14) + shiftTicks);
    }
  }
  return bytes;
}
