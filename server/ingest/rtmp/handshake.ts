import { randomFillSync } from 'node:crypto';
import {
  CLIENT_KEYS,
  type DigestScheme,
  findDigest,
  HANDSHAKE_BYTES,
  SERVER_KEYS,
  signAnswer,
  signPacket,
} from './handshake-digest.ts';
import { RtmpError } from './rtmp-error.ts';

/**
 * The RTMP handshake (Adobe RTMP 1.0 §5.2), both sides, sans IO. Three packets each way: one byte of version, 1536
 * bytes of own noise, 1536 bytes of the peer's noise back.
 */

const RTMP_VERSION = 3;
/** What our digest handshakes claim to be: any version with a non-zero first byte makes the peer look for a digest. */
const DIGEST_VERSION = 0x04050001;

/** What a handshake wants done after it was given bytes. */
export interface HandshakeStep {
  /** To be sent to the peer, in order. */
  readonly output: readonly Buffer[];
  /** Bytes that came after the handshake; `undefined` while it is not finished. */
  readonly rest: Buffer | undefined;
}

/** Gathers version byte and the two packets from pieces of any size. */
class PacketGatherer {
  readonly #bytes = Buffer.allocUnsafeSlow(1 + 2 * HANDSHAKE_BYTES);
  #length = 0;

  /** Takes what it needs and answers what is left over. */
  take(input: Buffer): Buffer {
    const count = Math.min(input.length, this.#bytes.length - this.#length);
    input.copy(this.#bytes, this.#length, 0, count);
    if (this.#length === 0 && count > 0 && this.#bytes[0] !== RTMP_VERSION) {
      throw new RtmpError('bad-version', `RTMP version ${this.#bytes[0]}, expected ${RTMP_VERSION}`);
    }
    this.#length += count;
    return input.subarray(count);
  }

  get hasFirst(): boolean {
    return this.#length >= 1 + HANDSHAKE_BYTES;
  }

  get isComplete(): boolean {
    return this.#length === this.#bytes.length;
  }

  /** C1 or S1. */
  get first(): Buffer {
    return this.#bytes.subarray(1, 1 + HANDSHAKE_BYTES);
  }
}

/** The server's side: answers C0+C1 with S0+S1+S2 in the client's own form, then waits for C2. */
export class ServerHandshake {
  readonly #gatherer = new PacketGatherer();
  #answered = false;

  /** Throws RtmpError `bad-version`. */
  push(input: Buffer, nowMs: number): HandshakeStep {
    const rest = this.#gatherer.take(input);
    const output: Buffer[] = [];
    if (!this.#answered && this.#gatherer.hasFirst) {
      this.#answered = true;
      output.push(serverAnswer(this.#gatherer.first, nowMs));
    }
    // C2 repeats our noise. librtmp and many cameras get it wrong, and nothing depends on it: it is not compared.
    return { output, rest: this.#gatherer.isComplete ? rest : undefined };
  }
}

function serverAnswer(c1: Buffer, nowMs: number): Buffer {
  const answer = Buffer.allocUnsafe(1 + 2 * HANDSHAKE_BYTES);
  answer.writeUInt8(RTMP_VERSION);
  const s1 = answer.subarray(1, 1 + HANDSHAKE_BYTES);
  const s2 = answer.subarray(1 + HANDSHAKE_BYTES);
  const clientDigest = c1.readUInt32BE(4) === 0 ? undefined : findDigest(c1, CLIENT_KEYS);
  if (clientDigest === undefined) {
    fillNoise(s1, nowMs, 0);
    // §5.2.4: S2 is the time of C1, the time it was read, and C1's noise.
    c1.copy(s2);
    s2.writeUInt32BE(nowMs >>> 0, 4);
  } else {
    fillNoise(s1, nowMs, DIGEST_VERSION);
    signPacket(s1, clientDigest.scheme, SERVER_KEYS);
    randomFillSync(s2);
    signAnswer(s2, clientDigest.digest, SERVER_KEYS);
  }
  return answer;
}

/** The client's side. */
export class ClientHandshake {
  readonly #gatherer = new PacketGatherer();
  readonly #scheme: DigestScheme | undefined;
  #answered = false;

  /** `scheme`: use the digest form; the simple one, which every server takes, otherwise. */
  constructor(scheme?: DigestScheme) {
    this.#scheme = scheme;
  }

  /** C0 and C1. */
  start(nowMs: number): Buffer {
    const packet = Buffer.allocUnsafe(1 + HANDSHAKE_BYTES);
    packet.writeUInt8(RTMP_VERSION);
    const c1 = packet.subarray(1);
    fillNoise(c1, nowMs, this.#scheme === undefined ? 0 : DIGEST_VERSION);
    if (this.#scheme !== undefined) signPacket(c1, this.#scheme, CLIENT_KEYS);
    return packet;
  }

  /** Throws RtmpError `bad-version`. */
  push(input: Buffer, nowMs: number): HandshakeStep {
    const rest = this.#gatherer.take(input);
    const output: Buffer[] = [];
    if (!this.#answered && this.#gatherer.hasFirst) {
      this.#answered = true;
      output.push(this.#answer(this.#gatherer.first, nowMs));
    }
    return { output, rest: this.#gatherer.isComplete ? rest : undefined };
  }

  #answer(s1: Buffer, nowMs: number): Buffer {
    const c2 = Buffer.from(s1);
    c2.writeUInt32BE(nowMs >>> 0, 4);
    const serverDigest = this.#scheme === undefined ? undefined : findDigest(s1, SERVER_KEYS);
    if (serverDigest !== undefined) {
      randomFillSync(c2);
      signAnswer(c2, serverDigest.digest, CLIENT_KEYS);
    }
    return c2;
  }
}

/** §5.2.3: four bytes of time, four of zero (or version), the rest random. */
function fillNoise(packet: Buffer, nowMs: number, version: number): void {
  randomFillSync(packet);
  packet.writeUInt32BE(nowMs >>> 0, 0);
  packet.writeUInt32BE(version, 4);
}
