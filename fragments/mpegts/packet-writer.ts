import { type AccessUnit, HEADROOM_BYTES } from './access-unit.ts';
import { type ProgramStream, writeProgramTables } from './program-tables.ts';
import {
  HEADER_BYTES,
  PACKET_BYTES,
  PAYLOAD_BYTES,
  putClockReference,
  putTimestamp,
  SYNC_BYTE,
} from './ts-packet.ts';

/** Output is handed on in blocks of this many packets. */
const BLOCK_PACKETS = 696;
const NO_BLOCK = Buffer.alloc(0);
const COUNTERS = 16;
const MAX_AUDIO_PES_BYTES = 0xffff;
const ADAPTATION_ONLY = 0x20;
const PAYLOAD_ONLY = 0x10;
const RANDOM_ACCESS = 0x40;
const HAS_CLOCK = 0x10;
/** adaptation_field_length and the flags; a clock reference takes six bytes more. */
const ADAPTATION_HEAD_BYTES = 2;
const CLOCK_BYTES = 6;
const VIDEO_STREAM_ID = 0xe0;

/** Where the packets of one elementary stream go. */
export interface PacketStream {
  readonly pid: number;
  readonly streamId: number;
  /** Continuity counter of its next packet. */
  counter: number;
}

/** An access unit on its way. Times are ticks of 90 kHz. */
export interface PesContent {
  readonly unit: AccessUnit;
  readonly pts: number;
  readonly dts: number;
  /** Present on some packets of the clock's stream. */
  readonly clock: number | undefined;
  readonly isSync: boolean;
  /** The last one of its stream in this segment. */
  readonly isLast: boolean;
}

/** Cuts PES packets (ISO 13818-1 §2.4.3.6) into transport stream packets and hands them on in blocks. */
export class PacketWriter {
  readonly #emit: (block: Buffer) => void;
  /** Made when a packet is written. */
  #block = NO_BLOCK;
  #at = 0;

  constructor(emit: (block: Buffer) => void) {
    this.#emit = emit;
  }

  writeTables(streams: readonly ProgramStream[], clockPid: number, counter: number): void {
    const at = this.#take(2);
    writeProgramTables(this.#block, at, streams, clockPid, counter);
  }

  /** A packet with a clock reference and nothing else; it does not count (§2.4.3.3). */
  writeClock(stream: PacketStream, clock: number): void {
    const at = this.#take(1);
    const packet = this.#block;
    this.#putHeader(at, stream.pid, 0, ADAPTATION_ONLY, (stream.counter + COUNTERS - 1) % COUNTERS);
    packet[at + HEADER_BYTES] = PAYLOAD_BYTES - 1;
    packet[at + HEADER_BYTES + 1] = HAS_CLOCK;
    putClockReference(packet, at + HEADER_BYTES + 2, clock);
    packet.fill(0xff, at + HEADER_BYTES + ADAPTATION_HEAD_BYTES + CLOCK_BYTES, at + PACKET_BYTES);
  }

  /**
   * Writes one PES packet. The last one of a stream is spread over so many packets that the stream's count in the segment is
   * a multiple of 16: each segment can so begin at counter 0, and is continuous with whichever comes before it.
   */
  writePes(stream: PacketStream, content: PesContent): void {
    const { unit, isLast } = content;
    const hasDts = content.dts !== content.pts;
    const fieldBytes = hasDts ? 10 : 5;
    const adaptationBytes = adaptationBytesOf(content);
    // Each packet takes a byte of payload at least, the first one all fields of the header: stuffing helps where little is there.
    const leastBytes = isLast ? 9 + fieldBytes + COUNTERS : 0;
    const stuffingBytes = Math.max(0, leastBytes - (9 + fieldBytes + unit.length));
    const headerBytes = 9 + fieldBytes + stuffingBytes;
    const totalBytes = headerBytes + unit.length;
    let packets = Math.ceil((totalBytes + adaptationBytes) / PAYLOAD_BYTES);
    if (isLast) packets += (2 * COUNTERS - ((stream.counter + packets) % COUNTERS)) % COUNTERS;

    writePesHeader(stream.streamId, content, headerBytes, stuffingBytes);
    let from = HEADROOM_BYTES - headerBytes;
    let leftBytes = totalBytes;
    for (let left = packets; left > 0; left--) {
      const at = this.#take(1);
      const isFirst = left === packets;
      const roomBytes = PAYLOAD_BYTES - (isFirst ? adaptationBytes : 0);
      const takenBytes = Math.min(roomBytes, leftBytes - (left - 1));
      const payloadAt = at + PACKET_BYTES - takenBytes;
      const hasAdaptation = takenBytes < PAYLOAD_BYTES;
      const control = hasAdaptation ? ADAPTATION_ONLY | PAYLOAD_ONLY : PAYLOAD_ONLY;
      this.#putHeader(at, stream.pid, isFirst ? 0x40 : 0, control, stream.counter);
      if (hasAdaptation) this.#putAdaptation(at, payloadAt, isFirst ? content : undefined);
      stream.counter = (stream.counter + 1) % COUNTERS;
      unit.bytes.copy(this.#block, payloadAt, from, from + takenBytes);
      from += takenBytes;
      leftBytes -= takenBytes;
    }
  }

  /** Hands on what is there. */
  flush(): void {
    if (this.#at === 0) return;
    const block = this.#block.subarray(0, this.#at);
    this.#block = NO_BLOCK;
    this.#at = 0;
    this.#emit(block);
  }

  /** Room for some packets in one block. */
  #take(packets: number): number {
    if (this.#at + packets * PACKET_BYTES > this.#block.length) {
      this.flush();
      this.#block = Buffer.allocUnsafeSlow(BLOCK_PACKETS * PACKET_BYTES);
    }
    const at = this.#at;
    this.#at += packets * PACKET_BYTES;
    return at;
  }

  #putHeader(at: number, pid: number, startFlag: number, control: number, counter: number): void {
    const packet = this.#block;
    packet[at] = SYNC_BYTE;
    packet[at + 1] = startFlag | (pid >> 8);
    packet[at + 2] = pid;
    packet[at + 3] = control | counter;
  }

  /** The adaptation field up to the payload: flags and clock of the access unit's first packet, else stuffing alone. */
  #putAdaptation(packetAt: number, payloadAt: number, of: PesContent | undefined): void {
    const packet = this.#block;
    let at = packetAt + HEADER_BYTES;
    packet[at] = payloadAt - at - 1;
    at += 1;
    if (at === payloadAt) return;
    packet[at] = (of?.isSync ? RANDOM_ACCESS : 0) | (of?.clock === undefined ? 0 : HAS_CLOCK);
    at += 1;
    if (of?.clock !== undefined) {
      putClockReference(packet, at, of.clock);
      at += CLOCK_BYTES;
    }
    packet.fill(0xff, at, payloadAt);
  }
}

function adaptationBytesOf({ clock, isSync }: PesContent): number {
  if (clock !== undefined) return ADAPTATION_HEAD_BYTES + CLOCK_BYTES;
  return isSync ? ADAPTATION_HEAD_BYTES : 0;
}

/** Writes the header into the room in front of the access unit. */
function writePesHeader(
  streamId: number,
  { unit, pts, dts }: PesContent,
  headerBytes: number,
  stuffingBytes: number,
): void {
  const header = unit.bytes;
  const at = HEADROOM_BYTES - headerBytes;
  const hasDts = dts !== pts;
  const pesBytes = headerBytes - 6 + unit.length;
  header.writeUInt32BE(0x100 | streamId, at);
  // "A value of 0 indicates that the PES packet length is neither specified nor bounded": video only.
  header.writeUInt16BE(streamId === VIDEO_STREAM_ID || pesBytes > MAX_AUDIO_PES_BYTES ? 0 : pesBytes, at + 4);
  header[at + 6] = 0x84; // data_alignment_indicator: the access unit begins at once
  header[at + 7] = hasDts ? 0xc0 : 0x80;
  header[at + 8] = headerBytes - 9;
  putTimestamp(header, at + 9, hasDts ? 3 : 2, pts);
  if (hasDts) putTimestamp(header, at + 14, 1, dts);
  if (stuffingBytes > 0) header.fill(0xff, HEADROOM_BYTES - stuffingBytes, HEADROOM_BYTES);
}
